"""Answer what policy tests ask, from the tenant as it is today."""

from contextlib import suppress

from bot.packages.facts import packages_held
from bot.packages.model import NamedObject
from bot.provisioning.file_format.grammar import GUID, Thing, kind_of_thing, name_of_person
from bot.provisioning.file_format.model import File
from bot.provisioning.policy_tests.facts import CannotTell, Offer, TestedPerson, chosen, meant
from bot.provisioning.tenant.resolve import mentions
from bot.same_name import folded
from graph import Graph
from graph.errors import MembersHidden, NotFound
from graph.models import AccessPackage, AccessPackageResource, User


class TenantFacts:
    """Asks the tenant, each thing once; the file only tells whom short names may mean."""

    def __init__(self, graph: Graph, file: File) -> None:
        self._graph = graph
        self._file = file
        self._packages: list[AccessPackage] | None = None
        self._people: list[tuple[str, TestedPerson]] | None = None
        self._users: dict[str, User] = {}
        self._offers: dict[str, Offer] = {}
        self._members: dict[tuple[str, str], bool] = {}
        self._things: dict[Thing, str] = {}

    async def offer(self, name: str) -> Offer:
        packages = await self._all()
        package = packages[chosen(name, [each.display_name or each.id for each in packages])]
        if package.id not in self._offers:
            policies = [
                await self._graph.policies.get(each.id) for each in package.assignment_policies
            ]
            gives = {
                (word.casefold(), (each.scope.origin_id or "").casefold())
                for each in package.resource_role_scopes
                if each.role and each.scope
                for word in (each.role.display_name, each.role.origin_id)
                if word
            }
            exclusions = await self._graph.incompatibilities.both_ways(package.id)
            self._offers[package.id] = Offer(
                id=package.id,
                name=package.display_name or package.id,
                package=package,
                policies=tuple(policies),
                gives=frozenset(gives),
                groups_excluded={
                    each.id: each.display_name or each.id for each in exclusions.groups
                },
                packages_excluded=tuple(
                    NamedObject(id=each.id, name=each.display_name or each.id)
                    for each in exclusions.packages
                ),
            )
        return self._offers[package.id]

    async def person(self, word: str) -> TestedPerson:
        said = name_of_person(word)
        if "@" in said:
            users = await self._graph.users.find(email=said)
            if len(users) != 1:
                raise CannotTell(
                    f"The tenant has {len(users) or 'no'} people with the address {said}."
                )
            return self._known(users[0])
        found = meant(said, await self._pool())
        if found is None:
            raise CannotTell(
                f"Nobody named in the file or in the packages' policies is called “{word}”; "
                "write their e-mail address."
            )
        return found

    async def group_id(self, name: str) -> str:
        if GUID.fullmatch(name):
            return name
        groups = await self._graph.groups.find(display_name=name)
        if len(groups) != 1:
            raise CannotTell(f"The tenant has {len(groups) or 'no'} groups named “{name}”.")
        return groups[0].id

    async def thing_id(self, thing: Thing) -> str:
        if thing not in self._things:
            self._things[thing] = (await self._look(thing)).casefold()
        return self._things[thing]

    async def _look(self, thing: Thing) -> str:
        if GUID.fullmatch(thing.name) or "://" in thing.name:
            return thing.name
        if thing.kind == "group":
            return await self.group_id(thing.name)
        given = [each for package in await self._all() for each in package.resource_role_scopes]
        found = {
            each.role.resource.origin_id or ""
            for each in given
            if each.role and each.role.resource and _is_named(each.role.resource, thing)
        }
        if len(found) > 1:
            raise CannotTell(f"Packages give of {len(found)} things that are called {thing}.")
        if not found:
            raise CannotTell(f"No package gives anything of {thing}.")
        return found.pop()

    async def is_guest(self, person_id: str) -> bool | None:
        if person_id not in self._users:
            self._users[person_id] = await self._graph.users.get(person_id)
        return self._users[person_id].is_guest

    async def is_member(self, person_id: str, group_id: str) -> bool | None:
        key = (person_id, group_id)
        if key not in self._members:
            theirs = await self._graph.users.memberships(person_id, [group_id])
            if theirs.hidden:
                raise CannotTell(
                    f"The group {group_id} hides its members; that takes Member.Read.Hidden."
                )
            self._members[key] = bool(theirs.found)
        return self._members[key]

    async def manager(self, person_id: str) -> str | None:
        found = await self._graph.users.manager(person_id)
        return found.id if found else None

    async def has(self, person_id: str, offer: Offer) -> tuple[NamedObject, ...]:
        others = {each.id for each in offer.packages_excluded}
        held = await packages_held(self._graph, person_id, others)
        return tuple(each for each in offer.packages_excluded if each.id in held)

    async def _all(self) -> list[AccessPackage]:
        if self._packages is None:
            self._packages = await self._graph.packages.list()
        return self._packages

    def _known(self, user: User) -> TestedPerson:
        self._users[user.id] = user
        return TestedPerson(id=user.id, name=user.display_name or user.mail or user.id)

    async def _pool(self) -> list[tuple[str, TestedPerson]]:
        """Read everybody whom the file or a policy names, or who is in a group that one names."""
        if self._people is not None:
            return self._people
        graph = self._graph
        users: dict[str, User] = {}
        for _, subject in mentions(self._file):
            if subject.kind == "person" and "@" in subject.name:
                users |= {each.id: each for each in await graph.users.find(email=subject.name)}
        groups: set[str] = set()
        for package in await self._all():
            for policy in package.assignment_policies:
                stages = (
                    policy.request_approval_settings.stages
                    if policy.request_approval_settings
                    else []
                )
                sets = [*policy.specific_allowed_targets]
                for stage in stages:
                    sets += [*stage.primary_approvers, *stage.fallback_primary_approvers]
                groups |= {each.group_id for each in sets if each.group_id}
                for user_id in {each.user_id for each in sets if each.user_id} - set(users):
                    users[user_id] = await graph.users.get(user_id)
        for group_id in sorted(groups):
            # Who cannot be seen in it, or is in none any more, is not called by name here.
            with suppress(MembersHidden, NotFound):
                users |= {each.id: each for each in await graph.groups.members(group_id)}
        self._people = [
            (user.mail or user.user_principal_name or "", self._known(user))
            for user in users.values()
        ]
        return self._people


def _is_named(resource: AccessPackageResource, thing: Thing) -> bool:
    return kind_of_thing(resource.origin_system) == thing.kind and folded(
        resource.display_name
    ) == folded(thing.name)
