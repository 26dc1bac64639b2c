"""Let a request begin once more: as one for new access, as an emergency, or as an ordinary one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from bot import clock
from bot.approvals.store import grants
from bot.assignments.model import (
    AssignmentState,
    EndReason,
)
from bot.assignments.store import assignments
from bot.database import Transaction
from bot.packages.questions import Answers
from bot.requests.model import (
    ENDED_MEANWHILE,
    Kind,
    Request,
    State,
)
from bot.requests.store import requests
from bot.words import N_

# Of a request that begins again, in a new round.
ANEW: Final[Mapping[str, Any]] = {
    "stage": 0,
    "approvals": 0,
    "escalated": False,
    "deciders": (),
    "unnamed": False,
    "nobody_left": False,
    "waits_since": None,
    "reminded_at": None,
}


@dataclass(frozen=True, kw_only=True)
class FilledAnew:
    """The answers of a form for a request that begins again, and the policy that asked for them or was chosen."""

    answers: Answers
    wanted_policy_id: str | None


def ask_anew(db: Transaction, request: Request, *, fence: bool = False) -> Request | None:
    """
    Make an extension whose access has ended a request for new access, which is judged like any other.

    Where the access did not run out by itself, or somebody has asked for it anew already, the extension ends.
    What Graph may have taken on is left as it is.

    Args:
        fence: Insist that our claim still stands (for workers).
    """
    if request.entra_decides and request.graph_request_id is not None:
        # Entra has it, and says what becomes of it.
        return None
    ended_at = _ran_out_at(db, request)
    if ended_at is not None:
        first = grants.request_that_gave(db, request.assignment_id or "")
        try:
            return requests.move(
                db,
                request,
                State.RECEIVED,
                fence=fence,
                why=N_("The access ended before it was extended."),
                kind=Kind.ADD,
                access_ended_at=ended_at,
                # A shorter end was set for the extension; what is asked for now is another thing.
                **terms_as_asked(request),
                assignment_id=None,
                # Answers stay with the access in Entra, so its extension has none; nor a reason, unless the policy wants one.
                answers=_answers_row(first),
                justification=request.justification or (first.justification if first else None),
                ends_at=None,
                intent_at=None,
                settles_at=None,
                **ANEW,
                round=request.round + 1,
            )
        except requests.AlreadyOpen:
            pass
    to = State.LAPSED if request.state is State.PENDING else State.REFUSED
    return requests.move(db, request, to, fence=fence, why=ENDED_MEANWHILE)


def ask_anew_of_claimed(db: Transaction, request: Request) -> Request | None:
    """Do the same with a request that we have claimed, if our claim still stands."""
    return ask_anew(db, request, fence=True)


def make_emergency(
    db: Transaction, request: Request, why: str, filled: FilledAnew | None = None
) -> Request | None:
    """
    Make what waits for its approvers an emergency, as whoever asked wants; whoever clicks on its cards comes too late.

    Args:
        why: Their reason now, which takes the place of the one before.
        filled: What a form says now, which does so too; None: nothing but the reason was said.
    """
    if request.graph_request_id is not None:
        # Entra has it, and gives it once it is approved there: nothing is given twice.
        return None
    return requests.move(
        db,
        request,
        State.RECEIVED,
        actor=request.asked_by,
        why=N_("Asked for as an emergency."),
        emergency=True,
        no_emergency_why=None,
        justification=why,
        **(_filled_row(filled) if filled else {}),
        **terms_as_asked(request),
        starts_at=None,
        ends_at=None,
        **ANEW,
        round=request.round + 1,
    )


def _filled_row(filled: FilledAnew) -> dict[str, Any]:
    answers = {key: list(given) for key, given in filled.answers.items()}
    return {"answers": answers, "wanted_policy_id": filled.wanted_policy_id}


def make_ordinary(db: Transaction, request: Request, why: str) -> Request | None:
    """Make what is no emergency by the rules a request like any other; what Graph may have taken on is left as it is."""
    return requests.move(
        db,
        request,
        State.RECEIVED,
        fence=True,
        why=N_("It is no emergency: {why}").format(why=why),
        emergency=False,
        no_emergency_why=why,
        **terms_as_asked(request),
        ends_at=None,
        intent_at=None,
        settles_at=None,
        **ANEW,
        round=request.round + 1,
    )


def _ran_out_at(db: Transaction, request: Request) -> datetime | None:
    """Return when the access of an extension ended by itself; None if it did not, or somebody has ended it."""
    row = assignments.find(db, request.assignment_id or "")
    if row is None or row.ends_at is None or row.ends_at > clock.now():
        return None
    if row.state is AssignmentState.ENDED and row.ended_why != EndReason.RAN_OUT:
        return None
    return row.ends_at


def terms_as_asked(request: Request) -> dict[str, Any]:
    """
    Return the terms of a request as its row keeps them when it begins anew, without the end that an approver has set.

    What they ask of its approvals, and hide from whoever asked, is never lowered (`bot.packages.policy_terms.with_settings`);
    nothing is decided under them any more, so that they have no hash.
    """
    terms = asdict(replace(request.terms, approved_until=None)) if request.terms else None
    return {"terms": terms, "terms_hash": None}


def _answers_row(first: Request | None) -> dict[str, list[str]]:
    return {key: list(given) for key, given in first.answers.items()} if first else {}
