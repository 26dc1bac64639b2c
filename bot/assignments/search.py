"""
Find whose access an admin means: somebody mentioned, or named by e-mail address, object id or name.

Access is somebody's in Entra, whether or not they are in Slack: those who have left, guests, and people whom we have
never met are found as well.  What cannot be told is said so, and never called nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from bot import clock
from bot.assignments.model import Assignment
from bot.assignments.person_query import OTHERWISE, NamedPerson
from bot.assignments.sightings import row_of
from bot.assignments.store import assignment_lists, assignments
from bot.assignments.store.assignment_lists import MOST_NAMES
from bot.database import Store, Transaction
from bot.errors import LatchkeyError
from bot.messages.blocks.parts import escape, person
from bot.packages import names as package_names
from bot.packages.bounds import EVERYWHERE, Bounds
from bot.packages.model import Package
from bot.packages.store import catalog
from bot.paging import FIRST, ListName, Page, Place, Start
from bot.people.identity import UNKNOWN_TO_SLACK, People
from bot.people.store import people
from bot.slack.api import Slack
from bot.slack.errors import SlackError, SlackRefused
from bot.words import N_, _, translate
from bot.words.formats import all_of
from graph import Graph
from graph.errors import GraphError, NotFound
from graph.models import AccessPackageAssignment, User

UNREACHABLE: Final = N_(
    "I cannot tell just now: Slack or Entra does not answer as it should. Please try again in a minute."
)


class LookUpFailed(LatchkeyError):
    """It is not known who is meant, or what they hold; the sentence says why."""


class NobodyFound(LookUpFailed):
    """Nobody has the name that was given."""


class WhichPerson(LatchkeyError):
    """
    Nobody has the name that was given, and the names or surnames of some begin so.

    Attributes:
        name: What was typed.
        package_id: The package that was asked about besides.
        people: Their names by Entra id; one more than are to be shown, if there are more.
    """

    def __init__(self, name: str, package_id: str | None, people: Mapping[str, str]) -> None:
        super().__init__(N_("Nobody is called “{name}”.").format(name=name[:80]))
        self.name = name
        self.package_id = package_id
        self.people = people


@dataclass(frozen=True, kw_only=True)
class ResolvedPerson:
    """
    A person in Entra, as somebody has named them.

    Attributes:
        shown: How to say who that is, fit for Slack.
        doubt: Why it may be somebody else; None if it is certainly this one person.
    """

    entra_ids: tuple[str, ...]
    shown: str
    doubt: str | None = None


@dataclass(frozen=True, kw_only=True)
class Listing:
    """
    A page of who holds what.

    Attributes:
        place: Which list, and where it begins.
        whom: Whom it was asked about,
        package: which package,
        note: and what is to be said besides.
        automatic: Ids of the policies under which Entra gives access by itself.
    """

    page: Page[Assignment]
    place: Place
    whom: ResolvedPerson | None = None
    package: Package | None = None
    note: str | None = None
    automatic: frozenset[str] = frozenset()

    @property
    def package_name(self) -> str | None:
        """Return the name of the package that it was asked about, also of one that is gone; None: about all of them."""
        if self.place.package_id is None:
            return None
        if self.package is not None:
            return self.package.name
        named = (row.package_name for row in self.page.rows)
        return next(named, _("a package that is not offered any more"))


class PersonSearch:
    """Finds people in Entra, and asks there what they hold."""

    def __init__(
        self,
        *,
        store: Store,
        slack: Slack,
        graph: Graph,
        people: People,
        bounds: Bounds = EVERYWHERE,
    ) -> None:
        self._store = store
        self._slack = slack
        self._graph = graph
        self._people = people
        self._bounds = bounds

    async def look_up(
        self, named: NamedPerson, package: Package | None, *, start: Start = FIRST
    ) -> Listing:
        """
        Find what somebody holds: by what we know of them, or else as Entra says.

        Raises:
            CannotTell: Who it is, or what they hold, is not known.
        """
        try:
            whom = await self.find(named)
            return await self._held(whom, package, start)
        except (SlackError, GraphError):
            raise LookUpFailed(UNREACHABLE) from None

    async def of_ids(
        self, entra_ids: Sequence[str], rows: Sequence[Assignment] = ()
    ) -> ResolvedPerson:
        """
        Return who has these object ids, by name where somebody knows it.

        Args:
            rows: What they hold, as far as it is at hand.
        """
        names = {row.entra_id: row.holder_name for row in rows if row.holder_name}
        for entra_id in set(entra_ids) - names.keys():
            for known in await self._store.read(people.for_entra_id, entra_id):
                names[entra_id] = known.entra_name
        unknown = [each for each in entra_ids if each not in names]
        try:
            users = await self._graph.users.get_many(unknown) if unknown else {}
        except GraphError:
            users = {}
        names |= {
            user.id: user.display_name for user in users.values() if user and user.display_name
        }
        shown = dict.fromkeys(
            escape(name) if (name := names.get(each)) else translate(_by_id(each))
            for each in entra_ids
        )
        return _meant(entra_ids, all_of(list(shown)))

    async def nearest(self, name: str) -> dict[str, str]:
        """
        Return who may be meant by the beginning of a name or a surname: whom we know first, then whoever Entra knows.

        Names by Entra id; one more than `MOST_NAMES`, if there are more.

        Raises:
            LookUpFailed: We know nobody, and Entra does not answer.
        """
        known = await self._store.read(_names_starting_with, name)
        if not name or len(known) > MOST_NAMES:
            return known
        try:
            users = await self._graph.users.named_like(name, most=MOST_NAMES + 1)
        except GraphError:
            if known:
                return known
            raise LookUpFailed(UNREACHABLE) from None
        found = {
            user.id: user.display_name or user.user_principal_name or user.id for user in users
        }
        return dict(islice((known | _in_order(found, but=known)).items(), MOST_NAMES + 1))

    async def find(self, named: NamedPerson) -> ResolvedPerson:
        """
        Find who in Entra is meant.

        Raises:
            CannotTell: Nobody, or nobody that can be found in this way.
            SlackError, GraphError: It could not be read.
        """
        if named.slack_user is not None:
            return await self._mentioned(named.slack_user)
        if named.email is not None:
            users = await self._people.entra_users(named.email)
            if not users:
                raise LookUpFailed(
                    N_(
                        "Nobody in Entra has the address {email}, so I cannot tell who that is. {hint}"
                    ).format(email=named.email, hint=OTHERWISE)
                )
            return _meant([user.id for user in users], escape(named.email))
        if named.entra_id is not None:
            return _meant([named.entra_id], _by_id(named.entra_id))
        return await self._called(named.name or "")

    async def _mentioned(self, slack_user: str) -> ResolvedPerson:
        """Return the Entra user whom we know them by, and whoever has their address now, which may be another."""
        bound = await self._store.read(people.find, slack_user)
        known = [bound.entra_id] if bound else []
        shown = person(slack_user)
        try:
            users, doubt = await self._by_address(slack_user)
        except LookUpFailed:
            if bound is None:
                raise
            return _meant(known, shown)
        except (SlackError, GraphError):
            if bound is None:
                raise
            return _meant(
                known, shown, doubt=N_("I could not look now whether they have another account.")
            )
        found = list(dict.fromkeys((*known, *(user.id for user in users))))
        return _meant(found, shown, doubt=None if found == known else doubt)

    async def _by_address(self, slack_user: str) -> tuple[Sequence[User], str | None]:
        """Return whoever in Entra has the address of a Slack account, and why that may be somebody else."""
        try:
            profile = await self._slack.users.get(slack_user)
        except SlackRefused as refused:
            if refused.error in UNKNOWN_TO_SLACK:
                raise LookUpFailed(
                    N_(
                        "I cannot tell who that is: Slack does not show me that account. {hint}"
                    ).format(hint=OTHERWISE)
                ) from None
            raise
        if profile.shown_email is None:
            raise LookUpFailed(
                N_(
                    "I cannot tell who {name} is in Entra: Slack shows me no e-mail address of theirs. "
                    "{hint}"
                ).format(name=profile.name, hint=OTHERWISE)
            )
        users = await self._people.entra_users(profile.shown_email)
        if not users:
            raise LookUpFailed(
                N_(
                    "I cannot tell who {name} is in Entra: nobody there has the e-mail address of their "
                    "Slack profile. {hint}"
                ).format(name=profile.name, hint=OTHERWISE)
            )
        if profile.is_confirmed is False:
            return (
                users,
                N_(
                    "Slack does not call the e-mail address of their profile confirmed, so it may be "
                    "another's."
                ),
            )
        names = {(user.display_name or "").casefold() for user in users}
        if profile.not_a_member is not None and names != {profile.name.casefold()}:
            # Addresses are given to somebody else when people leave.
            return (
                users,
                N_(
                    "That is {member} with another name in Entra, so it may be somebody else."
                ).format(member=profile.not_a_member),
            )
        return users, None

    async def _called(self, name: str) -> ResolvedPerson:
        known = await self._store.read(_known_as, name)
        users = await self._graph.users.find_called(name)
        found = dict.fromkeys((*known, *(user.id for user in users)))
        if not found:
            raise NobodyFound(
                N_("I cannot tell who “{name}” is: nobody is called that. {hint}").format(
                    name=package_names.clean(name)[:80], hint=OTHERWISE
                )
            )
        return _meant(list(found), escape(name))

    async def _held(self, whom: ResolvedPerson, package: Package | None, start: Start) -> Listing:
        package_id = package.id if package else None
        place = Place(
            list=ListName.ASSIGNMENTS,
            package_id=package_id,
            entra_ids=whom.entra_ids,
            skip=start.skip,
        )
        page = await self._store.read(_page, place, start)
        if page.rows or page.is_beyond:
            return Listing(page=page, place=place, whom=whom, package=package)
        # We may not have seen it yet: Entra is the one to say that there is nothing.
        shown = [
            held
            for entra_id in whom.entra_ids
            for held in await self._graph.assignments.list(user_id=entra_id, package_id=package_id)
            if not held.is_expired
        ]
        if self._bounds.are_set:
            # The sync copies only what is within them.
            within = {each.id for each in await self._store.read(catalog.list_all)}
            shown = [
                held for held in shown if held.access_package and held.access_package.id in within
            ]
        saved = [await self._save(held) for held in shown]
        if shown and not any(saved):
            raise LookUpFailed(
                N_(
                    "I cannot tell: Entra lists access of theirs that I cannot place. Please look there, "
                    "or try again in a minute."
                )
            )
        page = await self._store.read(_page, place, start)
        note = (
            None
            if all(saved)
            else N_("Entra lists more of theirs that I cannot place: look there.")
        )
        return Listing(page=page, place=place, whom=whom, package=package, note=note)

    async def _save(self, held: AccessPackageAssignment) -> bool:
        """Write down what Graph lists; False if it is not understood, or has ended as far as we know."""
        row = row_of(held, {})
        if row is None:
            return False
        if await self._store.run(assignments.save_live, row):
            return True
        # A list may lag; asked for by its id, it counts.
        read_at = clock.real()
        try:
            found = await self._graph.assignments.get(held.id)
        except NotFound:
            return False
        row = None if found.is_expired else row_of(found, {})
        return row is not None and await self._store.run(
            assignments.save_live, row, read_by_id_at=read_at
        )


def _names_starting_with(db: Transaction, beginning: str) -> dict[str, str]:
    """Return whose names begin so: of those who hold something, and of those whom we know otherwise."""
    most = MOST_NAMES + 1
    known = people.names_starting_with(db, beginning, most=most)
    found = known | assignment_lists.names_starting_with(db, beginning)
    return dict(islice(_in_order(found).items(), most))


def _in_order(names: Mapping[str, str], *, but: Collection[str] = ()) -> dict[str, str]:
    """Return names by Entra id in the order of the names, without those of *but*."""
    in_order = sorted(names.items(), key=lambda each: (each[1].casefold(), each[0]))
    return {entra_id: name for entra_id, name in in_order if entra_id not in but}


def _by_id(entra_id: str) -> str:
    return N_("whoever has the object id {entra_id}").format(entra_id=entra_id)


def _meant(entra_ids: Sequence[str], shown: str, *, doubt: str | None = None) -> ResolvedPerson:
    if len(entra_ids) > 1:
        doubt = N_("{count} accounts in Entra fit.").format(count=len(entra_ids))
    return ResolvedPerson(entra_ids=tuple(entra_ids), shown=shown, doubt=doubt)


def _page(db: Transaction, place: Place, start: Start) -> Page[Assignment]:
    return assignment_lists.page(
        db, package_id=place.package_id, entra_ids=place.entra_ids, start=start
    )


def _known_as(db: Transaction, name: str) -> list[str]:
    """Return Entra ids of those whom we know by that name."""
    bound = [each.entra_id for each in people.find_by_name(db, name)]
    return list(dict.fromkeys((*bound, *assignment_lists.find_by_name(db, name))))
