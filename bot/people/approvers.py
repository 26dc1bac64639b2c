"""
Find who decides a stage of a request, as the policy in Entra names them at this moment.

Fallback approvers are asked when nobody can be found in the first place, and the fallback of the escalation when
escalation finds nobody.  Found is whoever is in the directory, enabled, and not the requester.

Source: Microsoft Learn, "Change approval settings for an access package"; Graph reference,
accessPackageApprovalStage, and the kinds of subjectSet.
"""

from collections.abc import AsyncGenerator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any, Final

from bot.packages.model import Stage
from bot.packages.policy_terms import names_known_approvers
from bot.people.model import NamedAs
from bot.requests.model import Request
from graph import Graph
from graph.errors import MembersHidden, NotFound
from graph.models import DirectoryObject, User

Subjects = Sequence[Mapping[str, Any]]

# Types of directory objects that can decide; "directoryobject" and none at all may be either.
PEOPLE: Final = frozenset({"user", "directoryobject", ""})
GROUPS: Final = frozenset({"group", "directoryobject", ""})

# By the kind of subject set; all others are sponsors.
NAMED_AS: Final[Mapping[str, NamedAs]] = {
    "singleuser": NamedAs.USER,
    "groupmembers": NamedAs.GROUP,
    "requestormanager": NamedAs.MANAGER,
    "targetmanager": NamedAs.MANAGER,
}


class UnresolvedApprovers(Exception):
    """It cannot be told who decides, which is not the same as nobody."""


class HiddenApprovers(UnresolvedApprovers):
    """A group of approvers hides its members, so that it cannot be told who decides."""

    def __init__(self) -> None:
        super().__init__("A group of approvers hides its members.")


