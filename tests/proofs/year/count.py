"""What a simulated year must bring, worked out from Entra's side alone, and what it came to."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import click

from tests.proofs.year.world import Entra, Reminder

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# The nearest to the end first.
RUNGS: Final = (DAY, 7 * DAY)
# Assignment, end to the minute, rung.
Key = tuple[str, datetime, timedelta]
# The end of an access as Slack shows it: to whom, and the package's name.
Ending = tuple[str, str]


def minute_of(end: datetime) -> datetime:
    """Ends within the same minute are the same."""
    return end.replace(second=0, microsecond=0)


def edges(entra: Entra) -> list[datetime]:
    """The moments at which something becomes due, or no longer is."""
    ends = [held.end for held in entra.live() if held.end is not None]
    return [end - before for end in ends for before in (*RUNGS, timedelta(0))]


@dataclass
class Expected:
    """What has been said and what need not be, worked out without the bot's tables."""

    settled: set[Key] = field(default_factory=set)
    superseded: int = 0
    fine: dict[str, datetime] = field(default_factory=dict)

    def due(self, entra: Entra) -> dict[Reminder, Key]:
        """
        Return what must go out at this moment, and never again.

        What is gone is never due, from the first look on, although the bot takes two to believe it: each look
        must say nothing of what it was not shown.  Whose it is can be known since the bot asked Entra about
        them (`Entra.looked_up`), which it does in the same look, after reading and before it reminds; the year
        changes nobody's address, so nobody who was found is lost again by the daily look.
        """
        found: dict[Reminder, Key] = {}
        now = entra.now
        horizon = now + max(RUNGS)
        for held in entra.live():
            if held.end is None or held.end > horizon or now >= held.end:
                continue
            minute = minute_of(held.end)
            if held.id not in entra.looked_up or self.fine.get(held.id) == minute:
                continue
            reached = [rung for rung in RUNGS if now >= held.end - rung]
            key = (held.id, minute, reached[0])
            if key in self.settled:
                continue
            for rung in reached[1:]:
                missed = (held.id, minute, rung)
                self.superseded += missed not in self.settled
                self.settled.add(missed)
            found[Reminder(held.user, held.id, int(held.end.timestamp()))] = key
        return found


@dataclass
class Figures:
    """What one year came to."""

    days: int
    seed: int
    seconds: float = 0
    ticks: int = 0
    # Of them at the very moment of an end or a rung, or a second before it.
    on_the_edge: int = 0
    looks: int = 0
    moves: Counter[str] = field(default_factory=Counter)
    removed: int = 0
    ran_out: int = 0
    given: int = 0
    let_end: int = 0
    sent: int = 0
    superseded: int = 0
    turned_away: int = 0
    redrawn: int = 0
    doubled: int = 0
    after_the_end: int = 0
    endings: int = 0
    chain_wrong: str | None = None
    # The story of each, by what it is about.
    missing: dict[Key, str] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)
    endings_wrong: dict[Ending, str] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        wrong = len(self.missing) + self.doubled + self.after_the_end + len(self.unexpected)
        return wrong + len(self.endings_wrong) == 0 and self.chain_wrong is None


def describe(figures: Figures) -> None:
    lines = {
        "days, seed": f"{figures.days}, {figures.seed}",
        "ticks, on an edge, whole looks": f"{figures.ticks}, {figures.on_the_edge}, {figures.looks}",
        "ends moved outside": f"{sum(figures.moves.values())} {dict(figures.moves)}",
        "removed outside, ran out, given anew": f"{figures.removed}, {figures.ran_out}, {figures.given}",
        "“Let it end”": figures.let_end,
        "reminders sent, superseded": f"{figures.sent}, {figures.superseded}",
        "turned away by Slack, redrawn": f"{figures.turned_away}, {figures.redrawn}",
        "missing": len(figures.missing),
        "doubled": figures.doubled,
        "after the end": figures.after_the_end,
        "not due": len(figures.unexpected),
        "endings told": f"{figures.endings}, {len(figures.endings_wrong)} too often or too seldom",
        "audit chain": figures.chain_wrong or "holds",
        "took": f"{figures.seconds:.0f} s of CPU",
    }
    for name, value in lines.items():
        click.echo(f"{name:38} {value}")
    wrong = (*figures.missing.values(), *figures.unexpected, *figures.endings_wrong.values())
    for story in wrong:
        click.echo(story)
