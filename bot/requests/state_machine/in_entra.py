"""Move a request that Entra decides: begun there, waiting for an account, gone on, or to be decided elsewhere."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from bot import clock
from bot.accounts.model import ConnectedAccount
from bot.accounts.store import accounts
from bot.database import Transaction
from bot.requests.model import (
    NOT_CONNECTED,
    DecidedThere,
    Request,
    State,
)
from bot.requests.state_machine.anew import ANEW, terms_as_asked
from bot.requests.store import claims, made_in_entra, request_lists, request_rows, requests
from bot.words import N_
from graph.values import moment_after

# Where the policy says no time; two weeks are what Entra gives if nothing else is set.
ACCOUNT_WITHIN: Final = timedelta(days=14)


def begin_in_entra(db: Transaction, request: Request, changes: Mapping[str, Any]) -> Request | None:
    """
    Begin what somebody has made in Entra, and what waits there: pending from the first moment; None if it is known.

    Args:
        changes: Of the row, as `bot.requests.evaluation.stages.stage_changes` makes them for its stage.
    """
    if request_lists.open_of_user(db, request.entra_id or "", request.package_id, request.kind):
        # One of ours, which is on its way there or will find it.
        return None
    return made_in_entra.add(db, request, changes)


def go_on_in_entra(
    db: Transaction, request: Request, there: Sequence[DecidedThere] = ()
) -> Request | None:
    """
    Follow on what waited for a decision in Entra, and does not any more.

    Args:
        there: Who has decided in Entra, where that is known.
    """
    return requests.move(db, request, State.SUBMITTED, fence=True, **as_decided_there(there))


def as_decided_there(there: Sequence[DecidedThere]) -> dict[str, Any]:
    return {"decided_there": request_rows.decided_there_row(there)} if there else {}


def wait_for_account(
    db: Transaction, request: Request, seen: ConnectedAccount | None, *, due_at: datetime
) -> None:
    """
    Keep a request until whoever asked has connected their Microsoft account; they are asked to, and it lapses in the end.

    Args:
        seen: The account that was connected when it was tried; if there is another by now, it goes on at once.
        due_at: When to look again in any case (real time).
    """
    now = accounts.find(db, request.asked_by)
    if now is not None and (seen is None or now.connected_at != seen.connected_at):
        claims.release(db, request, due_at=clock.real(), attempts=request.attempts)
        return
    since = request.needs_account_at or clock.now()
    if clock.now() >= account_needed_by(request, since):
        requests.move(db, request, State.LAPSED, fence=True, why=NOT_CONNECTED)
        return
    claims.release(
        db,
        request,
        due_at=due_at,
        attempts=request.attempts,
        needs_account_at=since,
    )


def account_needed_by(request: Request, since: datetime) -> datetime:
    """Return until when a request waits for the account that it is to be sent by: as long as its first stage would wait."""
    stages = request.terms.stages if request.terms else ()
    seconds = stages[0].deny_after_seconds if stages else None
    return moment_after(since, timedelta(seconds=seconds) if seconds else ACCOUNT_WITHIN)


def need_account_to_cancel(db: Transaction, request: Request) -> None:
    """Have whoever asked asked to connect their account, without which their request is not canceled in Entra."""
    if request.needs_account_at is None:
        claims.update(db, request, needs_account_at=clock.now())


def not_canceled(db: Transaction, request: Request, why: str) -> None:
    """Entra does not cancel what waits there for a decision: it goes on, and whoever asked is told."""
    claims.update(db, request, not_canceled_why=why)


def decide_elsewhere(db: Transaction, request: Request) -> Request | None:
    """Have a request evaluated anew of which Entra decides now and Latchkey did before, or the other way round."""
    return requests.move(
        db,
        request,
        State.RECEIVED,
        fence=True,
        why=N_("Who decides about the package has changed."),
        **terms_as_asked(request),
        intent_at=None,
        settles_at=None,
        **ANEW,
        round=request.round + 1,
    )
