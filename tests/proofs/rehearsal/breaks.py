"""The table of what breaks: how, how it is repaired, and what each thing that watches must say meanwhile."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from tests.proofs.rehearsal.installation import Installation

Act = Callable[[Installation], Awaitable[None]]
# What people read when they ask.
SAVED: Final = r"Asked for"


@dataclass(frozen=True, kw_only=True)
class Break:
    """
    One thing that breaks.

    Attributes:
        does: Breaks it.
        mends: Repairs it as an operator would.
        doctor: What `latchkey doctor` finds, and on which replica's machine it runs; each other ✗ must match `follows`.
        ready: What /readyz of each replica says: the words of a problem, "ready", or "silent".
        follows: What may be said beside it, because it follows from it.
        metrics: PromQL comparisons that hold.
        fires: Alerts that fire.
        may_fire: Alerts that may.
        alarm: A reason in the alarm of the outage; None if there is none, because something works on.
        answer: What somebody reads who asks for access; None if nothing can come.
        lacks: Why it cannot be tried here; None if it can.
    """

    name: str
    does: Act
    mends: Act
    doctor: str | None
    doctor_at: Literal["A", "B"] = "A"
    ready: dict[str, str]
    follows: str = r"$^"
    metrics: tuple[str, ...] = ()
    fires: frozenset[str]
    may_fire: frozenset[str] = frozenset()
    alarm: str | None = None
    answer: str | None = SAVED
    lacks: Callable[[Installation], str | None] = lambda installation: None


def both(words: str) -> dict[str, str]:
    """Both replicas say it."""
    return {"A": words, "B": words}


NOT_READY: Final = frozenset({"LatchkeyNotReady", "LatchkeyReplicaNotReady", "LatchkeyOutage"})
# What follows if it lasts.
LATE: Final = frozenset(
    {
        *(
            "LatchkeyJobFails",
            "LatchkeyMessagesOwed",
            "LatchkeyWorkIsLate",
            "LatchkeyRequestsStuck",
        ),
        *("LatchkeySyncIsOld", "LatchkeyApprovedButNotGranted"),
    }
)


async def _stop_slack(here: Installation) -> None:
    await here.slack.stop()


async def _start_slack(here: Installation) -> None:
    await here.slack.start()


async def _stop_graph(here: Installation) -> None:
    await here.microsoft.stop()


async def _start_graph(here: Installation) -> None:
    await here.microsoft.start()


async def _stop_database(here: Installation) -> None:
    await here.postgresql.stop()


async def _start_database(here: Installation) -> None:
    await here.postgresql.start()


SLACK_DOWN: Final = Break(
    name="Slack's Web API is down",
    does=_stop_slack,
    mends=_start_slack,
    doctor=r"Slack cannot be reached",
    ready=both(r"^slack: "),
    follows=r"^job roster|slack",
    metrics=("max(latchkey_ready) == 0",),
    fires=NOT_READY | {"LatchkeySlackRefuses"},
    may_fire=LATE,
    alarm=r"slack: ",
)
GRAPH_DOWN: Final = Break(
    name="Graph and Microsoft's login are down",
    does=_stop_graph,
    mends=_start_graph,
    doctor=r"Graph|Entra",
    ready=both(r"^graph: "),
    follows=r"^job sync",
    metrics=("max(latchkey_ready) == 0",),
    fires=NOT_READY | {"LatchkeyGraphRefuses"},
    may_fire=LATE,
    alarm=r"graph: ",
)
DATABASE_DOWN: Final = Break(
    name="PostgreSQL is down",
    does=_stop_database,
    mends=_start_database,
    doctor=r"database",
    ready=both(r"^database: does not answer"),
    follows=r"^job ",
    metrics=("max(latchkey_ready) == 0", "absent(latchkey_outage)"),
    fires=frozenset({"LatchkeyNotReady", "LatchkeyReplicaNotReady"}),
    may_fire=LATE | {"LatchkeyAcksAreSlow"},
    alarm=r"database: ",
    answer=r"can't save|nothing has changed|try again",
)

BREAKS: Final = (SLACK_DOWN, GRAPH_DOWN, DATABASE_DOWN)
