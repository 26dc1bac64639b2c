"""Creates and changes things in the tenant, each once, and reads back what it wrote."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from slugify import slugify

from bot.provisioning.changes import Change, Deed, differing
from bot.provisioning.content import Content
from bot.provisioning.model import Catalog, Group, Package, Person
from bot.provisioning.names import Names
from bot.provisioning.plan import (
    catalog_words,
    found_catalog_words,
    found_package_words,
    package_words,
)
from bot.provisioning.policy_parts import Policy
from bot.provisioning.policy_plan import is_same, merged
from bot.provisioning.reading import Document
from bot.provisioning.record import Key, Record
from bot.provisioning.survey import Survey
from bot.provisioning.to_graph import to_graph
from bot.provisioning.waiting import SETTLES, Waiting
from graph import Graph
from graph.errors import Conflict, GraphError, GraphUnavailable, NotFound
from graph.models import AccessPackage, AssignmentPolicy

Look = Callable[[], Awaitable[str | None]]
# Entra's own limit for a group's mail nickname.
LONGEST_NICKNAME = 64


@dataclass(kw_only=True)
class Making:
    """One method a kind of thing; each takes the change that asks for it."""

    graph: Graph
    document: Document
    record: Record
    waiting: Waiting
    names: Names
    survey: Survey

    @property
    def content(self) -> "Content":
        """For what catalogs hold and packages give."""
        return Content(
            graph=self.graph,
            document=self.document,
            waiting=self.waiting,
            names=self.names,
            survey=self.survey,
            once=self.once,
        )

    async def once(
        self, change: Change, look: Look, create: Callable[[], Awaitable[object]], **within: str
    ) -> str:
        """
        Create something exactly once, whatever became of an earlier try, and return its id.

        The record says that it is begun before the call leaves.  A call without an answer, now or
        before a crash, is followed by looking, not by a second call: Graph has no idempotency key.

        Raises:
            GraphError: Graph refuses, or nobody can tell what happened.
        """
        found = None
        if self.record.is_begun(change.key):
            found = await self.waiting.until(change.title, look, patience=SETTLES)
        if found is None:
            self.record.begin(change.key)
            found = await self._created(change, look, create)
        self.record.made(change.key, found, **within)
        return found

    async def _created(
        self, change: Change, look: Look, create: Callable[[], Awaitable[object]]
    ) -> str:
        try:
            await self.waiting.patiently(change.title, create)
        except GraphError as error:
            if not (error.may_have_happened or isinstance(error, Conflict)):
                self.record.forget([change.key])
                raise
            found = await self.waiting.until(change.title, look, patience=SETTLES)
            if found is None:
                raise
            return found
        found = await self.waiting.until(f"{change.title} to show up", look)
        if found is None:
            raise GraphUnavailable(
                f"{change.title} was created, and Graph does not show it.", may_have_happened=True
            )
        return found

    async def person(self, change: Change) -> None:
        """Create somebody for a trial; the password is random and told to nobody."""
        person: Person = change.want

        async def look() -> str | None:
            users = await self.graph.directory.find_users(email=person.email)
            return users[0].id if users else None

        async def create() -> object:
            return await self.graph.directory.create_user(
                display_name=person.name,
                user_principal_name=person.email,
                mail_nickname=person.email.partition("@")[0][:LONGEST_NICKNAME],
                # Entra wants three of four kinds of character.
                password=f"{secrets.token_urlsafe(24)}aA1!",
            )

        self.names.bind("person", person.email, user_id := await self.once(change, look, create))
        self.names.bind("person", person.name, user_id)

    async def group(self, change: Change) -> None:
        """Create a security group."""
        group: Group = change.want
        nickname = slugify(group.name, max_length=LONGEST_NICKNAME) or secrets.token_hex(8)

        async def look() -> str | None:
            groups = await self.graph.directory.find_groups(display_name=group.name)
            return groups[0].id if groups else None

        async def create() -> object:
            return await self.graph.directory.create_group(
                display_name=group.name, mail_nickname=nickname, description=group.description
            )

        self.names.bind("group", group.name, await self.once(change, look, create))

    async def manager(self, change: Change) -> None:
        """Give somebody their manager."""
        person: Person = change.want
        user_id = self.names.id_of("person", person.email)
        manager_id = self.names.id_of("person", person.manager or "")

        async def write() -> None:
            await self.graph.directory.set_manager(user_id=user_id, manager_id=manager_id)

        async def shown() -> bool | None:
            manager = await self.graph.directory.manager(user_id)
            return True if manager and manager.id == manager_id else None

        await self._written(change, write, shown)

    async def member(self, change: Change) -> None:
        """Put somebody into a group."""
        group, email = change.want
        group_id, user_id = self.names.id_of("group", group), self.names.id_of("person", email)

        async def look() -> str | None:
            members = await self.graph.directory.members(group_id, transitive=False)
            return next((each.id for each in members if each.id == user_id), None)

        async def create() -> None:
            await self.graph.directory.add_member(group_id=group_id, user_id=user_id)

        await self.once(change, look, create, group=group_id)

    async def catalog(self, change: Change) -> None:
        """Create a catalog, or change what it says of itself."""
        catalog: Catalog = change.want

        async def look() -> str | None:
            found = await self.graph.catalogs.find(display_name=catalog.name)
            if found is None:
                return None
            self.survey.note_catalog(catalog.name, found)
            return found.id

        async def create() -> object:
            return await self.graph.catalogs.create(
                display_name=catalog.name,
                description=catalog.description or catalog.name,
                is_published=catalog.published,
                is_externally_visible=catalog.for_external_users,
            )

        async def write() -> None:
            await self.graph.catalogs.update(
                change.object_id or "",
                description=catalog.description,
                is_published=catalog.published,
                is_externally_visible=catalog.for_external_users,
            )

        async def shown() -> bool | None:
            found = await self.graph.catalogs.get(change.object_id or "")
            same = not differing(found_catalog_words(found, catalog), catalog_words(catalog))
            return True if same else None

        if change.deed is Deed.CHANGE:
            await self._written(change, write, shown)
        else:
            await self.once(change, look, create)

    async def package(self, change: Change) -> None:
        """Create a package, or change what it says of itself."""
        package: Package = change.want
        catalog_id = self.survey.catalogs[change.key[1]].catalog.id

        async def look() -> str | None:
            found = await self._find_package(catalog_id, package.name)
            return found.id if found else None

        async def create() -> object:
            return await self.graph.packages.create(
                catalog_id=catalog_id,
                display_name=package.name,
                description=package.description or package.name,
                is_hidden=package.hidden,
            )

        async def write() -> None:
            await self.graph.packages.update(
                change.object_id or "", description=package.description, is_hidden=package.hidden
            )

        async def shown() -> bool | None:
            found = await self.graph.packages.get(change.object_id or "")
            said = found_package_words(found, package)
            return None if differing(said, package_words(package)) else True

        if change.deed is Deed.CHANGE:
            await self._written(change, write, shown)
        else:
            package_id = await self.once(change, look, create)
            self.names.bind("package", package.name, package_id)
            self.survey.note_package(change.key[1], package.name, package_id)

    async def policy(self, change: Change) -> None:
        """Create a policy, or replace what it says otherwise than the file."""
        policy: Policy = change.want
        package_id = self._package_id(change.key)
        wanted = to_graph(policy, ids=self.names.subject_id, package_id=package_id)

        async def look() -> str | None:
            package = await self.graph.packages.get(package_id)
            named = [each for each in package.assignment_policies if _is_named(each, policy.name)]
            return named[0].id if named else None

        async def create() -> object:
            described = wanted.description or policy.name
            return await self.graph.policies.create(
                wanted.model_copy(update={"description": described})
            )

        async def write() -> None:
            actual = await self.graph.policies.get(change.object_id or "")
            changed = merged(actual, wanted)
            await self.graph.policies.replace(
                changed.model_copy(update={"access_package": wanted.access_package})
            )

        policy_id = change.object_id or ""
        if change.deed is Deed.CREATE:
            policy_id = await self.once(change, look, create)

        async def shown() -> bool | None:
            actual = await self.graph.policies.get(policy_id)
            return True if is_same(actual, wanted) else None

        if change.deed is Deed.CHANGE:
            await self._written(change, write, shown)
        else:
            await self._shown(change, shown)

    async def resource(self, change: Change) -> None:
        await self.content.resource(change)

    async def role(self, change: Change) -> None:
        await self.content.role(change, self._package_id(change.key))

    async def incompatible(self, change: Change) -> None:
        await self.content.incompatible(change, self._package_id(change.key))

    async def _written(
        self,
        change: Change,
        write: Callable[[], Awaitable[None]],
        shown: Callable[[], Awaitable[bool | None]],
    ) -> None:
        """Write what may be written twice, and see it there."""
        await self.waiting.patiently(
            change.title, write, also=lambda error: error.may_have_happened
        )
        await self._shown(change, shown)

    async def _shown(self, change: Change, shown: Callable[[], Awaitable[bool | None]]) -> None:
        if await self.waiting.until(f"{change.title} to show what was written", shown) is None:
            raise GraphUnavailable(
                f"Graph took {change.title}, and does not show it as it was written; plan again to see how."
            )

    async def _find_package(self, catalog_id: str, name: str) -> AccessPackage | None:
        found = await self.graph.packages.find(display_name=name, catalog_id=catalog_id)
        return found[0] if found else None

    def _package_id(self, key: Key) -> str:
        found = self.survey.catalogs[key[1]].packages.get(key[2])
        if found is None:
            raise NotFound(f"There is no package {key[2]} in catalog {key[1]} any more.")
        return found.package.id


def _is_named(policy: AssignmentPolicy, name: str) -> bool:
    return (policy.display_name or "").casefold() == name.casefold()
