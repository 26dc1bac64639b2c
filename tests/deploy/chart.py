"""
Renders the Helm chart with Helm's own engine, and holds what comes out against Kubernetes' schemas.

A program for the environment of the `deploy` group, which the tests run: a line of standard input is values as JSON; the line
of standard output for it is ``{"files": {name: text}, "problems": [sentence]}``, or ``{"refused": sentence}`` when Helm does not
take the values.
"""

import json
import sys
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import yaml

CHART = Path(__file__).resolve().parents[2] / "deploy" / "helm" / "latchkey"
# Of the Prometheus operator; Kubernetes itself has no schema of it.
NOT_KUBERNETES = frozenset({"ServiceMonitor"})
VERSION = "1.30"


def main() -> None:
    for line in sys.stdin:
        sys.stdout.write(json.dumps(rendered(json.loads(line))) + "\n")
        sys.stdout.flush()


def rendered(values: dict[str, Any]) -> dict[str, Any]:
    try:
        found = helm_python.lint(str(CHART), values, strict=True, quiet=True)
        with helm_python.Chart.load(str(CHART)) as chart:
            chart.validate_schema(values)
            files = chart.render(values, name="latchkey", namespace="access")
    except helm_python.HelmError as error:
        return {"refused": str(error)}
    problems = [str(each) for each in found.get("messages") or () if "icon" not in str(each)]
    for name, text in files.items():
        if name.endswith("NOTES.txt"):
            continue
        for document in yaml.safe_load_all(text):
            if document and document["kind"] not in NOT_KUBERNETES:
                problems += _problems(name, document)
    return {"files": files, "problems": problems}


def _problems(name: str, document: dict[str, Any]) -> list[str]:
    try:
        kubernetes_validate.validate(document, VERSION, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        return [f"{name}: {error}"]
    return []


if __name__ == "__main__":
    main()
