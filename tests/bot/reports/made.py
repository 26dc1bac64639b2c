"""Figures to test with, as many as wanted."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.packages.model import Package
from bot.reports.figures import make_figures
from bot.reports.model import (
    CountedDecision,
    CurrentAccess,
    FinishedRequest,
    Period,
    ReportFigures,
    RequestOutcome,
)

AT = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = Period(since=AT - 7 * DAY, until=AT)


def package(name: str, **changes: Any) -> Package:
    return Package(**{"id": name, "slug": name, "name": name, "catalog": "General", **changes})


def access(number: int = 0, **changes: Any) -> CurrentAccess:
    facts: dict[str, Any] = {
        "id": f"{number:05}",
        "entra_id": f"person {number}",
        "holder": "U0ANN",
        "holder_name": f"Ann {number}",
        "package_id": "Finance",
        "package_name": "Finance",
        "starts_at": AT - 20 * DAY - number * HOUR,
        "ends_at": AT + DAY,
    }
    return CurrentAccess(**{**facts, **changes})


def finished(number: int = 0, *, waits: timedelta | None = HOUR, **changes: Any) -> FinishedRequest:
    """A request that was decided *waits* after it was made; None: nobody had to."""
    asked = AT - 2 * DAY
    outcome = changes.get("outcome", RequestOutcome.GRANTED)
    approves = outcome is RequestOutcome.GRANTED
    decision = CountedDecision(
        by="Bo Berg", by_id="U0BO", approves=approves, reason="No", at=asked + (waits or HOUR)
    )
    facts: dict[str, Any] = {
        "id": f"{number:05}",
        "outcome": RequestOutcome.GRANTED,
        "is_extension": False,
        "package_id": "Finance",
        "package_name": "Finance",
        "holder": "U0ANN",
        "holder_name": f"Ann {number}",
        "asked_at": asked,
        "ended_at": asked + 3 * HOUR,
        "decisions": () if waits is None else (decision,),
    }
    return FinishedRequest(**{**facts, **changes})


def made(
    packages: list[Package] | None = None,
    current: list[CurrentAccess] | None = None,
    requests: list[FinishedRequest] | None = None,
    **changes: Any,
) -> ReportFigures:
    facts: dict[str, Any] = {
        "at": AT,
        "period": WEEK,
        "trend": WEEK,
        "ends_before": AT + 7 * DAY,
        "current": current or [],
        "finished": requests or [],
        "used": set(),
    }
    return make_figures(packages or [package("Finance")], **{**facts, **changes})
