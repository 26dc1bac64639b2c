"""Take what people say in the review of an emergency: saved before they are told so, and judged right after, by the jobs."""

from collections.abc import Callable

from bot import chance, clock
from bot.database import Store, Transaction
from bot.emergencies.model import Finding, ReviewedRequest, ReviewFinding
from bot.emergencies.store import emergencies, findings
from bot.errors import TooLate
from bot.packages import names as package_names
from bot.patience import in_time
from bot.requests.store import requests
from bot.words import N_

UNKNOWN = N_("I do not know that emergency any more.")


class EmergencyService:
    """Every operation of those who review; each is one short transaction, and nothing remote."""

    def __init__(self, *, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    async def find(self, request_id: str) -> ReviewedRequest:
        """
        Return an emergency with its request.

        Raises:
            TooLate: There is none of that id.
        """
        return await self._store.read(_find, request_id)

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
    return ReviewedRequest(emergency=emergency, request=requests.get(db, request_id))


def _add(db: Transaction, said: ReviewFinding) -> None:
    emergency = emergencies.find(db, said.request_id)
    if emergency is None:
        raise TooLate(UNKNOWN)
    if not emergency.is_open:
        raise TooLate(N_("That was reviewed already; the card shows by whom."))
    findings.add(db, said)
