"""Ask that several accesses end, with one reason: each of them is a request of its own."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot import clock
from bot.assignments.model import Assignment, AssignmentState
from bot.assignments.store import assignment_lists
from bot.database import Transaction
from bot.database.audit_log import audit
from bot.errors import TooLate
from bot.paging import Count, Place
from bot.people.model import Verb
from bot.people.store import people
from bot.requests.model import LEAVER, Kind, Request
from bot.requests.store import cancellations, request_lists
from bot.requests.transactions.remove import remove
from bot.words import N_

# With one confirmation: as much as can be looked through beforehand, and as one short transaction takes.
MOST_TOGETHER: Final = 100


@dataclass(frozen=True, kw_only=True)
class Removable:
    """
    List what is to be removed.

    Attributes:
        rows: What one confirmation removes.
        count: How many there are, with what is being removed already.
        waiting: Requests that are canceled with it: those of a leaver.
        sent: Those of their requests that are with Entra already, or may be, and are not.
    """

    rows: Sequence[Assignment]
    count: Count
    waiting: Sequence[Request] = ()
    sent: Sequence[Request] = ()

    @property
    def fingerprint(self) -> str:
        """Tell this list of accesses from every other."""
        ids = "\n".join(sorted([row.id for row in self.rows] + [each.id for each in self.waiting]))
        return hashlib.sha256(ids.encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class SeveralRemoved:
    """
    Count what became of a removal of several.

    Attributes:
        asked: Asked for now,
        untold: of which nobody in Slack is told,
        already: asked for already,
        over: and over.
        canceled: Requests that are canceled with it.
    """

    asked: int
    already: int
    over: int
    canceled: int = 0
    untold: int = 0


class ListChanged(TooLate):
    """
    The list to be removed is not the one that was shown.

    Attributes:
        now: What it is.
    """

    def __init__(self, now: Removable) -> None:
        super().__init__(N_("That has changed meanwhile. Nothing was removed; please look again."))
        self.now = now


def removable(db: Transaction, place: Place, *, of_leaver: bool = False) -> Removable:
    """
    Return what of a list can be removed with one confirmation: of a person, of a package, or both.

    Args:
        of_leaver: With the open requests of the person.
    """
    page = assignment_lists.page(
        db,
        package_id=place.package_id,
        entra_ids=place.entra_ids or None,
        rows=MOST_TOGETHER,
    )
    rows = [row for row in page.rows if row.state is AssignmentState.LIVE]
    waiting, sent = _open_requests(db, place) if of_leaver else ([], [])
    return Removable(
        rows=rows,
        count=page.count.less(len(page.rows) - len(rows)),
        waiting=waiting,
        sent=sent,
    )


def _open_requests(db: Transaction, place: Place) -> tuple[list[Request], list[Request]]:
    """Return what a person has asked for, or others for them, that can be canceled; and what of it cannot any more."""
    if place.package_id is not None:
        return [], []
    accounts = [each.slack_user for one in place.entra_ids for each in people.for_entra_id(db, one)]
    asked = {
        each.id: each
        for user in accounts
        for each in request_lists.open_for(db, user, rows=MOST_TOGETHER).rows
        if each.kind is Kind.ADD
    }
    left = [each for each in asked.values() if each.cancel_by is None]
    waiting = [each for each in left if each.can_be_withdrawn]
    sent = [each for each in left if not each.can_be_withdrawn]
    return sorted(waiting, key=lambda each: (each.asked_at, each.id)), sent


def remove_listed(
    db: Transaction,
    slack_user: str,
    place: Place,
    fingerprint: str,
    reason: str,
    *,
    of_leaver: bool = False,
) -> SeveralRemoved:
    """
    Ask that all of a list ends, as it was shown; of somebody who leaves, their open requests are to be canceled, too.

    Raises:
        ListChanged: It is another list now; nothing was asked for.
    """
    now = removable(db, place, of_leaver=of_leaver)
    if now.fingerprint != fingerprint:
        raise ListChanged(now)
    narrowed: dict[str, object] = {"package": place.package_id, "people": list(place.entra_ids)}
    canceled = []
    for each in now.waiting:
        why = LEAVER.format(reason=reason)
        if not cancellations.want_canceled_for_leaver(db, each, by=slack_user, why=why):
            raise ListChanged(removable(db, place, of_leaver=of_leaver))
        canceled.append(each.id)
    if canceled:
        narrowed["canceled"] = canceled
    done = remove_several(db, slack_user, [row.id for row in now.rows], reason, of=narrowed)
    return replace(done, canceled=len(canceled))


def remove_several(
    db: Transaction,
    slack_user: str,
    assignment_ids: Collection[str],
    reason: str,
    *,
    of: dict[str, object] | None = None,
) -> SeveralRemoved:
    """
    Ask that each of these ends; what has ended already is left out.

    Args:
        of: Which list it was, for the audit log.
    """
    asked, already, over, untold = [], 0, 0, 0
    for assignment_id in dict.fromkeys(assignment_ids):
        try:
            submitted = remove(db, slack_user, assignment_id, Verb.REMOVE, reason)
        except TooLate:
            over += 1
            continue
        if submitted.created:
            asked.append(submitted.request.id)
            untold += submitted.request.holder is None
        else:
            already += 1
    audit.record(
        db,
        at=clock.now(),
        actor=slack_user,
        verb="remove-several",
        why=reason,
        details={"requests": asked, "already": already, "over": over, **(of or {})},
    )
    return SeveralRemoved(asked=len(asked), already=already, over=over, untold=untold)
