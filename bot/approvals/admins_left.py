"""Count the admins who could decide a request in place of its approvers, by what is known of them here."""

from collections.abc import Collection
from dataclasses import dataclass

from bot.database import Store
from bot.people.actors import Permissions
from bot.people.store import people
from bot.requests.model import Request


@dataclass(frozen=True, kw_only=True)
class AdminsLeft:
    """Knows who the admins are, and which of them nobody lets decide: it is their own, or they have decided before."""

    store: Store
    permissions: Permissions

    async def count(self, request: Request, *, beside: Collection[str | None]) -> int | None:
        """
        Return how many could decide the stage that waits; None if it is not known who the admins are.

        Whom nobody knows in Entra yet is counted: it is judged when they click.

        Args:
            beside: Entra ids of those who do not count: they have decided, or are named themselves.
        """
        if not self.permissions.may_admins_stand_in(request):
            return 0
        admins = self.permissions.admins_known_now
        if admins is None:
            return None
        bound = await self.store.read(people.find_each, admins)
        own = (request.entra_id, request.asker_entra_id, *beside)
        excluded = {each.casefold() for each in own if each is not None}
        left = {
            bound[admin].entra_id.casefold() if admin in bound else admin
            for admin in admins - {request.holder, request.asked_by}
        }
        return len(left - excluded)
