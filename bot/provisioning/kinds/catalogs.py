"""Creates and changes catalogs, packages and policies, and reads back what it wrote."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.provisioning.diff import Change, Deed
from bot.provisioning.kinds.packages import catalog_differences, package_differences
from bot.provisioning.kinds.policies import words_that_differ
from bot.provisioning.lookups import Looking
from bot.provisioning.model import Catalog, Package
from bot.provisioning.policy_model import Policy
from bot.provisioning.policy_translation.merge import merged
from bot.provisioning.policy_translation.to_graph import to_graph
from bot.provisioning.resolve import Names
from bot.provisioning.snapshot import Survey
from bot.provisioning.write import Writing
from graph import Graph
from graph.models import AssignmentPolicy

# What Entra has been seen to keep although it took a change: reviews, and when they began.
STUBBORN: Final = frozenset({"reviews"})


@dataclass(frozen=True, kw_only=True)
class Making:
    """One method a kind of thing; each takes the change that asks for it."""

    graph: Graph
    names: Names
    survey: Survey
    looking: Looking
    writing: Writing
    remark: Callable[[str], object]

    async def catalog(self, change: Change) -> None:
        """Create a catalog, or change what it says of itself."""
        catalog: Catalog = change.want

        async def look() -> str | None:
            found = await self.graph.catalogs.find(display_name=catalog.name)
            if found is None:
                return None
            self.survey.note_catalog(catalog.name, found)
            return found.id

        async def create() -> None:
            await self.graph.catalogs.create(
                display_name=catalog.name,
                description=catalog.description or catalog.name,
                is_published=catalog.published is not False,
                is_externally_visible=bool(catalog.for_external_users),
            )

        async def write() -> None:
            await self.graph.catalogs.update(
                change.object_id or "",
                display_name=catalog.name if change.changes("name") else None,
                description=catalog.description,
                is_published=catalog.published,
                is_externally_visible=catalog.for_external_users,
            )

        async def shown() -> bool | None:
            found = await self.graph.catalogs.get(change.object_id or "")
            return None if catalog_differences(found, catalog) else True

        if change.deed is Deed.CHANGE:
            await self.writing.again(change, write, shown)
        else:
            await self.writing.once(change, look, create)

    async def package(self, change: Change) -> None:
        """Create a package, or change what it says of itself."""
        package: Package = change.want
        catalog_id = self.survey.catalogs[change.key[1]].catalog.id

        async def look() -> str | None:
            found = await self.looking.package(catalog_id, package.name)
            return found.id if found else None

        async def create() -> None:
            await self.graph.packages.create(
                catalog_id=catalog_id,
                display_name=package.name,
                description=package.description or package.name,
                is_hidden=bool(package.hidden),
            )

        async def write() -> None:
            await self.graph.packages.update(
                change.object_id or "",
                display_name=package.name if change.changes("name") else None,
                description=package.description,
                is_hidden=package.hidden,
            )

        async def shown() -> bool | None:
            found = await self.graph.packages.get(change.object_id or "", bare=True)
            return None if package_differences(found, package) else True

        if change.deed is Deed.CHANGE:
            await self.writing.again(change, write, shown)
        else:
            package_id = await self.writing.once(change, look, create)
            self.names.bind("package", package.name, package_id)
            self.survey.note_package(change.key[1], package.name, package_id)

    async def policy(self, change: Change) -> None:
        """Create a policy, or replace what it says otherwise than the file."""
        policy: Policy = change.want
        package_id = self.survey.package_id(change.key)
        wanted = to_graph(policy, ids=self.names.subject_id, package_id=package_id)

        async def look() -> str | None:
            package = await self.graph.packages.get(package_id, named=False)
            named = [each for each in package.assignment_policies if _is_named(each, policy.name)]
            return named[0].id if named else None

        async def create() -> str:
            described = wanted.description or policy.name
            made = await self.graph.policies.create(
                wanted.model_copy(update={"description": described})
            )
            # It is read back below, whole.
            return made.id

        async def write() -> None:
            actual = await self.graph.policies.get(change.object_id or "")
            changed = merged(actual, wanted)
            await self.graph.policies.replace(
                changed.model_copy(update={"access_package": wanted.access_package})
            )

        policy_id = change.object_id or ""
        if change.deed is Deed.CREATE:
            policy_id = await self.writing.once(change, look, create)

        async def shown() -> set[str] | None:
            return words_that_differ(await self.graph.policies.get(policy_id), wanted)

        if change.deed is Deed.CHANGE:
            await self.writing.write(change, write)
        left = await self.writing.until_shown(change, shown, may_stay=STUBBORN)
        if left:
            self.remark(
                f"{change.title}: Entra took the change and keeps its {' and '.join(sorted(left))} as they "
                "were; change them in Entra, or in the file"
            )


def _is_named(policy: AssignmentPolicy, name: str) -> bool:
    return (policy.display_name or "").casefold() == name.casefold()
