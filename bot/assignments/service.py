"""
Take what holders and admins want of an assignment that makes no request.

Each method is one short transaction and nothing remote.
"""

from collections.abc import Callable

from bot.assignments.model import Assignment
from bot.assignments.transactions import let_end, remind_again, reprocess
from bot.database import Store, Transaction
from bot.patience import in_time
from bot.people.guard import Guard


class AssignmentService:
    """Every operation on assignments that begins in Slack and makes no request."""

    def __init__(
        self,
        *,
        store: Store,
        guard: Guard,
        wake: Callable[[], None],
        is_reminder_to_come: Callable[[Transaction, str], bool],
    ) -> None:
        self._store = store
        self._guard = guard
        self._wake = wake
        self._is_reminder_to_come = is_reminder_to_come

    async def let_end(self, *, slack_user: str, assignment_id: str) -> Assignment:
        """
        Save that the holder is fine with the end: no more reminders of it.

        Raises:
            NotAllowed, TooLate: Not theirs, or over.
        """
        assignment = await self._guard.run(let_end, slack_user, assignment_id)
        self._wake()
        return assignment

    async def remind_again(self, *, slack_user: str, assignment_id: str) -> tuple[Assignment, bool]:
        """
        Save that the holder wants to be reminded after all of the end that they were fine with.

        Returns also whether a reminder of it is still to come.

        Raises:
            NotAllowed, TooLate: Not theirs, or over.
        """
        found = await self._guard.run(
            remind_again, slack_user, assignment_id, self._is_reminder_to_come
        )
        self._wake()
        return found

    async def reprocess(self, *, slack_user: str, assignment_id: str) -> Assignment:
        """
        Save that an admin wants Entra to process an assignment again; read afresh before it happens.

        Raises:
            NotAllowed: Not an admin, by what was read lately.
            TooLate: It is over, or all of it is there.
        """
        await self._guard.check_admin(slack_user, assignment_id)
        assignment = await self._store.run(in_time(reprocess), slack_user, assignment_id)
        self._wake()
        return assignment
