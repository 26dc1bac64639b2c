"""Let admins remove access, of one or of many: shown beforehand, with a reason, each a request of its own."""

from collections.abc import Callable, Collection, Sequence

from bot.assignments.model import Assignment
from bot.assignments.store import assignment_lists
from bot.assignments.transactions import get_current
from bot.database import Store, Transaction
from bot.errors import NotAllowed
from bot.packages.catalog import OfferedPackages
from bot.paging import Place
from bot.patience import in_time
from bot.people.guard import Guard
from bot.people.model import Verb
from bot.requests.transactions.creation import Submitted
from bot.requests.transactions.remove import remove
from bot.requests.transactions.remove_several import (
    MOST_TOGETHER,
    Removable,
    SeveralRemoved,
    removable,
    remove_listed,
    remove_several,
)
from bot.words import N_


class Removals:
    """
    Every removal by an admin.

    Whether they are one is checked by what was read lately when they look and when they confirm, and read afresh for
    each request before it happens; before the form that removes everything opens, too, if that is known in time.
    """

    def __init__(
        self,
        *,
        store: Store,
        guard: Guard,
        offering: OfferedPackages,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._guard = guard
        self._offering = offering
        self._wake = wake

    async def find(self, *, slack_user: str, assignment_id: str) -> tuple[Assignment, bool]:
        """
        Return an access that is to be removed, and whether Entra gives it by itself.

        Raises:
            NotAllowed: Not an admin, by what was read lately.
            TooLate: It is over.
        """
        await self._guard.check_admin(slack_user, assignment_id)
        offered, row = await self._offering.beside(get_current, assignment_id)
        return row, row.policy_id in offered.automatic

    async def namesakes(self, rows: Sequence[Assignment]) -> frozenset[str]:
        """Return Entra ids of those of *rows* whose name somebody else has who holds anything, be it on another page."""
        return await self._store.read(_namesakes, rows)

    async def find_reason_against(self, *, slack_user: str) -> str | None:
        """
        Return why somebody may not remove anything, which is written down; None if they may, or that is not known in time.

        Reads Slack and Entra: for after the answer to Slack, never before it.
        """
        why = await self._guard.find_reason_against(slack_user, Verb.REMOVE)
        if why is not None:
            await self._guard.refused(slack_user, why)
        return why

    async def listed(self, *, slack_user: str, place: Place, of_leaver: bool = False) -> Removable:
        """
        Return what of a list can be removed with one confirmation.

        Args:
            of_leaver: With the person's open requests, which are canceled.

        Raises:
            NotAllowed: Not an admin, by what was read lately; or the list is of everybody and everything.
        """
        await self._guard.check_admin(slack_user)
        _check_narrowed(place)
        return await self._store.read(removable, place, of_leaver=of_leaver)

    async def remove(self, *, slack_user: str, assignment_id: str, reason: str) -> Submitted:
        """
        Save an admin's request to remove one access.

        Raises:
            NotAllowed: Not an admin, by what was read lately.
            TooLate: It is over.
        """
        await self._guard.check_admin(slack_user, assignment_id)
        submitted = await self._store.run(
            in_time(remove), slack_user, assignment_id, Verb.REMOVE, reason
        )
        self._wake()
        return submitted

    async def remove_chosen(
        self, *, slack_user: str, assignment_ids: Collection[str], reason: str
    ) -> SeveralRemoved:
        """
        Save an admin's requests to remove what they have chosen, *reason* for all.

        Raises:
            NotAllowed: Not an admin, by what was read lately; or more than one confirmation removes.
        """
        await self._guard.check_admin(slack_user)
        if len(assignment_ids) > MOST_TOGETHER:
            raise NotAllowed(
                N_("No more than {count} are removed with one confirmation.").format(
                    count=MOST_TOGETHER
                )
            )
        done = await self._store.run(in_time(remove_several), slack_user, assignment_ids, reason)
        self._wake()
        return done

    async def remove_listed(
        self,
        *,
        slack_user: str,
        place: Place,
        fingerprint: str,
        reason: str,
        of_leaver: bool = False,
    ) -> SeveralRemoved:
        """
        Save an admin's requests to remove all of a list, as it was shown to them.

        Raises:
            NotAllowed: Not an admin, by what was read lately; or the list is of everybody and everything.
            ListChanged: It is another list now; nothing was asked for.
        """
        await self._guard.check_admin(slack_user)
        _check_narrowed(place)
        done = await self._store.run(
            in_time(remove_listed), slack_user, place, fingerprint, reason, of_leaver=of_leaver
        )
        self._wake()
        return done


def _check_narrowed(place: Place) -> None:
    if place.package_id is None and not place.entra_ids:
        raise NotAllowed(N_("Please search for one person or one package first."))


def _namesakes(db: Transaction, rows: Sequence[Assignment]) -> frozenset[str]:
    names = {row.holder_name for row in rows if row.holder_name}
    shared = {name for name in names if len(assignment_lists.find_by_name(db, name)) > 1}
    return frozenset(row.entra_id for row in rows if row.holder_name in shared)
