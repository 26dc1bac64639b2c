"""List what somebody can open of a package that they have."""

from typing import Final

from bot.assignments.model import Assignment, can_be_opened
from bot.assignments.store import assignment_lists
from bot.errors import NotAllowed
from bot.packages.catalog import OfferedPackages
from bot.packages.opening import Opening
from bot.words import N_

NOT_THERE: Final = N_(
    "You do not have that access now, or it is not all there yet. `/my-access` shows what you have."
)
NOTHING_TO_OPEN: Final = N_("There is nothing to open any more for that package.")


class AccessOpenings:
    """Tells whoever has a package what they can open with it."""

    def __init__(self, *, offering: OfferedPackages) -> None:
        self._offering = offering

    async def of_package(
        self, *, slack_user: str, package_id: str
    ) -> tuple[Assignment, tuple[Opening, ...]]:
        """
        Return what somebody has of a package, and all that they can open with it.

        Raises:
            NotAllowed: They do not have it, or not all of it yet; or there is nothing to open any more.
        """
        offered, held = await self._offering.beside(
            assignment_lists.own_of_package, slack_user, package_id
        )
        there = next(filter(can_be_opened, held), None)
        if there is None:
            raise NotAllowed(NOT_THERE)
        found = offered.opened_by([package_id]).get(package_id, ())
        if not found:
            raise NotAllowed(NOTHING_TO_OPEN)
        return there, tuple(found)
