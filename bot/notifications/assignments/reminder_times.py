"""Say how long before the end of an access its holder is reminded: by the package's settings, or by the installation's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.assignments.model import Assignment
from bot.database import Transaction
from bot.packages.settings.file import NO_FILE, PackageSettingsFile
from bot.packages.store import catalog

MINUTE: Final = timedelta(minutes=1)
# Nearer to the end nobody could do much; the end itself is told.
SHORTEST: Final = timedelta(minutes=5)
# A share of a long access: nobody wants to hear of its end months before.
LONGEST_SHARE: Final = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class ReminderPlan:
    """
    The rungs of every access; a rung is a time before its end.

    Attributes:
        rungs: Those that hold where the package's settings name none.
    """

    rungs: tuple[timedelta, ...]
    package_settings: PackageSettingsFile = NO_FILE

    @property
    def longest(self) -> timedelta:
        """Return a time before which no rung of any access comes; zero where there is none."""
        return max(self.lengths, default=timedelta())

    @property
    def lengths(self) -> set[timedelta]:
        """Return every rung that is a length, of whatever package; a share counts as the longest that it may be."""
        found = set(self.rungs)
        for own in self.package_settings.reminders():
            found |= {*own.lengths, *([LONGEST_SHARE] if own.percents else [])}
        return found

    def of(self, row: Assignment, *, catalog_name: str) -> tuple[timedelta, ...]:
        """
        Return the rungs of one access, the longest first, each in whole minutes.

        Shares are of its whole time, and there are none where its start or its end is not known.
        """
        settings = self.package_settings.settings_for(
            row.package_name, package_id=row.package_id, catalog=catalog_name
        )
        own = settings.reminders
        if own is None:
            return tuple(sorted(set(self.rungs), reverse=True))
        shares: set[timedelta] = set()
        if row.starts_at is not None and row.ends_at is not None:
            lasts = row.ends_at - row.starts_at
            for percent in own.percents:
                share = min(lasts * percent / 100, LONGEST_SHARE)
                shares.add(share // MINUTE * MINUTE)
        kept = {*own.lengths, *(each for each in shares if each >= SHORTEST)}
        return tuple(sorted(kept, reverse=True))

    def of_each(
        self, db: Transaction, rows: Sequence[Assignment]
    ) -> Mapping[str, tuple[timedelta, ...]]:
        """Return the rungs of each of *rows*, by assignment id."""
        if not self.package_settings.reminders():
            same = tuple(sorted(set(self.rungs), reverse=True))
            return {row.id: same for row in rows}
        catalogs = catalog.catalogs_of(db, {row.package_id for row in rows})
        return {row.id: self.of(row, catalog_name=catalogs.get(row.package_id, "")) for row in rows}
