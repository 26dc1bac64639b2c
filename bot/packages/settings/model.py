"""The settings of one package, from the package settings file: channel, quorum, nudges, reasons, break-glass and so on."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from bot.packages.patterns import Pattern

# What a package opens, where it is what its resources open as.
RESOURCES: Final = "resources"
ONE_DAY: Final = timedelta(days=1)
SATURDAY: Final = 5
# Nights and a weekend, one after the other.
MOST_QUIET_SPELLS: Final = 16


@dataclass(frozen=True, kw_only=True)
class QuietHours:
    """
    The hours in which nobody is nudged, by the reader's own clock.

    Attributes:
        start, end: From when until when each day, over midnight if *start* is later; None: no hours of a day.
        weekends: Saturday and Sunday are quiet as well.
    """

    start: time | None = None
    end: time | None = None
    weekends: bool = False

    def cover(self, local: datetime) -> bool:
        """Tell whether *local*, in the reader's own zone, is quiet."""
        return self._spell_ends(local) is not None

    def end_after(self, local: datetime) -> datetime:
        """Return the first moment from *local* on that is not quiet, in the same zone."""
        for _ in range(MOST_QUIET_SPELLS):
            end = self._spell_ends(local)
            if end is None:
                break
            local = end
        return local

    def begin_before(self, local: datetime) -> datetime:
        """Return the first moment of the quiet spell that *local* is in, in the same zone; *local* if it is not quiet."""
        for _ in range(MOST_QUIET_SPELLS):
            begin = self._spell_begins(local)
            if begin is None or begin == local:
                before = local - timedelta(minutes=1)
                begin = self._spell_begins(before)
                if begin is None:
                    break
            local = begin
        return local

    def _spell_begins(self, local: datetime) -> datetime | None:
        """Return since when what makes *local* quiet lasts; None if it is not quiet."""
        if self.weekends and local.weekday() >= SATURDAY:
            return _at(local, time(0))
        if self.start is None or self.end is None:
            return None
        now, begin = local.time(), _at(local, self.start)
        if self.start < self.end:
            return begin if self.start <= now < self.end else None
        if now >= self.start:
            return begin
        return begin - ONE_DAY if now < self.end else None

    def _spell_ends(self, local: datetime) -> datetime | None:
        """Return when what makes *local* quiet is over; None if it is not quiet."""
        if self.weekends and local.weekday() >= SATURDAY:
            return _at(local, time(0)) + ONE_DAY
        if self.start is None or self.end is None:
            return None
        now, end = local.time(), _at(local, self.end)
        if self.start < self.end:
            return end if self.start <= now < self.end else None
        if now >= self.start:
            return end + ONE_DAY
        return end if now < self.end else None


def _at(local: datetime, at: time) -> datetime:
    # Wall-clock time: adding a day keeps the hour when the clocks change.
    return local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)


# Where no file says anything else.
NIGHTS_AND_WEEKENDS: Final = QuietHours(start=time(20), end=time(7), weekends=True)


@dataclass(frozen=True, kw_only=True)
class ReasonRule:
    """
    A rule for what a reason must contain, such as a ticket number.

    Attributes:
        hint: Says so to whoever asks; a whole sentence.
    """

    pattern: Pattern
    hint: str

    def takes(self, reason: str | None) -> bool:
        """Tell whether *reason* contains what is wanted; no reason contains nothing."""
        return reason is not None and self.pattern.fits(reason)


class BreakGlassPeople(StrEnum):
    """The people who may break the glass."""

    IN_POLICY = "everyone_in_policy"
    ON_CALL = "on_call"


@dataclass(frozen=True, kw_only=True)
class BreakGlass:
    """
    Access at once, reviewed afterwards.

    Attributes:
        lasts: How long the access lasts.
        review_within: How soon somebody else must close the review.
        most_a_week: How often one person may have it in seven days.
    """

    lasts: timedelta
    review_within: timedelta
    people: BreakGlassPeople
    most_a_week: int = 3


