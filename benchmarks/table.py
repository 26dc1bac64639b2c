"""What a benchmark found, and the table of all of them: target, floor, result, ratio and verdict."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from rich.console import Console
from rich.table import Table

Database = Literal["sqlite", "postgresql"]
DATABASES: Final[tuple[Database, ...]] = ("sqlite", "postgresql")


@dataclass(frozen=True, kw_only=True)
class Options:
    """
    How to measure.

    Attributes:
        quick: Only what does not need minutes; sizes are smaller, and ratios count all the same.
        databases: On which databases.
    """

    quick: bool = False
    databases: Sequence[Database] = DATABASES


@dataclass(frozen=True, kw_only=True)
class Result:
    """
    One line of the table.

    Attributes:
        number: Of the target, see docs/explanation/performance.md.
        work: What was done, with its size.
        target: As a reader would say it: "≥ 0.5 x the floor".
        floor: What it was compared with in the same run, with its figure; "" if there is nothing.
        result: Our figure, with its unit.
        ratio: The figure that the verdict is about, where it is a ratio.
        met: Whether the target is met.
        why: What the cause of a miss is, and what would come next; shown of a miss alone.
    """

    number: int
    work: str
    target: str
    floor: str
    result: str
    ratio: float | None
    met: bool
    why: str = ""


def show(results: Sequence[Result]) -> None:
    """Print the table, and below it why what was missed was missed."""
    table = Table(title="Latchkey, measured", title_justify="left")
    for heading in ("#", "work", "target", "floor", "result", "ratio", "verdict"):
        table.add_column(heading, overflow="fold")
    for each in results:
        ratio = "" if each.ratio is None else f"{each.ratio:.3g}"
        verdict = "met" if each.met else "missed"
        table.add_row(
            str(each.number), each.work, each.target, each.floor, each.result, ratio, verdict
        )
    console = Console(width=None if Console().is_terminal else 160)
    console.print(table)
    for each in results:
        if not each.met:
            console.print(
                f"{each.number} {each.work}: {each.why or 'nobody has looked for the cause yet.'}"
            )


def save(results: Sequence[Result], file: Path) -> None:
    """Keep the results for the plots of docs/explanation/performance.md."""
    file.write_text(json.dumps([asdict(each) for each in results], indent=2) + "\n")
