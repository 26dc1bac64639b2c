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
from bot.database.replicas import deduplication
from bot.errors import LatchkeyError
from bot.packages import names as package_names
from bot.packages.catalog import OfferedPackages, PackageSnapshot
from bot.packages.model import Package
from bot.paging import FIRST, ROWS_A_PAGE, ListName, Page, Place, Start
from bot.people.guard import Guard
from bot.people.interaction_audit import ListRead, read_list, record_list


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
        offered, page = await self._offering.beside_written(
            read_list,
            _seen(slack_user, place, key=key),
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
        known = await self._offering.known()
        likely = _understood(text, known)
        offered, page = await self._offering.beside_written(
            _page_of, slack_user, likely, key=key, start=start, rows=rows
        )
        sought = likely
        if sought is None or offered is not known:
            # In the words of the newest catalog.
            sought = parse_query(text, offered.everything)
            page = page if sought == likely else None
        if sought.named is None:
            package_id = _id_of(sought.package)
            if page is None:
                page = await self._store.run(
                    _of_package, slack_user, package_id, start=start, rows=rows
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
            await self._suggest(slack_user, sought)
            if sought.package is not None:
                raise
            raise unknown_package(text, offered.everything, or_person=True) from None
        # Before it is shown: what was typed may be an e-mail address, and whose it is was not known before.
        await self._store.run(record_list, _seen(slack_user, found.place, sought.named.slack_user))
        return replace(found, automatic=offered.automatic)

    async def _suggest(self, slack_user: str, sought: PersonQuery) -> None:
        """
        Look who may be meant by a part of their name.

        Raises:
            WhichPerson: There are some.
            LookUpFailed: It is not known.
        """
        name = package_names.clean(sought.named.name or "") if sought.named else ""
        found = await self._whom.nearest(name)
        if found:
            await self._store.run(record_list, ListRead(slack_user=slack_user, of="names"))
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
    db: Transaction,
    slack_user: str,
    sought: PersonQuery | None,
    *,
    key: str | None = None,
    start: Start,
    rows: int,
) -> Page[Assignment] | None:
    """
    Return a page of who has what is sought, which is written down; None if that is about one person, or cannot be told.

    Raises:
        SeenBefore: This has come in before.
    """
    if sought is None or sought.named is not None:
        deduplication.check_new(db, key)
        return None
    return _of_package(db, slack_user, _id_of(sought.package), key=key, start=start, rows=rows)


def _of_package(
    db: Transaction,
    slack_user: str,
    package_id: str | None,
    *,
    key: str | None = None,
    start: Start,
    rows: int,
) -> Page[Assignment]:
    seen = _seen(slack_user, Place(list=ListName.ASSIGNMENTS, package_id=package_id), key=key)
    return read_list(db, seen, assignment_lists.page, package_id=package_id, start=start, rows=rows)


def _seen(
    slack_user: str, place: Place, mentioned: str | None = None, *, key: str | None = None
) -> ListRead:
    """Return who sees which list, for the audit log: by ids, for what was typed may be an e-mail address."""
    about = (place.package_id, mentioned, *place.entra_ids)
    return ListRead(slack_user=slack_user, of="assignments", about=about, key=key)


def _id_of(package: Package | None) -> str | None:
    return package.id if package else None
