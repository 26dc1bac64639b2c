"""Move a request by what people decide of it: stages, approvals, denials, and deadlines that pass."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.database import Transaction
from bot.packages import policy_terms
from bot.packages.model import Terms
from bot.requests.model import (
    DecidedThere,
    Request,
    State,
)
from bot.requests.state_machine.in_entra import as_decided_there
from bot.requests.store import current_stage, requests


def refuse(
    db: Transaction, request: Request, why: str, *, tell_admins: bool = False
) -> Request | None:
    """Refuse what the rules do not allow."""
    return requests.move(db, request, State.REFUSED, fence=True, why=why, tell_admins=tell_admins)


def reach_stage(
    db: Transaction,
    request: Request,
    changes: Mapping[str, Any],
    *,
    actor: str,
    actor_entra_id: str | None = None,
    fence: bool = False,
) -> Request | None:
    """
    Let a request wait for the deciders of a stage, or approve it when no stage is left.

    Args:
        changes: Of the row, as `bot.requests.evaluation.stages.stage_changes` makes them for that stage; without deciders it is approved.
        fence: Insist that our claim still stands (for workers).
    """
    to = State.PENDING if "deciders" in changes else State.APPROVED
    if to is State.APPROVED and request.state is State.PENDING and request.entra_decides:
        # It is there already.
        to = State.SUBMITTED
    return requests.move(
        db, request, to, actor=actor, actor_entra_id=actor_entra_id, fence=fence, **changes
    )


def count_approval(db: Transaction, request: Request, approved: Request) -> Request | None:
    """
    Let a stage wait on that needs the approvals of more people.

    Args:
        approved: The request as it is approved, which may have a shorter end, with the number of its approvals.
    """
    if approved.terms is None:
        raise ValueError("a request without terms has no stages")
    return current_stage.count_approval(
        db,
        request,
        approvals=approved.approvals,
        terms=approved.terms,
        terms_hash=policy_terms.hash_of(approved.terms),
    )


def require_sign_in(db: Transaction, request: Request, terms: Terms) -> Request | None:
    """Let a request that waits in Entra take a fresh sign-in of whoever approves it, as the package settings ask by now."""
    return current_stage.change_terms(
        db,
        request,
        terms=terms,
        terms_hash=policy_terms.hash_of(terms),
        verb="require-sign-in",
    )


def renew_terms(db: Transaction, request: Request, terms: Terms) -> Request | None:
    """Let a request that waits in Entra be decided there by whom its policy names by now."""
    return current_stage.change_terms(
        db, request, terms=terms, terms_hash=policy_terms.hash_of(terms), verb="renew-terms"
    )


def deny(
    db: Transaction,
    request: Request,
    why: str | None,
    *,
    actor: str,
    actor_entra_id: str | None,
    there: Sequence[DecidedThere] = (),
) -> Request | None:
    """
    Deny it, as somebody who may decide has said.

    Args:
        there: Who has decided in Entra, where that is known.
    """
    return requests.move(
        db,
        request,
        State.DENIED,
        actor=actor,
        actor_entra_id=actor_entra_id,
        why=why,
        **as_decided_there(there),
    )


def lapse(db: Transaction, request: Request, why: str | None = None) -> Request | None:
    """End what nobody has decided in time, or need not decide any more."""
    return requests.move(db, request, State.LAPSED, why=why)
