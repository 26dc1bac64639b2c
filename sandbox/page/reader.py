"""Who is reading the page: the zone, the moment and the names that text is rendered for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True)
class Reader:
    """One acting person's eyes: the same message reads differently in Berlin and in Kolkata."""

    person_id: str
    zone: ZoneInfo
    now: datetime
    people: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    usergroups: Mapping[str, str] = field(default_factory=dict)

    def local(self, moment: datetime) -> datetime:
        """*moment* on this reader's wall clock."""
        return moment.astimezone(self.zone)


def zone_named(name: str) -> ZoneInfo:
    """The zone called *name*; UTC when the machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
