"""Judge what people say in reviews of emergencies: may they, and were they first?"""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot import clock
from bot.approvals.model import Outcome
from bot.database import Busy, Store, Transaction
from bot.emergencies.model import Finding, ReviewFinding
from bot.emergencies.store import emergencies, findings
from bot.people.actors import Permissions
from bot.people.model import Verb
from bot.people.permissions import Actor, may
from bot.requests import state_machine
from bot.requests.model import Request
from bot.requests.retry import EXPECTED, pause_after
from bot.requests.store import requests
from bot.slack.errors import SlackError
from bot.timing import EARLY_SECONDS
from bot.words import N_
from graph.errors import GraphError

log = structlog.get_logger(__name__)

# Judging takes a few calls; what a replica that died was at is judged by another after this time.
LEASE: Final = timedelta(seconds=30)
TOO_LATE: Final = N_("Somebody else has reviewed it already; the card shows what they found.")


class FindingProcessor:
    """Judges one finding at a time; the first that counts closes the review, and the others are told."""

    def __init__(self, *, store: Store, permissions: Permissions, home_team: str | None) -> None:
        self._store = store
        self._permissions = permissions
        self._home_team = home_team

    async def process_due(self) -> int:
        """Judge all that is due; return of how many it is known what came of them."""
        claimed = await self._store.run(findings.claim, lease=LEASE)
        done = 0
        for said in claimed:
            done += await self._process_or_postpone(said)
        return done

    async def _process_or_postpone(self, said: ReviewFinding) -> bool:
        try:
            await self._process(said)
        except Exception as error:
            log.warning(
                "finding-postponed",
                decision=said.id,
                error=type(error).__name__,
                exc_info=not isinstance(error, EXPECTED),
            )
            until = clock.real() + pause_after(error, attempts=said.attempts)
            await self._store.run(findings.postpone, said, until=until)
            return False
        return True

    async def why_not(self, request_id: str, slack_user: str, team: str | None) -> str | None:
        """Return why what somebody finds would not count; None if it would, or that cannot be read while somebody waits."""
        request = await self._store.read(requests.get, request_id)
        try:
            async with asyncio.timeout(EARLY_SECONDS):
                _, why = await self._judge(request, slack_user, team, at=clock.now())
        except (Busy, GraphError, SlackError, TimeoutError):
            return None
        return why

    async def _judge(
        self, request: Request, slack_user: str, team: str | None, *, at: datetime
    ) -> tuple[Actor, str | None]:
        """Return who reviews, and why they may not; None if they may."""
        actor = await self._permissions.reviewer(
            slack_user, request=request, team=team, home_team=self._home_team, at=at
        )
        why = may(actor, Verb.REVIEW, holder=request.holder, holder_entra_id=request.entra_id)
        return actor, why

    async def _process(self, said: ReviewFinding) -> None:
        request = await self._store.read(requests.get, said.request_id)
        actor, why = await self._judge(request, said.slack_user, said.team, at=said.at)
        if why is not None:
            refused: dict[str, Any] = {"why": why, "entra_id": actor.entra_id}
            await self._store.run(findings.settle, said, Outcome.REFUSED, **refused)
            return
        if not await self._store.run(_close, said, request, actor):
            await self._store.run(
                findings.settle, said, Outcome.LATE, why=TOO_LATE, entra_id=actor.entra_id
            )


def _close(db: Transaction, said: ReviewFinding, request: Request, actor: Actor) -> bool:
    """Close the review and begin what follows from it, together or not at all; False if somebody was first."""
    if actor.entra_id is None:
        return False
    acts_for = actor.acts_for
    closed = emergencies.close(
        db,
        said,
        request,
        entra_id=actor.entra_id,
        name=actor.name,
        as_admin=actor.decides_as_admin,
        for_user=acts_for.slack_user if acts_for else None,
        for_name=acts_for.entra_name if acts_for else None,
    )
    if closed is None:
        return False
    findings.settle(db, said, Outcome.ACCEPTED, entra_id=actor.entra_id)
    if closed.finding is Finding.REMOVE:
        state_machine.remove_if_reviewed(db, requests.get(db, request.id))
    return True
