"""
Prove an approval by a fresh sign-in to Microsoft: a link for one click, and the check of who has signed in for it.

The sign-in is bound to the click, and so to the request, its round, stage and terms, and to what the click says: its reason
and its end.  What it proves is kept beside the click, which is then processed like any other.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot import chance
from bot.accounts.browser import NOT_TAKEN, BrowserSignIns, Finished, SignInFailed, new_sign_in
from bot.accounts.freshness import find_staleness
from bot.accounts.model import Purpose, SignIn, SignInOutcome
from bot.accounts.store import sign_ins
from bot.approvals.model import Decision
from bot.approvals.store import decisions
from bot.approvals.transactions import IncompleteDecision
from bot.database import Store, Transaction
from bot.requests.model import Request, State
from bot.requests.store import requests
from bot.words import N_

CHANGED: Final = N_(
    "What was to be approved has changed, or was decided meanwhile. Nothing is approved; please look at the card in Slack."
)


@dataclass(frozen=True, kw_only=True)
class ApprovalToProve:
    """An approval that somebody is about to prove by a sign-in."""

    decision: Decision
    request: Request


class SignedApprovals:
    """Lets people sign in for an approval, and checks that they have."""

    def __init__(self, *, store: Store, browsers: BrowserSignIns, wake: Callable[[], None]) -> None:
        self._store = store
        self._browsers = browsers
        self._wake = wake

    async def link(self, draft: IncompleteDecision) -> str:
        """
        Return the link to the sign-in that proves a click; nothing remote.

        Raises:
            SignInFailed: It is not set up.
        """
        decision, request = draft.decision, draft.request
        stage, ticket = request.current_stage, chance.new_secret()
        sign_in = new_sign_in(
            Purpose.APPROVE,
            decision.slack_user,
            ticket,
            decision_id=decision.id,
            ask_id=request.ask_id,
            terms_hash=_digest(decision, request),
            auth_context=stage.auth_context if stage else None,
        )
        return await self._browsers.link(sign_in, ticket)

    async def find(self, sign_in: SignIn) -> ApprovalToProve:
        """
        Return what a sign-in is about to approve.

        Raises:
            SignInFailed: It has changed, or was decided meanwhile.
        """
        found = await self._store.read(_find, sign_in)
        if found is None:
            raise SignInFailed(CHANGED)
        return found

    async def complete(self, finished: Finished) -> None:
        """
        Let a click count by the sign-in that proves it; whether this person may decide is judged right after.

        Raises:
            SignInFailed: It does not prove it.
        """
        sign_in = finished.sign_in
        if sign_in.purpose is not Purpose.APPROVE:
            raise await self._browsers.failed(sign_in, NOT_TAKEN)
        why = find_staleness(finished)
        if why is not None:
            raise await self._browsers.failed(sign_in, why)
        if not await self._store.run(_prove, finished):
            raise await self._browsers.failed(sign_in, CHANGED)
        self._wake()


def _digest(decision: Decision, request: Request) -> str:
    """Return a digest of all that an approval agrees to: the terms, until when, and why."""
    end = decision.ends_at.isoformat() if decision.ends_at else None
    agreed = [request.terms_hash, end, decision.reason]
    return hashlib.sha256(json.dumps(agreed).encode()).hexdigest()


def _find(db: Transaction, sign_in: SignIn) -> ApprovalToProve | None:
    """Return what a sign-in is about, if it still is what it was when the sign-in began."""
    if sign_in.decision_id is None:
        return None
    decision = decisions.find_draft(db, sign_in.decision_id, slack_user=sign_in.slack_user)
    request = requests.find(db, decision.request_id) if decision else None
    if decision is None or request is None:
        return None
    stage = request.current_stage
    is_same = (
        request.state is State.PENDING
        and request.ask_id == sign_in.ask_id
        and _digest(decision, request) == sign_in.terms_hash
        and (decision.round, decision.stage) == (request.round, request.stage)
        and stage is not None
        and stage.auth_context == sign_in.auth_context
    )
    return ApprovalToProve(decision=decision, request=request) if is_same else None


def _prove(db: Transaction, finished: Finished) -> bool:
    found = _find(db, finished.sign_in)
    if found is None:
        return False
    proven = decisions.prove(
        db,
        found.decision,
        proof=finished.who.digest,
        proven_as=finished.known.user.id,
        signed_in_at=finished.who.signed_in_at,
        contexts=finished.who.contexts,
    )
    if proven:
        sign_ins.end(db, finished.sign_in, SignInOutcome.PROVEN)
    return proven
