"""Take what people say in the review of an emergency: saved before they are told so, and judged right after, by the jobs."""

from collections.abc import Callable

from bot import chance, clock
from bot.assignments.model import AssignmentState
from bot.assignments.store import assignments
from bot.database import Store, Transaction
from bot.emergencies.model import Finding, ReviewedRequest, ReviewFinding
from bot.emergencies.processing import FindingProcessor
from bot.emergencies.store import emergencies, findings
from bot.errors import TooLate
from bot.packages import names as package_names
from bot.patience import in_time
from bot.people.guard import Guard
from bot.requests.model import Request, State
from bot.requests.store import requests
from bot.words import N_

UNKNOWN = N_("I do not know that emergency any more.")


class EmergencyService:
    """Every operation of those who review; but for `find_reason_against`, each is one short transaction and nothing remote."""

    def __init__(
        self, *, store: Store, guard: Guard, processor: FindingProcessor, wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._guard = guard
        self._processor = processor
        self._wake = wake

    async def find(self, request_id: str) -> ReviewedRequest:
        """
        Return an emergency with its request.

        Raises:
            TooLate: There is none of that id.
        """
        return await self._store.read(_find, request_id)

    async def find_reason_against(
        self, *, request_id: str, slack_user: str, team: str | None
    ) -> str | None:
        """
        Return why somebody may not review an emergency, which is written down; None if they may, or that is not known in time.

        Reads Slack and Entra: for after the answer to Slack, never before it.
        """
        why = await self._processor.why_not(request_id, slack_user, team)
        if why is not None:
            await self._guard.refused(slack_user, why)
        return why

    async def review(
        self, *, request_id: str, slack_user: str, team: str | None, finding: Finding, comment: str
    ) -> None:
        """
        Save what somebody finds; whether they may say so is read afresh before it counts.

        Raises:
            TooLate: It has been reviewed already, or there is none of that id.
        """
        said = ReviewFinding(
            id=chance.new_id(),
            request_id=request_id,
            finding=finding,
            comment=package_names.clean(package_names.unescaped(comment)),
            slack_user=slack_user,
            team=team,
            at=clock.now(),
        )
        await self._store.run(in_time(_add), said)
        self._wake()


def _find(db: Transaction, request_id: str) -> ReviewedRequest:
    emergency = emergencies.find(db, request_id)
    if emergency is None:
        raise TooLate(UNKNOWN)
    request = requests.get(db, request_id)
    return ReviewedRequest(emergency=emergency, request=request, is_over=_is_over(db, request))


def _is_over(db: Transaction, request: Request) -> bool:
    if request.state is not State.DELIVERED:
        return request.state is State.FAILED
    row = assignments.find(db, request.assignment_id) if request.assignment_id else None
    if row is None:
        return request.ends_at is not None and request.ends_at <= clock.now()
    return row.state is AssignmentState.ENDED or (
        row.ends_at is not None and row.ends_at <= clock.now()
    )


def _add(db: Transaction, said: ReviewFinding) -> None:
    emergency = emergencies.find(db, said.request_id)
    if emergency is None:
        raise TooLate(UNKNOWN)
    if not emergency.is_open:
        raise TooLate(N_("That was reviewed already; the card shows what was found."))
    findings.add(db, said)
