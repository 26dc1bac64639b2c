"""Write the report: what was asked, what was observed, what was sent and answered, and what could not be tried."""

import importlib.metadata
import json
import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.cli.rehearsal.by_hand import BY_HAND
from bot.cli.rehearsal.model import Experiment, ExperimentOutcome, Observation
from bot.cli.rehearsal.redaction import checked


def report_of(
    made: Sequence[tuple[Experiment, Observation]],
    *,
    began_at: datetime,
    made_with: Mapping[str, Any],
    forbidden: Collection[str],
) -> str:
    """
    Return the report as JSON.

    Args:
        made_with: How it was made, in words of ours: how many people signed in, and by what.
        forbidden: What must not be in it: secrets, and addresses that were read.

    Raises:
        Unfit: Some of it would be, in spite of the redaction.
    """
    outcomes = Counter(observed.outcome.value for _, observed in made)
    report: dict[str, Any] = {
        "latchkey": importlib.metadata.version("latchkey"),
        "began_at": began_at.isoformat(timespec="minutes"),
        "made_with": dict(made_with),
        "outcomes": dict(outcomes),
        "otherwise": {
            each.name: observed.said
            for each, observed in made
            if observed.outcome is ExperimentOutcome.OTHERWISE
        },
        "experiments": [
            {
                "name": each.name,
                "service": each.service,
                "question": each.question,
                "rows": list(each.rows),
                "outcome": observed.outcome.value,
                "observed": observed.said,
                "exchanges": observed.exchanges,
            }
            for each, observed in made
        ],
        "not_tried": [{"row": row, "why": why} for row, why in BY_HAND.items()],
    }
    return checked(json.dumps(report, indent=1, ensure_ascii=False), forbidden)


def write_privately(path: Path, text: str) -> None:
    """
    Write a new file that only its owner can read.

    Raises:
        FileExistsError: There is one of that name.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
