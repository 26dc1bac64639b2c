"""
Requests for access by command, taken down together: many people who ask at the same time share one transaction.

What was typed has been understood by the catalog in memory.  Its version is compared in the transaction, so that
nothing is asked for under another catalog than the one in the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.database import Transaction, deduplication, limits
from bot.database.limits import Limit
from bot.errors import (
    FormNeeded,
    LatchkeyError,
    NotAllowed,
    ReasonNeeded,
    SeenBefore,
    TooLate,
    TooOften,
)
from bot.packages.model import Package
from bot.packages.store import catalog
from bot.patience import Patience
from bot.requests.model import Kind, Request
from bot.requests.store import request_lists, requests
from bot.requests.transactions.creation import TOO_MANY, Taken, new_request

OVER: Final = "That package is not offered any more."


class Outdated(LatchkeyError):
    """The catalog has changed since the wish was understood; that it came in has been noted."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """
    What somebody asks for.

    Attributes:
        package: As the catalog of *version* has it.
        key: What tells this command from every other; None if it has been noted already.
        patience: How long they wait for the answer; None if nobody does.
    """

    slack_user: str
    package: Package
    version: str
    reason: str | None
    limit: Limit
    key: str | None
    patience: Patience | None


Answer = Taken | LatchkeyError


def ask_together(db: Transaction, wishes: Sequence[Wanted]) -> list[Answer]:
    """
    Take down what each of *wishes* asks for, and that it came in; return how each of them ended.

    Raises:
        TooLate: Somebody has given up waiting in the meantime; nothing may stay of what they asked for.
    """
    version = catalog.version_of(db)
    new = deduplication.note(db, {wish.key for wish in wishes if wish.key is not None})
    answers: dict[int, Answer] = {}
    left: list[tuple[int, Wanted]] = []
    for place, wish in enumerate(wishes):
        if wish.key is not None and wish.key not in new:
            answers[place] = SeenBefore()
        elif wish.version != version:
            answers[place] = Outdated()
        else:
            left.append((place, wish))
        new.discard(wish.key or "")
    while left:
        # One of each person at a time: what they ask for next depends on it.
        first: dict[str, tuple[int, Wanted]] = {}
        for place, wish in left:
            first.setdefault(wish.slack_user, (place, wish))
        answers |= _ask_for_each(db, list(first.values()))
        left = [each for each in left if each[0] not in answers]
    for wish in wishes:
        if wish.patience is not None:
            wish.patience.insist()
    return [answers[place] for place in range(len(wishes))]


def _ask_for_each(db: Transaction, wishes: Sequence[tuple[int, Wanted]]) -> dict[int, Answer]:
    """The same for wishes of different people."""
    people = [wish.slack_user for _, wish in wishes]
    strangers = limits.guest_refusals(db, people)
    already = {
        (request.holder, request.package_id): request
        for request in request_lists.open_of_each(db, people, Kind.ADD)
    }
    answers: dict[int, Answer] = {}
    asked: list[tuple[int, Wanted]] = []
    for place, wish in wishes:
        known = already.get((wish.slack_user, wish.package.id))
        if wish.slack_user in strangers:
            answers[place] = NotAllowed(strangers[wish.slack_user])
        elif (answer := _without_asking(wish, known)) is not None:
            answers[place] = answer
        else:
            asked.append((place, wish))
    return answers | _count_and_take(db, asked)


def _without_asking(wish: Wanted, already: Request | None) -> Answer | None:
    """How a wish ends that makes no request."""
    package = wish.package
    if not package.can_be_asked_for:
        return TooLate(OVER)
    if already is not None:
        return Taken(request=already, is_new=False)
    if package.needs_form:
        return FormNeeded(package.id, package.name, wish.reason)
    if package.needs_reason and wish.reason is None:
        return ReasonNeeded(package.id, package.name, package.slug)
    return None


def _count_and_take(db: Transaction, wishes: Sequence[tuple[int, Wanted]]) -> dict[int, Answer]:
    if not wishes:
        return {}
    limit = wishes[0][1].limit
    counted = limits.take_each(db, [wish.slack_user for _, wish in wishes], limit)
    wanted = {
        place: new_request(wish.slack_user, wish.package, wish.reason)
        for place, wish in wishes
        if wish.slack_user in counted
    }
    added = requests.add_each(db, list(wanted.values()))
    answers: dict[int, Answer] = {}
    for place, wish in wishes:
        if place not in wanted:
            again_in = limits.time_left(db, wish.slack_user, limit)
            answers[place] = TooOften(TOO_MANY, again_in=again_in or timedelta())
        elif wanted[place].id in added:
            answers[place] = Taken(request=wanted[place], is_new=True)
        else:
            answers[place] = _what_was_first(db, wish)
    return answers


def _what_was_first(db: Transaction, wish: Wanted) -> Answer:
    """Another replica was faster, between our look and our insert."""
    other = request_lists.open_of(db, wish.slack_user, wish.package.id, Kind.ADD)
    if other is None:
        return TooLate("That has just been done. Please look again.")
    return Taken(request=other, is_new=False)
