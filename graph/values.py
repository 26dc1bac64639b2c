"""The parts of Graph's objects: the base of every model, ids, moments, durations, words."""

import functools
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    model_validator,
)
from pydantic.alias_generators import to_camel

GUID: Final = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])"
)
ID_NAME: Final = re.compile(r"(?:^id|Id|_id)$")


# More names than Graph has for its properties.
@functools.lru_cache(maxsize=4_096)
def _names_id(name: object) -> bool:
    return isinstance(name, str) and ID_NAME.search(name) is not None


def folded_id(value: str) -> str:
    """
    An id as we compare it: its GUIDs in small letters, whichever way Graph spells them this time.

    A GUID may be a part of it (``Member_6F1C…``).  An address keeps its spelling: paths are case-sensitive.
    """
    return value if "/" in value else GUID.sub(lambda found: found[0].lower(), value)


class GraphModel(BaseModel):
    """
    Base for every Graph object: camelCase outside, snake_case inside, frozen.

    All but ``id`` may be null: Graph leaves fields out unless asked, and fills some only later.
    Ids are compared as text all over, so their GUIDs are put into small letters here.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore"
    )

    @model_validator(mode="before")
    @classmethod
    def _fold_ids(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        changed = {
            name: folded
            for name, value in values.items()
            if _names_id(name) and isinstance(value, str) and (folded := folded_id(value)) != value
        }
        return {**values, **changed} if changed else values


class KeepingModel(GraphModel):
    """
    A model that keeps the fields it has no name for.

    For objects that are replaced whole (PUT): what is read and not sent back would be dropped.
    """

    model_config = ConfigDict(extra="allow")

    def to_graph(self) -> dict[str, Any]:
        """Return what was read or set, in Graph's own names, as JSON values."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def same_word(one: str | None, other: str | None) -> bool:
    """Tell whether two of Graph's status words are the same: v1.0 and beta differ in their capitals."""
    return one is not None and other is not None and one.casefold() == other.casefold()


def folded_address(address: str) -> str:
    """
    An e-mail address as it is compared: without regard to the case of A to Z.

    Of other letters nobody has said which are the same, so they must be equal as they are: "ß" is not "ss" here.
    """
    return "".join(each.lower() if each.isascii() else each for each in address)


# Graph's own "never": no moment is later, and none earlier.
LAST_MOMENT: Final = datetime.max.replace(tzinfo=UTC)
FIRST_MOMENT: Final = datetime.min.replace(tzinfo=UTC)


def moment_after(start: datetime, duration: timedelta) -> datetime:
    """Return the moment so long after *start* (aware), or the last or first that there is if it lies beyond."""
    try:
        return start + duration
    except OverflowError:
        return FIRST_MOMENT if duration < timedelta(0) else LAST_MOMENT


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """Return *moment* (aware) by the clock of *zone*, or the last or first that this clock can show if it lies beyond."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        # On the last or first day of the calendar, and over there a day beyond it.
        nearest = LAST_MOMENT if moment.year == LAST_MOMENT.year else FIRST_MOMENT
        return nearest.replace(tzinfo=zone)


def _in_utc(moment: datetime) -> datetime:
    # Graph's times are UTC; a few of them come without saying so.
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else in_zone(moment, UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]


def iso_duration(duration: timedelta) -> str:
    """
    A duration as Graph reads it (``Edm.Duration``): days and smaller, never months or years.

    pydantic's own form of 365 days is ``P1Y``, which Graph does not take.
    """
    if duration < timedelta(0):
        return f"-{iso_duration(-duration)}"
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{duration.microseconds:06}".rstrip("0") if duration.microseconds else ""
    time = "".join(
        f"{count}{fraction if unit == 'S' else ''}{unit}"
        for count, unit in ((hours, "H"), (minutes, "M"), (seconds, "S"))
        if count or (unit == "S" and fraction)
    )
    days = f"{duration.days}D" if duration.days else ""
    return f"P{days}{'T' + time if time else ''}" if days or time else "PT0S"


Duration = Annotated[timedelta, PlainSerializer(iso_duration, return_type=str, when_used="json")]


def _none_as_empty(value: Any) -> Any:
    return [] if value is None else value


NoneAsEmpty = BeforeValidator(_none_as_empty)


class Reference(GraphModel):
    """Another object, named but not described."""

    id: str
    display_name: str | None = None


# Ours, for what beta's policies leave open: no days and no date may mean some hours, or no end.
UNSAID: Final = "unsaid"
# The state of a request that waits for a decision.  Source: Graph reference, "accessPackageRequestState values".
PENDING_APPROVAL: Final = "pendingApproval"


class Expiration(KeepingModel):
    """
    The end of access (``expirationPattern``).

    ``type`` is one of notSpecified, noExpiration, afterDateTime, afterDuration; or ``UNSAID``.
    """

    type: str | None = None
    duration: Duration | None = None
    end_date_time: Moment | None = None

    @classmethod
    def after(cls, duration: timedelta) -> "Expiration":
        """Ends so long after its start."""
        return cls(type="afterDuration", duration=duration)

    @classmethod
    def at(cls, moment: datetime) -> "Expiration":
        """Ends at that moment (aware)."""
        return cls(type="afterDateTime", end_date_time=moment)

    @classmethod
    def never(cls) -> "Expiration":
        """Does not end by itself."""
        return cls(type="noExpiration")

    @property
    def is_unsaid(self) -> bool:
        """Tell whether Graph left open if access ends after some hours or never."""
        return self.type == UNSAID

    @property
    def is_specified(self) -> bool:
        """Tell whether this says anything: if not, the policy's expiration counts."""
        return (
            same_word(self.type, "noExpiration")
            or (same_word(self.type, "afterDateTime") and self.end_date_time is not None)
            or (same_word(self.type, "afterDuration") and self.duration is not None)
        )

    def end_from(self, start: datetime | None) -> datetime | None:
        """The end of access that began at *start*; None: no end, or none that can be told."""
        if same_word(self.type, "afterDateTime"):
            return self.end_date_time
        if same_word(self.type, "afterDuration") and start and self.duration is not None:
            return moment_after(start, self.duration)
        return None


class Schedule(KeepingModel):
    """From when until when (``entitlementManagementSchedule``; beta: ``requestSchedule``)."""

    start_date_time: Moment | None = None
    expiration: Expiration | None = None