@dataclass(frozen=True, kw_only=True)
class Reminders:
    """
    The times before the end at which to remind.

    Attributes:
        lengths: As lengths of time.
        percents: As shares of how long the access lasts in all.
    """

    lengths: tuple[timedelta, ...] = ()
    percents: tuple[int, ...] = ()

    def rungs(self, lasts: timedelta | None) -> tuple[timedelta, ...]:
        """Return the times before the end, longest first; of shares none where *lasts* is not known."""
        shares = [lasts * percent / 100 for percent in self.percents] if lasts else []
        return tuple(sorted({*self.lengths, *shares}, reverse=True))


@dataclass(frozen=True, order=True)
class WeeklyTime:
    """
    A moment of each week, by the reader's own clock.

    Attributes:
        weekday: From 0, Monday.
    """

    weekday: int
    at: time

    def latest(self, local: datetime) -> datetime:
        """Return the last such moment up to *local*, in the same zone."""
        moment = _at(local, self.at) - timedelta(days=(local.weekday() - self.weekday) % 7)
        return moment if moment <= local else moment - timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class PackageSettings:
    """
    The settings that hold for one package, or one policy of it.

    Where a file says nothing, the default here holds; None is what a file takes back, or never says.

    Attributes:
        channel: The Slack id of the channel for its approval cards.
        quorum: How many different people must approve each stage; one number holds for every stage, several for the
            stages in turn.
        nudge_after: How long after a card those who have not decided are nudged.
        nudge_before_deadline: How long before a stage's deadline they are nudged.
        escalate_after: After how long without a decision a stage is escalated.
        quiet_hours: When no nudges are sent.
        reason: What a reason must contain.
        delivery_note: A sentence of the package's own, added to “You now have access”.
        owner: The Slack user or channel that gets the digest.
        digest: When the owner gets it; None: never.
        reminders: How long before the end to remind, instead of ``LATCHKEY_REMINDER_DAYS``.
        fresh_sign_in: Whoever approves proves by a fresh sign-in to Microsoft that it is them.
        auth_context: The authentication context of Entra's that this sign-in must satisfy.
        entra_decides: People ask and decide in Entra in their own name, and Latchkey follows; without, Latchkey decides.
        opens: What people who have it are offered to open: `RESOURCES`, or an address of its own instead; None: nothing.
    """

    channel: str | None = None
    quorum: tuple[int, ...] = (1,)
    nudge_after: timedelta | None = timedelta(hours=4)
    nudge_before_deadline: timedelta | None = timedelta(days=1)
    escalate_after: timedelta | None = None
    quiet_hours: QuietHours | None = NIGHTS_AND_WEEKENDS
    reason: ReasonRule | None = None
    delivery_note: str | None = None
    break_glass: BreakGlass | None = None
    owner: str | None = None
    digest: WeeklyTime | None = None
    reminders: Reminders | None = None
    fresh_sign_in: bool = False
    auth_context: str | None = None
    entra_decides: bool = False
    opens: str | None = RESOURCES

    def counts_removals_for(self, removed_for: timedelta) -> timedelta:
        """Return for how long an admin must agree before somebody gets back what an admin has removed; where Entra decides, never."""
        return timedelta() if self.entra_decides else removed_for

    def approvals_needed(self, stage: int) -> int:
        """Return how many different people must approve stage *stage* (from 0); one where the list says nothing."""
        if len(self.quorum) == 1:
            return self.quorum[0]
        return self.quorum[stage] if stage < len(self.quorum) else 1


@dataclass(frozen=True, kw_only=True)
class DelegationLimits:
    """
    List what the package settings take from delegates, in some packages.

    Attributes:
        takes_sign_in: Whoever approves takes a fresh sign-in, and so does letting somebody decide.
        contexts: The authentication contexts that these sign-ins must satisfy, in their order.
        entra_decides: Entra decides, which knows no delegates of Latchkey's.
    """

    takes_sign_in: bool = False
    contexts: tuple[str, ...] = ()
    entra_decides: bool = False


NO_LIMITS: Final = DelegationLimits()


@dataclass(frozen=True, kw_only=True)
class PackageNames:
    """
    The names by which the settings of a package are found: display names, as in Entra.

    Attributes:
        policies: Of the policies that it has; for checks.
    """

    package: str
    catalog: str = ""
    policies: tuple[str, ...] = ()
