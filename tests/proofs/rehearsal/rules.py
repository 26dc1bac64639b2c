"""The alarm rules of deploy/, with every length of time divided by a number, so that a rehearsal need not take a day."""

import re
from pathlib import Path
from typing import Final

RULES: Final = Path(__file__).resolve().parents[3] / "deploy" / "prometheus" / "rules.yml"
UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
LENGTH: Final = re.compile(r"(?<=\[)(\d+)([smhd])(?=\])|(?<=for: )(\d+)([smhd])$", re.MULTILINE)
# Ages in seconds: of requests, jobs and what webhooks have not been told.  Skews and ends of credentials stay as they are.
AGE: Final = re.compile(
    r"(latchkey_(?:oldest_\w+_seconds|job_age_seconds|webhook_lag_seconds)(?:\{[^}]*\})?\) > )(\d+)"
)


def hurried(text: str, by: int) -> str:
    """Return the text of rules with each wait, window and age divided."""

    def shorter(found: re.Match[str]) -> str:
        number, unit = (each for each in found.groups() if each)
        return f"{max(int(number) * UNITS[unit] // by, 1)}s"

    return AGE.sub(
        lambda found: f"{found[1]}{max(int(found[2]) // by, 1)}", LENGTH.sub(shorter, text)
    )
