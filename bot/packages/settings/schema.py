"""The JSON Schema of package settings files, for completion and checks in editors: ``python -m bot.packages.settings.schema``."""

import json
import sys
from typing import Any

from bot.packages.settings.blocks import SettingsFile
from bot.packages.settings.values import HOURS_SCHEMA, NONE


def schema() -> dict[str, Any]:
    """Make the schema, as JSON values."""
    made = _without_null(SettingsFile.model_json_schema())
    for block in ("SettingsBlock", "PackageBlock"):
        about = made["$defs"][block]
        about["dependentRequired"] = {"reason_hint": ["reason_pattern"]}
        quiet_hours = about["properties"]["quiet_hours"]
        quiet_hours["anyOf"] = [HOURS_SCHEMA, *quiet_hours["anyOf"], {"const": NONE}]
    made["$defs"]["PackageBlock"]["properties"]["break_glass"]["anyOf"].append({"const": NONE})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        # Where YAML's anchors are kept.
        "patternProperties": {"^x-": {}},
        "title": "Latchkey package settings",
    }


def _without_null(said: Any) -> Any:
    """Leave out that a word may say nothing: the reader refuses that."""
    if isinstance(said, list):
        return [_without_null(each) for each in said if each != {"type": "null"}]
    if not isinstance(said, dict):
        return said
    return {
        key: _without_null(value)
        for key, value in said.items()
        if not (key == "default" and value is None)
    }


def text() -> str:
    """Make the schema's text, as it is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
