"""Work out when to nudge somebody: in their own zone, never while it is quiet for them, never after the deadline."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from bot.notifications.model import Occasion
from bot.packages.settings.model import PackageSettings, QuietHours
from bot.requests.model import Request
from graph.values import LAST_MOMENT

# So long before it becomes quiet, so that there is time to decide; or just before, if the stage is newer.
BEFORE_QUIET: Final = (timedelta(hours=1), timedelta(minutes=1))


@dataclass(frozen=True, kw_only=True)
class Reader:
    """
    Somebody who may be nudged.

    Attributes:
        asked_at: Since when they are asked about this stage.
    """

    asked_at: datetime
    zone: tzinfo
    quiet: QuietHours | None

    def is_quiet(self, at: datetime) -> bool:
        """Tell whether it is quiet for them at a moment."""
        return self.quiet is not None and self.quiet.cover(at.astimezone(self.zone))


def occasions(
    request: Request, settings: PackageSettings, reader: Reader
) -> dict[Occasion, datetime]:
    """Return when somebody is to be nudged about the current stage, but for what is quiet."""
    found = {}
    began = request.waits_since or request.updated_at
    if settings.nudge_after is not None:
        found[Occasion.AFTER] = max(began, reader.asked_at) + settings.nudge_after
    if settings.escalate_after is not None and not request.escalated:
        found[Occasion.ESCALATION] = began + settings.escalate_after
    if settings.nudge_before_deadline is not None and request.lapses_at is not None:
        due = request.lapses_at - settings.nudge_before_deadline
        if due > max(began, reader.asked_at):
            found[Occasion.DEADLINE] = due
    if request.reminded_at is not None:
        found[Occasion.REMIND] = request.reminded_at
    return found


def moment_to_nudge(
    due: datetime, reader: Reader, *, deadline: datetime | None, now: datetime
) -> datetime | None:
    """
    Return when to nudge somebody who is due to be nudged; None if there is no moment for it.

    What is due while it is quiet comes as soon as it is not; but where that is not before the deadline, before it
    becomes quiet.  What is late comes now, or by the same rule.
    """
    if due.year == LAST_MOMENT.year:
        # Graph's "never", or a wait that ends after the calendar: on its last day no clock can be asked.
        return None
    at = _moment(due, reader, deadline=deadline)
    if at is not None and at < now:
        at = _moment(now, reader, deadline=deadline)
        # Before it became quiet is over.
        at = at if at is not None and at >= now else None
    return at


def _moment(due: datetime, reader: Reader, *, deadline: datetime | None) -> datetime | None:
    if deadline is not None and due >= deadline:
        return None
    quiet = reader.quiet
    if quiet is None or not reader.is_quiet(due):
        return due
    local = due.astimezone(reader.zone)
    later = quiet.end_after(local).astimezone(UTC)
    if not reader.is_quiet(later) and (deadline is None or later < deadline):
        return later
    begins = quiet.begin_before(local).astimezone(UTC)
    for ahead in BEFORE_QUIET:
        before = begins - ahead
        if before >= reader.asked_at and not reader.is_quiet(before):
            return before
    return None
