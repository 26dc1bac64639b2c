"""The reader of the page: the zone, the moment and the names that text is rendered for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MY_ACCESS = "https://myaccess.microsoft.com"


@dataclass(frozen=True)
class Reader:
    """One acting person's eyes: the same message reads differently in Berlin and in Kolkata."""

    person_id: str
    zone: ZoneInfo
    now: datetime
    people: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    usergroups: Mapping[str, str] = field(default_factory=dict)
    locale: str = "en-GB"
    my_access: str = ""
    """Where the stand-in for My Access is, which links to the real one lead to."""

    def address(self, url: str) -> str:
        """Return where a link leads to here."""
        if self.my_access and url.startswith(MY_ACCESS):
            return self.my_access
        return url

    def local(self, moment: datetime) -> datetime:
        """*moment* on this reader's wall clock, or the last or first that it can show."""
        try:
            return moment.astimezone(self.zone)
        except OverflowError:
            last = datetime.max.replace(tzinfo=self.zone)
            return last if moment.year == last.year else datetime.min.replace(tzinfo=self.zone)


def zone_named(name: str) -> ZoneInfo:
    """The zone called *name*; UTC when the machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
