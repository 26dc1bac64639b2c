"""Reads pip-audit's report: 1 when a weakness is known, and a loud word about what could not be checked."""

import json
import sys
from pathlib import Path
from typing import Any

RULER = "*" * 80
# Enough to see what is missing, and whether it is all.
NAMED = 10


def main(report: Path, trouble: Path) -> int:
    """Judge a report; *trouble* is what pip-audit said beside it."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(report.read_text())["dependencies"]
    except (OSError, ValueError):
        said = trouble.read_text().strip().splitlines() if trouble.is_file() else []
        shout("the dependencies", said[-1][:300] if said else "pip-audit wrote no report")
        return 0
    known = [
        f"{each['name']} {each['version']}: {weakness['id']}, fixed in {', '.join(weakness['fix_versions']) or 'nothing yet'}"
        for each in dependencies
        for weakness in each.get("vulns", ())
    ]
    skipped = [each for each in dependencies if "skip_reason" in each]
    if skipped:
        names = ", ".join(sorted({each["name"] for each in skipped})[:NAMED])
        shout(
            f"{len(skipped)} of {len(dependencies)} dependencies ({names}{', …' if len(skipped) > NAMED else ''})",
            skipped[0]["skip_reason"],
        )
    say(*known)
    say(f"{len(dependencies) - len(skipped)} dependencies checked, {len(known)} known weaknesses.")
    return 1 if known else 0


def say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def shout(what: str, why: str) -> None:
    say(RULER, f"NOT CHECKED against the list of known weaknesses: {what}.", why, RULER)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
