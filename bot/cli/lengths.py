"""Read how long, and until when, as people type it on the command line."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

from graph.values import in_zone, moment_after

UNITS: Final = {
    "m": "minutes",
    "min": "minutes",
    "minute": "minutes",
    "minutes": "minutes",
    "h": "hours",
    "hour": "hours",
    "hours": "hours",
    "d": "days",
    "day": "days",
    "days": "days",
    "w": "weeks",
    "week": "weeks",
    "weeks": "weeks",
}
LENGTH: Final = re.compile(r"(\d{1,4})\s*([a-z]+)", re.IGNORECASE)


class Length(click.ParamType):  # type: ignore[type-arg] # generic in some versions of click only
    """``30d``, ``12h``, ``"2 weeks"``: a `timedelta`."""

    name = "length"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = LENGTH.fullmatch(str(value).strip())
        unit = UNITS.get(found[2].lower()) if found else None
        if found is None or unit is None or int(found[1]) == 0:
            self.fail(f"{value!r} is no length: write 30d, 12h or 2w.", param, ctx)
        return timedelta(**{unit: int(found[1])})


class Moment(click.ParamType):  # type: ignore[type-arg] # generic in some versions of click only
    """
    ``2026-12-31``, ``2026-12-31T18:00`` or with an offset: an aware `datetime`.

    UTC unless it says otherwise; a day alone means its end.

    Args:
        begins: A day alone means its beginning.
    """

    name = "moment"

    def __init__(self, *, begins: bool = False) -> None:
        self._begins = begins

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{value!r} is no date: write 2026-12-31 or 2026-12-31T18:00Z.", param, ctx)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        if not self._begins and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            moment = moment_after(moment, timedelta(days=1))
        return in_zone(moment, UTC)


LENGTH_TYPE: Final = Length()
MOMENT_TYPE: Final = Moment()
BEGINNING_TYPE: Final = Moment(begins=True)
