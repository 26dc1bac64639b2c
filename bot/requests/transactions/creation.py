"""Make a request's row: its fields, the limits that count it, and the one that is open already."""

from dataclasses import dataclass, replace
from typing import Final

from bot import chance, clock
from bot.assignments.model import Assignment
from bot.database import Transaction
from bot.database.replicas import deduplication, limits
from bot.database.replicas.limits import Limit
from bot.errors import NotAllowed, TooLate, TooOften
from bot.packages.model import Package
from bot.requests.model import Kind, Request, State
from bot.requests.store import request_lists, requests
from bot.requests.store.askers import KnownAsker
from bot.words import N_


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """
    A request that is on disk.

    Attributes:
        created: False when the same one was open already.
        asker: What is known of whoever asked, where the same transaction has looked.
    """

    request: Request
    created: bool
    asker: KnownAsker | None = None


TOO_MANY: Final = N_("You have asked for more access in this hour than one person may")


ALREADY_SENT: Final = N_(
    "You have sent this form before, and what you asked for was saved then. Nothing has been asked for again: for that, "
    "open a new form. Type /my-access past to see how it ended."
)


def check_not_sent(
    db: Transaction, sending: str | None, subject_id: str, wanted_for: str | None = None
) -> None:
    """
    Note that a form asks for something, as `note_sent` does.

    Raises:
        TooLate: It has asked for that before, and that is over.
    """
    if not note_sent(db, sending, subject_id, wanted_for):
        raise TooLate(ALREADY_SENT)


def note_sent(
    db: Transaction, sending: str | None, subject_id: str, wanted_for: str | None = None
) -> bool:
    """
    Note that a form asks for something, in the transaction that saves it; False if it has asked for that before.

    Slack leaves a form open when the answer to its sending came late or got lost.

    Args:
        sending: What tells the form from every other; None: no form.
        subject_id: The package, or the access, that it asks for.
        wanted_for: The Slack id of whoever would get it; None: who asks.
    """
    return sending is None or deduplication.is_new(db, form_key(sending, subject_id, wanted_for))


def form_key(sending: str, subject_id: str, wanted_for: str | None = None) -> str:
    return f"form:{sending}:{subject_id}:{wanted_for or ''}"


def new_request(
    slack_user: str, package: Package, reason: str | None, *, emergency: bool = False
) -> Request:
    """Return a request for a package as it begins: received, and due at once."""
    return Request(
        id=chance.new_id(),
        kind=Kind.ADD,
        state=State.RECEIVED,
        holder=slack_user,
        asked_by=slack_user,
        package_id=package.id,
        package_name=package.name,
        justification=reason,
        emergency=emergency,
        asked_at=clock.now(),
        updated_at=clock.now(),
        due_at=clock.real(),
    )


def new_request_for(
    slack_user: str, wanted_for: str | None, package: Package, reason: str | None
) -> Request:
    """
    Return the same for somebody else.

    It has no holder until it is known that whoever asks may do so: before, nobody's own request is in its way.
    """
    return replace(new_request(slack_user, package, reason), holder=None, wanted_for=wanted_for)


def find_asked_for(
    db: Transaction, slack_user: str, wanted_for: str | None, package: Package
) -> Submitted | None:
    """
    Return what the same person has asked for the same other one already, if it is open.

    What the other, or anybody else, has asked for is looked at with the right to ask for them only, and so not here.
    """
    if wanted_for is None:
        return None
    already = request_lists.open_for_other(db, slack_user, wanted_for, package.id)
    return Submitted(request=already, created=False) if already is not None else None


def new_request_about(
    assignment: Assignment,
    kind: Kind,
    *,
    holder: str | None,
    asked_by: str,
    reason: str | None = None,
) -> Request:
    """Return a request about access that somebody has, as it begins: received, and due at once."""
    return Request(
        id=chance.new_id(),
        kind=kind,
        state=State.RECEIVED,
        holder=holder,
        holder_name=assignment.holder_name,
        asked_by=asked_by,
        entra_id=assignment.entra_id,
        package_id=assignment.package_id,
        package_name=assignment.package_name,
        assignment_id=assignment.id,
        justification=reason,
        asked_at=clock.now(),
        updated_at=clock.now(),
        due_at=clock.real(),
    )


def check_member(db: Transaction, slack_user: str) -> None:
    """
    Read nothing for somebody whom Slack has called no member a moment ago.

    Raises:
        NotAllowed: They are one.
    """
    why = limits.guest_refusal(db, slack_user)
    if why is not None:
        raise NotAllowed(why)


def count(db: Transaction, slack_user: str, limit: Limit, what: str) -> None:
    """
    Count one more of what *limit* limits.

    Raises:
        TooOften: It is the one too many; *what* begins the sentence.
    """
    again_in = limits.take(db, slack_user, limit)
    if again_in is not None:
        raise TooOften(what, again_in=again_in)


def insert(db: Transaction, request: Request) -> Submitted:
    """
    Save a request, or return the one like it that is open already.

    Raises:
        TooLate: Another was open a moment ago, and is over.
    """
    added = requests.add(db, request)
    if added is not None:
        return Submitted(request=added, created=True)
    for other in (
        request_lists.open_of(db, request.holder, request.package_id, request.kind)
        if request.holder
        else None,
        *(
            each
            for each in request_lists.open_for_assignment(db, request.assignment_id or "")
            if each.kind is request.kind
        ),
    ):
        if other is not None:
            return Submitted(request=other, created=False)
    raise TooLate(N_("That has just been done. Please look again."))
