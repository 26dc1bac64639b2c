"""Watching a request until Graph shows that it came true: it ends, and says what is so."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from bot.cli.tenant.following import LOOKS_AFTER_DELIVERY, LeftAsItWas, until_delivered
from graph.models import AccessPackageAssignment, AssignmentRequest

ENDS = datetime(2027, 1, 31, 12, tzinfo=UTC)


def assignment(ends: datetime) -> AccessPackageAssignment:
    return AccessPackageAssignment.model_validate(
        {
            "id": "a",
            "state": "delivered",
            "schedule": {"expiration": {"type": "afterDateTime", "endDateTime": ends.isoformat()}},
        }
    )


class Shown:
    """A Graph that shows the request delivered, and the assignment with these ends, one look after the other."""

    def __init__(self, *ends: datetime) -> None:
        self.left = list(ends)
        self.looks = 0
        self.assignment_requests = SimpleNamespace(get=self.request)
        self.assignments = SimpleNamespace(get=self.assignment)

    async def request(self, _: str) -> AssignmentRequest:
        return AssignmentRequest.model_validate(
            {"id": "r", "state": "delivered", "assignment": {"id": "a"}}
        )

    async def assignment(self, _: str) -> AccessPackageAssignment:
        self.looks += 1
        return assignment(self.left.pop(0) if len(self.left) > 1 else self.left[0])


async def followed(graph: Shown) -> AccessPackageAssignment:
    async def sleep(_: float) -> None:
        """No time goes by."""

    return await until_delivered(
        graph,  # type: ignore[arg-type]
        await graph.request("r"),
        patience=timedelta(minutes=10),
        accept=lambda held: held.ends_at() != ENDS,
        sleep=sleep,
    )


async def test_an_end_that_is_shown_a_little_later_is_the_end():
    """Graph may show the request done first."""
    later = ENDS + timedelta(days=30)
    assert (await followed(Shown(ENDS, ENDS, later))).ends_at() == later


async def test_an_end_that_stays_is_said_to_stay():
    """Nothing goes on: Entra has left it so, and whoever asked need not wait ten minutes for it."""
    graph = Shown(ENDS)
    with pytest.raises(
        LeftAsItWas, match="delivered, and the access ends 2027-01-31 12:00 UTC, as before"
    ):
        await followed(graph)
    assert graph.looks == LOOKS_AFTER_DELIVERY
