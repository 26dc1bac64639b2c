"""Write the file's JSON Schema, for completion and checks in editors: ``python -m bot.provisioning.file_format.schema``."""

import json
import sys
from typing import Any, Final

from bot.provisioning.file_format.fields import DECIDER_PATTERN
from bot.provisioning.file_format.model import THING_PATTERN, File

# Where a block may be said in a word: the block's name, and the word's schema.
SHORT_FORMS: Final[dict[str, dict[str, Any]]] = {
    "DescribedResource": {"type": "string", "pattern": THING_PATTERN},
    "DescribedChoice": {"type": "string"},
    "DescribedStage": {"type": "string", "pattern": DECIDER_PATTERN},
}


def schema() -> dict[str, Any]:
    """Make the schema, as JSON values."""
    made = _with_short_forms(File.model_json_schema(by_alias=True))
    made["$defs"]["Policy"]["properties"]["decided by"] = _stages(
        made["$defs"]["Policy"]["properties"]["decided by"]
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": "Latchkey packages",
    }


def _with_short_forms(said: Any) -> Any:
    """Let blocks be said in a word; and no word may have nothing behind it."""
    if isinstance(said, list):
        return [_with_short_forms(each) for each in said if each != {"type": "null"}]
    if not isinstance(said, dict):
        return said
    name = str(said.get("$ref", "")).rpartition("/")[2]
    if name in SHORT_FORMS:
        return {"anyOf": [SHORT_FORMS[name], said]}
    return {key: _with_short_forms(value) for key, value in said.items()}


def _stages(listed: dict[str, Any]) -> dict[str, Any]:
    """Let one stage stand alone."""
    one = listed["items"]
    about = {key: value for key, value in listed.items() if key in ("default", "title")}
    several = {key: value for key, value in listed.items() if key not in about}
    return {**about, "anyOf": [*one["anyOf"], several]}


def text() -> str:
    """Make the schema's text, as it is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