class Approvers:
    """Looks up the people whom a policy names; reads Graph each time."""

    def __init__(self, *, graph: Graph) -> None:
        self._graph = graph

    async def find(self, stage: Stage, request: Request, *, most: int) -> list[User]:
        """
        Return those who may decide *stage* now; no more is read of long groups than that takes.

        Args:
            most: So many at most of the approvers, and of those of the escalation so many more.

        Raises:
            UnresolvedApprovers: Who that is cannot be told.
            GraphError: It could not be read.
        """
        return [user for user, _ in await self.find_named(stage, request, most=most)]

    async def find_named(
        self, stage: Stage, request: Request, *, most: int
    ) -> list[tuple[User, NamedAs]]:
        """
        Return who may decide *stage* now, as `find` does, and why each of them is asked.

        Raises:
            UnresolvedApprovers, GraphError: As `find`.
        """
        found: dict[str, tuple[User, NamedAs]] = {}
        for named in self._lists(stage, request):
            room = len(found) + most
            async with aclosing(named) as each:
                async for user, named_as in each:
                    found.setdefault(user.id, (user, named_as))
                    if len(found) >= room:
                        break
        return list(found.values())

    async def has_any(
        self, stage: Stage, request: Request, *, beside: Collection[str] = ()
    ) -> bool:
        """
        Tell whether there is anybody who may decide *stage* now.

        Args:
            beside: Entra ids of those who do not count, because they have decided an earlier stage.

        Raises:
            UnresolvedApprovers, GraphError: As `find`.
        """
        for named in self._lists(stage, request):
            async with aclosing(named) as each:
                async for user, _ in each:
                    if user.id not in beside:
                        return True
        return False

    async def includes(self, stage: Stage, request: Request, entra_id: str) -> bool:
        """
        Tell whether somebody who is in the directory and enabled may decide *stage* now.

        Asks about this one person, and lists no group, unless it must be known whether anybody comes first.

        Raises:
            UnresolvedApprovers, GraphError: As `find`.
        """
        _check_understood(stage)
        if _same(entra_id, request.entra_id) or _same(entra_id, request.asker_entra_id):
            # Entra lets nobody approve their own request, and neither do we; nor what they ask for somebody else.
            return False
        if await self._is_either(stage.approvers, stage.fallback, request, entra_id):
            return True
        return request.escalated and await self._is_either(
            stage.escalation, stage.fallback_escalation, request, entra_id
        )

    async def check_understood(self, stages: Iterable[Stage], request: Request) -> None:
        """
        Make sure that it can be told of each stage who decides it, and of each group whether somebody is in it.

        Raises:
            UnresolvedApprovers: It cannot.
            GraphError: It could not be read.
        """
        groups: set[str] = set()
        for stage in stages:
            _check_understood(stage)
            for subject in (
                *stage.approvers,
                *stage.fallback,
                *stage.escalation,
                *stage.fallback_escalation,
            ):
                if subject["kind"] in {"internalsponsors", "externalsponsors"}:
                    await self._organization(request)
                elif subject["kind"] == "groupmembers":
                    groups.add(subject["group_id"])
        if await self._graph.hidden_members.among(groups):
            raise HiddenApprovers

    # -- everybody -------------------------------------------------------------------------

    def _lists(
        self, stage: Stage, request: Request
    ) -> Iterator[AsyncGenerator[tuple[User, NamedAs], None]]:
        """Yield who may decide *stage* now: the approvers, and once it is escalated, those of the escalation."""
        _check_understood(stage)
        yield self._either(stage.approvers, stage.fallback, request)
        if request.escalated:
            yield self._alternates(stage, request)

    async def _alternates(
        self, stage: Stage, request: Request
    ) -> AsyncGenerator[tuple[User, NamedAs], None]:
        later = self._either(stage.escalation, stage.fallback_escalation, request)
        async for user, _ in later:
            yield user, NamedAs.ESCALATION

    async def _either(
        self, first: Subjects, second: Subjects, request: Request
    ) -> AsyncGenerator[tuple[User, NamedAs], None]:
        """Yield the first, or if that is nobody, the second."""
        is_found = False
        async for user, named_as in self._who_can(first, request):
            is_found = True
            yield user, named_as
        if not is_found:
            async for user, _ in self._who_can(second, request):
                yield user, NamedAs.FALLBACK

    async def _who_can(
        self, subjects: Subjects, request: Request
    ) -> AsyncGenerator[tuple[User, NamedAs], None]:
        """
        Yield the people of *subjects* who exist, are enabled, and neither asked nor get the access.

        Raises:
            HiddenApprovers: None are seen, and a group hides its members.
        """
        is_found = is_hidden = False
        for subject in subjects:
            named_as = NAMED_AS.get(subject["kind"], NamedAs.SPONSOR)
            try:
                async for user in self._named_by(subject, request):
                    is_concerned = _same(user.id, request.entra_id) or _same(
                        user.id, request.asker_entra_id
                    )
                    if user.account_enabled is not False and not is_concerned:
                        is_found = True
                        yield user, named_as
            except NotFound:
                # The policy may still name somebody, or a group, that has been deleted: nobody.
                continue
            except MembersHidden:
                is_hidden = True
        if is_hidden and not is_found:
            raise HiddenApprovers

    async def _named_by(
        self, subject: Mapping[str, Any], request: Request
    ) -> AsyncGenerator[User, None]:
        match subject["kind"]:
            case "singleuser":
                yield await self._graph.users.get(subject["user_id"])
            case "groupmembers":
                async for user in self._graph.groups.each_member(subject["group_id"]):
                    yield user
            case "requestormanager" | "targetmanager":
                manager = await self._manager(subject, request)
                if manager is not None:
                    yield manager
            case _:
                for sponsor in await self._sponsors(subject, request):
                    async for user in self._behind(sponsor):
                        yield user

    async def _behind(self, sponsor: DirectoryObject) -> AsyncGenerator[User, None]:
        """Yield the people that a sponsor stands for: themselves, or a group's members."""
        person = await self._person(sponsor)
        if person is not None:
            yield person
        elif sponsor.kind in GROUPS:
            with suppress(NotFound):
                async for user in self._graph.groups.each_member(sponsor.id):
                    yield user

    async def _person(self, sponsor: DirectoryObject) -> User | None:
        """Return who a sponsor is; None if it is no person, or nobody any more."""
        if sponsor.kind in PEOPLE:
            with suppress(NotFound):
                return await self._graph.users.get(sponsor.id)
        return None

    # -- one person ------------------------------------------------------------------------

    async def _is_either(
        self, first: Subjects, second: Subjects, request: Request, entra_id: str
    ) -> bool:
        if await self._is_among(first, request, entra_id):
            return True
        if not await self._is_among(second, request, entra_id):
            return False
        async with aclosing(self._who_can(first, request)) as others:
            async for _ in others:
                return False
        return True

    async def _is_among(self, subjects: Subjects, request: Request, entra_id: str) -> bool:
        groups: set[str] = set()
        for subject in subjects:
            match subject["kind"]:
                case "singleuser":
                    if _same(subject["user_id"], entra_id):
                        return True
                case "groupmembers":
                    groups.add(subject["group_id"])
                case "requestormanager" | "targetmanager":
                    manager = await self._manager(subject, request)
                    if manager is not None and _same(manager.id, entra_id):
                        return True
                case _:
                    try:
                        sponsors = await self._sponsors(subject, request)
                    except NotFound:
                        continue
                    if any(_same(each.id, entra_id) for each in sponsors if each.kind in PEOPLE):
                        return True
                    groups |= {each.id for each in sponsors if each.kind in GROUPS}
        # Who is in a group that hides its members is no approver who can be told.
        return bool(await self._graph.users.shown_in(entra_id, groups))

    # -- relations -------------------------------------------------------------------------

    async def _manager(self, subject: Mapping[str, Any], request: Request) -> User | None:
        """
        Return so many steps above the requestor, or the target; None where the ladder ends.

        They are one, unless somebody asks for somebody else.
        """
        above: User | None = None
        current = request.entra_id
        if subject["kind"] == "requestormanager" and request.asker_entra_id is not None:
            current = request.asker_entra_id
        for _ in range(subject.get("manager_level", 1)):
            above = await self._graph.users.manager(current) if current else None
            if above is None:
                return None
            current = above.id
        return above

    async def _sponsors(
        self, subject: Mapping[str, Any], request: Request
    ) -> Sequence[DirectoryObject]:
        if subject["kind"] == "targetusersponsors":
            return await self._own_sponsors(request)
        organization = await self._organization(request)
        if organization is None:
            # "Only applicable to requests from users who are part of a connected organization."
            return ()
        organizations = self._graph.organizations
        if subject["kind"] == "internalsponsors":
            return await organizations.internal_sponsors(organization)
        return await organizations.external_sponsors(organization)

    async def _own_sponsors(self, request: Request) -> Sequence[DirectoryObject]:
        if request.entra_id is None:
            return ()
        return await self._graph.users.sponsors(request.entra_id)

    async def _organization(self, request: Request) -> str | None:
        """
        Return the requester's connected organization; None if they have none.

        Raises:
            UnresolvedApprovers: Somebody from outside whom entitlement management has not placed yet.
        """
        if request.entra_id is None:
            return None
        try:
            return await self._graph.organizations.of(request.entra_id)
        except NotFound:
            user = await self._graph.users.get(request.entra_id)
        if (user.user_type or "").casefold() != "member":
            raise UnresolvedApprovers(
                "It is not known to which connected organization the guest belongs."
            )
        return None


def _check_understood(stage: Stage) -> None:
    if not names_known_approvers(stage):
        raise UnresolvedApprovers("The policy names approvers in a way that is not known here.")


def _same(one: str, other: str | None) -> bool:
    # Graph writes an id in small letters or in capitals, as it likes.
    return other is not None and one.casefold() == other.casefold()
