"""Write down whom Latchkey has refused something, and which admin has read what is other people's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from bot import clock
from bot.database import Transaction
from bot.database.audit_log import audit
from bot.database.replicas import deduplication, limits

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class ListRead:
    """
    A list of what is other people's, as an admin reads it.

    Attributes:
        of: Which list.
        about: The ids of what and whom it is narrowed to; None among them counts for nothing.
        key: What tells the command or click from every other; None if it has been noted already.
    """

    slack_user: str
    of: str
    about: Sequence[str | None] = ()
    key: str | None = None


def read_list(
    db: Transaction,
    what: ListRead,
    work: Callable[Concatenate[Transaction, P], R],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    """
    Write down that an admin reads a list of what is other people's, and return what *work* reads for them.

    Raises:
        SeenBefore: What they did to see it has come in before.
    """
    record_list(db, what)
    return work(db, *args, **kwargs)


def record_list(db: Transaction, what: ListRead) -> None:
    """
    Write down that an admin reads a list of what is other people's.

    Raises:
        SeenBefore: What they did to see it has come in before.
    """
    deduplication.check_new(db, what.key)
    about = " ".join(each for each in what.about if each)
    audit.record(
        db,
        at=clock.now(),
        actor=what.slack_user,
        verb="list",
        details={"of": what.of, **({"about": about} if about else {})},
    )


def record_refusal(
    db: Transaction, slack_user: str, about_id: str | None, why: str, key: str | None = None
) -> None:
    """
    Write down that somebody was refused; *about_id* is the request or assignment that their button named.

    Nobody fills the log: beyond a number an hour they are counted, and the next row says how many it stands for.

    Args:
        key: What tells what came in from everything else, unless it has been noted already.

    Raises:
        SeenBefore: It has come in before.
    """
    deduplication.check_new(db, key)
    times = limits.count_refusal(db, slack_user)
    if not times:
        return
    details: dict[str, object] = {"about": about_id} if about_id else {}
    if times > 1:
        details["times"] = times
    audit.record(
        db, at=clock.now(), actor=slack_user, verb="refused", why=why, details=details or None
    )


def record_refusals_left(db: Transaction) -> None:
    """Write down what was only counted, of those who have stopped; and forget who may do everything again."""
    for slack_user, times in limits.unreported_refusals(db):
        audit.record(
            db,
            at=clock.now(),
            actor=slack_user,
            verb="refused",
            why="more often in an hour than is written down one by one",
            details={"times": times},
        )
    limits.forget_old(db)
