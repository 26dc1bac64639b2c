"""Find whom to ask to review an emergency: those who would have had to approve it, as far as they are found in Slack."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from bot import clock
from bot.approvals.recipients import MOST_CARDS, MOST_LOOKED_AT, Recipients
from bot.database import Store
from bot.emergencies.model import Emergency
from bot.emergencies.store import emergencies
from bot.people.approvers import Approvers, UnresolvedApprovers
from bot.people.delegates import Delegates
from bot.requests.model import Request
from bot.requests.retry import EXPECTED, LONGEST_WAIT_FOR_PEOPLE, pause_after
from bot.requests.store import requests
from graph.models import User

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=5)
AT_ONCE: Final = 10
# Approvers come and go, and managers change.
LOOK_AGAIN: Final = timedelta(hours=1)


class Reviewers:
    """Looks up whom to ask to review emergencies."""

    def __init__(
        self, *, store: Store, recipients: Recipients, approvers: Approvers, delegates: Delegates
    ) -> None:
        self._store = store
        self._recipients = recipients
        self._approvers = approvers
        self._delegates = delegates

    async def find_due(self) -> int:
        """Look up the reviewers of the emergencies that are due for it; return of how many."""
        due = await self._store.run(emergencies.claim_seeking, lease=LEASE, limit=AT_ONCE)
        for each in due:
            found = list(each.reviewers)
            try:
                found, again_in = await self._find(each)
            except Exception as error:
                log.warning(
                    "recipients-not-found",
                    request=each.request_id,
                    error=type(error).__name__,
                    exc_info=not isinstance(error, EXPECTED),
                )
                again_in = pause_after(error, attempts=LONGEST_WAIT_FOR_PEOPLE)
            again_at = clock.real() + again_in
            await self._store.run(
                emergencies.settle_reviewers, each.request_id, found, again_at=again_at
            )
        return len(due)

    async def _find(self, emergency: Emergency) -> tuple[list[str], timedelta]:
        """Return whom to ask, and how soon to look again."""
        request = await self._store.read(requests.get, emergency.request_id)
        terms = request.terms
        users: dict[str, User] = {}
        for stage in terms.stages_left_out if terms else ():
            # Without those of the escalation: it has waited for nobody, and they may not review it.
            every = replace(request, escalated=False)
            try:
                named = await self._approvers.find(stage, every, most=MOST_LOOKED_AT)
            except UnresolvedApprovers:
                continue
            users |= {user.id: user for user in named if user.id != request.entra_id}
        found: list[str] = []
        asked = emergency.reviewers
        in_slack, again_in = await self._recipients.find_in_slack(list(users.values()), asked=asked)
        for slack_user in in_slack:
            if len(found) < MOST_CARDS and not await self._is_theirs(slack_user, request):
                found.append(slack_user)
        given, again_for_them = await self._recipients.find_delegations_to_review(
            request, found, known=asked
        )
        for delegate in (each.delegate for each in given):
            if delegate not in found and not await self._is_theirs(delegate, request):
                found.append(delegate)
        return found, min(each for each in (again_in, again_for_them, LOOK_AGAIN) if each)

    async def _is_theirs(self, slack_user: str, request: Request) -> bool:
        """Tell whether somebody may not review it: the holder, and whoever decides for them."""
        if slack_user == request.holder or request.holder is None or request.entra_id is None:
            return True
        return await self._delegates.has_decided_for(
            [slack_user], request.holder, request.entra_id, since=request.asked_at
        )
