"""An experiment: one row of docs/explanation/not-verified.md, tried; and what was observed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from bot.cli.rehearsal.bench import Bench


class ExperimentOutcome(StrEnum):
    """The verdict of an experiment on something that Latchkey assumes."""

    AS_ASSUMED = "as assumed"
    OTHERWISE = "otherwise"
    # It was tried, and says nothing for certain.
    UNCLEAR = "unclear"
    # The tenant, the workspace or the options lack what it takes.
    NOT_POSSIBLE = "not possible"
    # Nobody wanted it.
    LEFT_OUT = "left out"


MARKS: Final = {
    ExperimentOutcome.AS_ASSUMED: "✓",
    ExperimentOutcome.OTHERWISE: "✗",
    ExperimentOutcome.UNCLEAR: "?",
    ExperimentOutcome.NOT_POSSIBLE: "–",
    ExperimentOutcome.LEFT_OUT: "–",
}


@dataclass(frozen=True)
class Observation:
    """
    The finding of an experiment.

    Attributes:
        said: A sentence without names, addresses and ids: it goes into the report as it is.
        exchanges: What was sent and answered, redacted.
    """

    outcome: ExperimentOutcome
    said: str
    exchanges: list[dict[str, Any]] = field(default_factory=list)


def as_assumed(said: str) -> Observation:
    """Observe what Latchkey takes for granted."""
    return Observation(ExperimentOutcome.AS_ASSUMED, said)


def otherwise(said: str) -> Observation:
    """Observe that Latchkey is wrong about it."""
    return Observation(ExperimentOutcome.OTHERWISE, said)


def unclear(said: str) -> Observation:
    """Observe something that says neither."""
    return Observation(ExperimentOutcome.UNCLEAR, said)


def as_hoped(holds: bool, said: str) -> Observation:
    """Observe something that Latchkey takes for granted, or not."""
    return as_assumed(said) if holds else otherwise(said)


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """
    One experiment.

    Attributes:
        rows: Words of the rows in docs/explanation/not-verified.md that it is about.
        question: What it finds out, for whoever is asked.
        writes: What it makes or changes meanwhile, behind "It …"; None if it only reads.
        service: Whose it is.
        is_guided: It takes somebody who looks or presses.
        is_always_asked: Somebody must say yes to it alone, also where they have said yes to all.
    """

    name: str
    rows: tuple[str, ...]
    question: str
    service: str
    run: Callable[[Bench], Awaitable[Observation]]
    writes: str | None = None
    is_guided: bool = False
    is_always_asked: bool = False
