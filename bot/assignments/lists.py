"""
Show admins who has which access, and find what their words mean.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.assignments.model import Assignment
from bot.assignments.person_query import PERSON, PersonQuery, parse_query, unknown_package
from bot.assignments.search import Listing, NobodyFound, PersonSearch, WhichPerson
from bot.assignments.store import assignment_lists
from bot.database import Store, Transaction
from bot.errors import LatchkeyError
from bot.packages import names as package_names
from bot.packages.catalog import OfferedPackages, PackageSnapshot
from bot.packages.model import Package
from bot.paging import FIRST, ROWS_A_PAGE, ListName, Page, Place, Start
from bot.people.guard import Guard
from bot.people.interaction_audit import ListRead, read_list


class AssignmentLists:
    """The admins' lists of assignments, a page at a time."""

    def __init__(
        self,
        *,
        store: Store,
        guard: Guard,
        whom: PersonSearch,
        offering: OfferedPackages,
    ) -> None:
        self._store = store
        self._guard = guard
        self._whom = whom
        self._offering = offering

    async def page(
        self,
        *,
        slack_user: str,
        place: Place,
        key: str | None = None,
        rows: int = ROWS_A_PAGE,
    ) -> Listing:
        """
        Return a page of who has what, from a place in that list on, for an admin's list.

        Raises:
            NotAllowed: Not an admin.
            SeenBefore: This has come in before.
        """
        await self._guard.check_admin(slack_user, key=key)
        about = [each for each in (place.package_id, *place.entra_ids) if each]
        seen = ListRead(
            slack_user=slack_user, of="assignments", about=" ".join(about) or None, key=key
        )
        offered, page = await self._offering.beside_written(
            read_list,
            seen,
            assignment_lists.page,
            package_id=place.package_id,
            entra_ids=place.entra_ids or None,
            start=place.start,
            rows=rows,
        )
        return Listing(
            page=page,
            place=place,
            whom=await self._whom.of_ids(place.entra_ids, page.rows) if place.entra_ids else None,
            package=offered.package(place.package_id) if place.package_id else None,
            automatic=offered.automatic,
        )

    async def shown(self, entra_ids: Sequence[str]) -> str:
        """Return who has these object ids, fit for Slack; where nobody here knows it, Entra is asked."""
        return (await self._whom.of_ids(entra_ids)).shown

    async def look_up(
        self,
        *,
        slack_user: str,
        text: str,
        start: Start = FIRST,
        key: str | None = None,
        rows: int = ROWS_A_PAGE,
    ) -> Listing:
        """
        Find who has what, for an admin's list; *text* as typed, a package, a person or both.

        Args:
            rows: Of a page about no one person.

        About a person Slack and Entra may be asked: that takes as long as they do.

        Raises:
            NotAllowed: Not an admin.
            UnknownPackage: With the nearest names.
            WhichPackage: Several bear the name.
            WhichPerson: Nobody is called that, and some may be meant.
            CannotTell: It is not known who is meant, or what they hold.
            SeenBefore: This has come in before.
        """
        await self._guard.check_admin(slack_user, key=key)
        seen = ListRead(
            slack_user=slack_user, of="assignments", about=text.strip() or None, key=key
        )
        known = await self._offering.known()
        likely = _understood(text, known)
        offered, page = await self._offering.beside_written(
            read_list, seen, _page_of, likely, start=start, rows=rows
        )
        sought = likely
        if sought is None or offered is not known:
            # In the words of the newest catalog, and with the look written down.
            sought, page = parse_query(text, offered.everything), None
        if sought.named is None:
            package_id = _id_of(sought.package)
            if page is None:
                page = await self._store.read(
                    assignment_lists.page, package_id=package_id, start=start, rows=rows
                )
            return Listing(
                page=page,
                place=Place(list=ListName.ASSIGNMENTS, package_id=package_id, skip=start.skip),
                package=sought.package,
                automatic=offered.automatic,
            )
        try:
            found = await self._whom.look_up(sought.named, sought.package, start=start)
        except NobodyFound:
            await self._suggest(sought)
            if sought.package is not None:
                raise
            raise unknown_package(text, offered.everything, or_person=True) from None
        return replace(found, automatic=offered.automatic)

    async def _suggest(self, sought: PersonQuery) -> None:
        """
        Look who may be meant by a part of their name.

        Raises:
            WhichPerson: There are some.
            LookUpFailed: It is not known.
        """
        name = package_names.clean(sought.named.name or "") if sought.named else ""
        found = await self._whom.nearest(name)
        if found:
            raise WhichPerson(name, _id_of(sought.package), found)

    async def read_removal(
        self, *, slack_user: str, text: str, key: str | None = None
    ) -> package_names.NameAndReason:
        """
        Take an admin's *text* apart, in which a person and a package are named and perhaps a reason given.

        That it came in is left to be noted with what comes of it.

        Raises:
            NotAllowed: Not an admin.
            WhichPackage: Several may be meant.
            SeenBefore: They were refused, or asked what they mean, and this has come in before.
        """
        await self._guard.check_admin(slack_user, key=key)
        everything = (await self._offering.now()).everything
        match = everything.read(text, ignoring=PERSON)
        if match.packages:
            try:
                match.only()
            except LatchkeyError:
                await self._guard.note(key)
                raise
        return package_names.NameAndReason(name=match.name, reason=match.reason)


def _understood(text: str, offered: PackageSnapshot) -> PersonQuery | None:
    """Return what an admin has typed, taken apart; None if it cannot be told."""
    try:
        return parse_query(text, offered.everything)
    except LatchkeyError:
        return None


def _page_of(
    db: Transaction, sought: PersonQuery | None, *, start: Start, rows: int
) -> Page[Assignment] | None:
    """Return a page of who has what is sought; None if that is about one person, or cannot be told."""
    if sought is None or sought.named is not None:
        return None
    return assignment_lists.page(db, package_id=_id_of(sought.package), start=start, rows=rows)


def _id_of(package: Package | None) -> str | None:
    return package.id if package else None
