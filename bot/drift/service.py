"""List drift for admins, and take what they press."""

from collections.abc import Callable
from datetime import datetime

from bot.database import Store, Transaction
from bot.drift.model import CheckResult, Mismatch, ShownMismatch
from bot.drift.store import checks, mismatches
from bot.drift.transactions import open_mismatch, shown, want
from bot.paging import FIRST, Page, Start
from bot.people.guard import Guard
from bot.people.interaction_audit import ListRead, read_list
from bot.people.model import Verb
from bot.people.permissions import Actor


class DriftService:
    """Every operation on drift that begins in Slack."""

    def __init__(self, *, store: Store, guard: Guard, wake: Callable[[], None]) -> None:
        self._store = store
        self._guard = guard
        self._wake = wake

    async def page(self, *, slack_user: str, start: Start = FIRST) -> Page[ShownMismatch]:
        """
        Return a page of open mismatches.

        Raises:
            NotAllowed: Not an admin.
        """
        await self._guard.check_admin(slack_user)
        seen = ListRead(slack_user=slack_user, of="drift")
        return await self._store.run(read_list, seen, _page, start=start)

    async def last_check(self) -> CheckResult | None:
        """Return what the last check that came to its end says of itself; None if there was none yet."""
        return await self._store.read(checks.last)

    async def find(self, *, slack_user: str, mismatch_id: str) -> ShownMismatch:
        """
        Return a mismatch of which nobody has said anything.

        Raises:
            NotAllowed: Not an admin, by what was read lately.
            TooLate: It is settled, or has passed.
        """
        await self._guard.check_admin(slack_user, mismatch_id)
        return await self._store.read(_shown, mismatch_id)

    async def adopt(self, *, slack_user: str, mismatch_id: str) -> ShownMismatch:
        """
        Save that an admin says it is right as it is; read afresh who they are before that is so.

        Raises:
            NotAllowed: Not an admin, by what was read lately; or it is about their own access.
            TooLate: It is settled, or has passed.
        """
        return await self._want(slack_user, mismatch_id, Verb.ADOPT)

    async def ignore(
        self, *, slack_user: str, mismatch_id: str, until: datetime, why: str | None
    ) -> ShownMismatch:
        """
        Save that an admin does not want to be told of it until a moment; as `adopt`.

        Raises:
            NotAllowed, TooLate: As of `adopt`.
        """
        return await self._want(slack_user, mismatch_id, Verb.IGNORE, until=until, why=why)

    async def _want(
        self,
        slack_user: str,
        mismatch_id: str,
        verb: Verb,
        *,
        until: datetime | None = None,
        why: str | None = None,
    ) -> ShownMismatch:
        await self._guard.check_admin(slack_user, mismatch_id)
        actor = Actor(slack_user=slack_user, is_admin=self._guard.is_admin(slack_user))
        wanted: Mismatch = await self._guard.run(
            want, slack_user, mismatch_id, verb, actor, until=until, why=why
        )
        self._wake()
        return await self._store.read(shown, wanted)


def _page(db: Transaction, *, start: Start) -> Page[ShownMismatch]:
    page = mismatches.open_ones(db, start=start)
    return Page(
        rows=[shown(db, each) for each in page.rows],
        marks=page.marks,
        count=page.count,
        skipped=page.skipped,
    )


def _shown(db: Transaction, mismatch_id: str) -> ShownMismatch:
    return shown(db, open_mismatch(db, mismatch_id))
