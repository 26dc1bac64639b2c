"""
Save requests for access by command, together: many people who ask at the same time share one transaction.

What was typed has been understood by the catalog in memory.  Its version is compared in the transaction, so that
nothing is requested under another catalog than the one in the database.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot import clock
from bot.assignments.model import Assignment
from bot.assignments.store import assignment_lists
from bot.database import Transaction
from bot.database.replicas import deduplication, limits
from bot.database.replicas.limits import Limit
from bot.errors import (
    FormNeeded,
    LatchkeyError,
    NotAllowed,
    ReasonIncomplete,
    ReasonNeeded,
    SeenBefore,
    TooLate,
    TooOften,
)
from bot.packages.model import Package
from bot.packages.offers import PoliciesHeldUnder
from bot.packages.store import catalog
from bot.patience import Patience
from bot.requests.model import Kind, Request
from bot.requests.store import request_lists, requests
from bot.requests.store.askers import AskedPackage, find_askers
from bot.requests.transactions.creation import (
    ALREADY_SENT,
    TOO_MANY,
    Submitted,
    form_key,
    new_request,
)
from bot.requests.transactions.emergencies import make_urgent
from bot.words import N_

OVER: Final = N_("That package is not offered any more.")


class CatalogChanged(LatchkeyError):
    """The catalog has changed since the command was read; that it came in has been noted."""

    def __init__(self) -> None:
        super().__init__(N_("The packages have changed just now. Please ask for it once more."))


@dataclass(frozen=True, kw_only=True)
class RequestedPackage:
    """
    A package that somebody asks for.

    Attributes:
        package: As the catalog of *version* has it.
        key: What tells this command from every other; None if it has been noted already.
        patience: How long they wait for the answer; None if nobody does.
        reason_hint: What the reason lacks by the package's settings, a sentence; None: nothing.
        trigger: What stands in the log for what they did in Slack.
        emergency: They want it at once, without an approval.
        removed_for: For so long an admin must agree before they get it back if an admin has removed it; 0: never.
        sending: What tells the form that they have sent from every other; None: no form.
    """

    slack_user: str
    package: Package
    version: str
    reason: str | None
    limit: Limit
    key: str | None
    patience: Patience | None
    reason_hint: str | None = None
    trigger: str | None = None
    emergency: bool = False
    removed_for: timedelta = timedelta()
    sending: str | None = None

    @property
    def form_key(self) -> str | None:
        return form_key(self.sending, self.package.id) if self.sending is not None else None


Answer = Submitted | LatchkeyError
# Access that Graph has shown since is there, as far as anybody knows without asking it again.
SEEN_WITHIN: Final = timedelta(hours=1)


class AlreadyHeld(LatchkeyError):
    """
    They have the package, by what Graph has shown lately.

    Attributes:
        extension: The request to extend it that is open already.
        held_under: The policies under which people have it, which say what these may do.
    """

    def __init__(
        self,
        assignment: Assignment,
        *,
        extension: Request | None = None,
        held_under: PoliciesHeldUnder | None = None,
    ) -> None:
        self.assignment = assignment
        self.extension = extension
        self.held_under = held_under or {}
        super().__init__(
            N_("You already have “{package}”.").format(package=assignment.package_name)
        )


def find_held(
    db: Transaction, slack_users: Collection[str], package_ids: Collection[str]
) -> dict[tuple[str, str], AlreadyHeld]:
    """Return which packages they have already, by person and package; what is being removed is not among it."""
    since = clock.real() - SEEN_WITHIN
    held = assignment_lists.whole_of_each(db, slack_users, package_ids, since=since)
    asked = (
        request_lists.open_for_assignments(db, [row.id for row in held.values()]) if held else ()
    )
    about = {(request.assignment_id, request.kind): request for request in asked}
    return {
        key: AlreadyHeld(row, extension=about.get((row.id, Kind.EXTEND)))
        for key, row in held.items()
        if (row.id, Kind.REMOVE) not in about
    }


def ask_together(db: Transaction, items: Sequence[RequestedPackage]) -> list[Answer]:
    """
    Save what each of *items* asks for, and that it came in; return how each of them ended.

    Raises:
        TooLate: Somebody has given up waiting in the meantime; nothing may stay of what they asked for.
    """
    version = catalog.version_of(db)
    new = deduplication.note(db, {item.key for item in items if item.key is not None})
    answers: dict[int, Answer] = {}
    left: list[tuple[int, RequestedPackage]] = []
    for place, item in enumerate(items):
        if item.key is not None and item.key not in new:
            answers[place] = SeenBefore()
        elif item.version != version:
            answers[place] = CatalogChanged()
        else:
            left.append((place, item))
        new.discard(item.key or "")
    while left:
        # One of each person at a time: what they ask for next depends on it.
        first: dict[str, tuple[int, RequestedPackage]] = {}
        for place, item in left:
            first.setdefault(item.slack_user, (place, item))
        answers |= _ask_for_each(db, list(first.values()))
        left = [each for each in left if each[0] not in answers]
    for item in items:
        if item.patience is not None:
            item.patience.insist()
    return [answers[place] for place in range(len(items))]


def _ask_for_each(
    db: Transaction, items: Sequence[tuple[int, RequestedPackage]]
) -> dict[int, Answer]:
    """Do the same for items of different people."""
    people = [item.slack_user for _, item in items]
    strangers = limits.guest_refusals(db, people)
    already = {
        (request.holder, request.package_id): request
        for request in request_lists.open_of_each(db, people, Kind.ADD)
    }
    held = find_held(db, people, [item.package.id for _, item in items])
    sent = deduplication.seen(db, _form_keys(items))
    answers: dict[int, Answer] = {}
    asked: list[tuple[int, RequestedPackage]] = []
    for place, item in items:
        known = already.get((item.slack_user, item.package.id))
        has = held.get((item.slack_user, item.package.id))
        if item.slack_user in strangers:
            answers[place] = NotAllowed(strangers[item.slack_user])
        elif item.emergency and known is not None and (urgent := _make_urgent(db, item, known)):
            answers[place] = urgent
        elif (answer := _without_asking(item, known, has)) is not None:
            answers[place] = answer
        elif item.form_key in sent:
            answers[place] = TooLate(ALREADY_SENT)
        else:
            asked.append((place, item))
    return answers | _count_and_take(db, asked)


def _form_keys(items: Sequence[tuple[int, RequestedPackage]]) -> set[str]:
    return {item.form_key for _, item in items if item.form_key is not None}


def _make_urgent(db: Transaction, item: RequestedPackage, known: Request) -> Answer | None:
    """Make an emergency of what waits for its approvers; None: it is left as it is."""
    if item.reason_hint is not None or item.package.needs_form():
        return None
    try:
        return make_urgent(db, known, item.reason, item.limit)
    except TooOften as too_often:
        return too_often


def _without_asking(
    item: RequestedPackage, already: Request | None, has: AlreadyHeld | None
) -> Answer | None:
    """Return the answer for an item that makes no request; None for one that does."""
    package = item.package
    if not package.can_be_asked_for:
        return TooLate(OVER)
    if already is not None:
        return Submitted(request=already, created=False)
    if has is not None:
        return has
    if package.needs_form():
        return FormNeeded(
            package.id,
            package.name,
            item.reason,
            is_for_others_only=package.is_for_others_only,
        )
    if item.reason_hint is not None:
        return ReasonIncomplete(package.id, package.name, item.reason, item.reason_hint)
    if package.needs_reason and item.reason is None:
        return ReasonNeeded(package.id, package.name, package.slug)
    return None


def _count_and_take(
    db: Transaction, items: Sequence[tuple[int, RequestedPackage]]
) -> dict[int, Answer]:
    if not items:
        return {}
    limit = items[0][1].limit
    counted = limits.take_each(db, [item.slack_user for _, item in items], limit)
    wanted = {
        place: new_request(item.slack_user, item.package, item.reason, emergency=item.emergency)
        for place, item in items
        if item.slack_user in counted
    }
    triggers = {wanted[place].id: item.trigger for place, item in items if place in wanted}
    added = requests.add_each(db, list(wanted.values()), triggers=triggers)
    new = {
        place: AskedPackage.of(wanted[place], removed_for=item.removed_for)
        for place, item in items
        if place in wanted and wanted[place].id in added
    }
    deduplication.note(db, _form_keys([each for each in items if each[0] in new]))
    askers = dict(zip(new, find_askers(db, list(new.values())), strict=True)) if new else {}
    answers: dict[int, Answer] = {}
    for place, item in items:
        if place not in wanted:
            again_in = limits.time_left(db, item.slack_user, limit)
            answers[place] = TooOften(TOO_MANY, again_in=again_in or timedelta())
        elif place in new:
            answers[place] = Submitted(request=wanted[place], created=True, asker=askers[place])
        else:
            answers[place] = _what_was_first(db, item)
    return answers


def _what_was_first(db: Transaction, item: RequestedPackage) -> Answer:
    """Answer when another replica was faster, between our look and our insert."""
    other = request_lists.open_of(db, item.slack_user, item.package.id, Kind.ADD)
    if other is None:
        return TooLate(N_("That has just been done. Please look again."))
    return Submitted(request=other, created=False)
