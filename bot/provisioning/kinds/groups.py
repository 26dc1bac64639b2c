"""Provision security groups, and who is a member of them from the start."""

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence

from slugify import slugify

from bot.provisioning.file_format.grammar import name_of_person
from bot.provisioning.file_format.model import DescribedGroup, File
from bot.provisioning.kinds.base import ChangeableKind, DeletableKind, FileLevelKind
from bot.provisioning.kinds.contexts import (
    ApplyContext,
    FileScope,
    Inventory,
    RefreshContext,
    RemovalContext,
)
from bot.provisioning.kinds.people import LONGEST_NICKNAME, NAMED_ELSEWHERE
from bot.provisioning.tenant.live_access import LiveAccess, say_giving
from bot.provisioning.tenant.resolve import Names, is_new
from bot.provisioning.tenant.snapshot import Located, Snapshot
from bot.provisioning.writing.diff import (
    Change,
    Operation,
    block,
    compare,
    compare_names,
    say_renamed,
)
from bot.provisioning.writing.state import Entry, Identity, Key
from bot.same_name import folded
from graph import Graph
from graph.errors import NotFound
from graph.models import AccessPackage
from graph.models import Group as GraphGroup


class GroupKind(FileLevelKind, ChangeableKind, DeletableKind):
    """Security groups; the file names them by display name."""

    name = "group"
    stage = 0
    has_former_name = True

    def title(self, *names: str) -> str:
        return f"group {names[0]}"

    def keys(self, file: File) -> Iterable[Key]:
        return ((self.name, group.name) for group in file.groups)

    def find(self, key: Key, names: Names, snapshot: Snapshot) -> Located | None:
        del snapshot
        group_id = names.id_of("group", key[1])
        return None if is_new(group_id) else (group_id, {})

    async def present(self, inventory: Inventory, entries: Sequence[Entry]) -> set[Identity]:
        found = await inventory.graph.groups.get_many([each.id or "" for each in entries])
        return {each.identity for each in entries if found.get(each.id or "")}

    async def is_present(self, graph: Graph, entry: Entry) -> bool:
        await graph.groups.get(entry.id or "")
        return True

    async def plan(self, scope: FileScope) -> Sequence[Change]:
        changes = []
        for at, group in enumerate(scope.document.file.groups):
            before = scope.names.renamed.get(folded(group.name))
            if before is not None:
                differences = compare_names(group.was, group.name)
                changes.append(
                    Change(
                        operation=Operation.CHANGE,
                        key=(self.name, group.name),
                        title=f"group {group.name}{say_renamed(differences)}",
                        line=scope.line("groups", at),
                        differences=differences,
                        want=group,
                        object_id=before,
                    )
                )
            if is_new(scope.names.id_of("group", group.name)):
                changes.append(
                    await self.plan_new(
                        scope,
                        "groups",
                        at,
                        want=group,
                        key=(self.name, group.name),
                        title=f"group {group.name}",
                        differences=compare({}, block(description=group.description)),
                        was=group.was,
                    )
                )
        return changes

    async def create(self, change: Change, context: ApplyContext) -> None:
        group: DescribedGroup = change.want
        graph, lookups = context.graph, context.lookups
        nickname = slugify(group.name, max_length=LONGEST_NICKNAME) or secrets.token_hex(8)

        async def read() -> dict[str, list[GraphGroup]]:
            wanted = lookups.created("group")
            return await graph.groups.find_each(each.want.name for each in wanted)

        async def look() -> str | None:
            found = (await lookups.together("groups", read))[group.name]
            return found[0].id if found else None

        async def create() -> None:
            await graph.groups.create(
                display_name=group.name, mail_nickname=nickname, description=group.description
            )

        group_id = await context.writer.create_once(change, look, create)
        context.names.bind("group", group.name, group_id)

    async def change(self, change: Change, context: ApplyContext) -> None:
        """Rename a group."""
        group: DescribedGroup = change.want
        graph, group_id = context.graph, change.object_id or ""

        async def write() -> None:
            await graph.groups.rename(group_id, display_name=group.name)

        async def is_shown() -> bool:
            return (await graph.groups.get(group_id)).display_name == group.name

        await context.writer.write_and_confirm(change, write, is_shown)

    async def name_now(self, scope: FileScope, object_id: str) -> str | None:
        group = (await scope.graph.groups.get_many([object_id])).get(object_id)
        return group.display_name if group else None

    async def delete(self, graph: Graph, entry: Entry) -> None:
        await graph.groups.delete(entry.id or "")

    async def why_in_use(
        self, live_access: LiveAccess, object_id: str, within: Mapping[str, str]
    ) -> str | None:
        del within
        return say_giving(await live_access.packages_giving(object_id))

    async def why_others_need(self, removal: RemovalContext, entry: Entry) -> str | None:
        object_id = entry.id or ""
        giving = await removal.live_access.packages_giving(object_id, without=removal.roles)
        return say_giving(giving) or await removal.say_named(self.name, object_id)

    async def packages_needing(
        self, removal: RemovalContext, entry: Entry
    ) -> Sequence[AccessPackage]:
        giving = await removal.live_access.packages_giving(entry.id or "", without=removal.roles)
        staying = await removal.staying()
        return [each for each in giving if each in staying]

    async def why_in_use_when_removed(self, removal: RemovalContext, entry: Entry) -> str | None:
        """Look whether the file names it all the same; packages that need it were looked for already, without those that go."""
        if entry.id in removal.named:
            return NAMED_ELSEWHERE
        return await removal.say_named(self.name, entry.id or "")


class MemberKind(FileLevelKind, DeletableKind):
    """Memberships of groups: somebody in a group."""

    name = "member"
    stage = 1

    def title(self, *names: str) -> str:
        return f"{names[1]} as a member of group {names[0]}"

    def keys(self, file: File) -> Iterable[Key]:
        for group in file.groups:
            yield from ((self.name, group.name, name_of_person(each)) for each in group.members)

    async def refresh(self, context: RefreshContext) -> None:
        graph, snapshot = context.graph, context.snapshot

        async def read(group: DescribedGroup) -> None:
            group_id = context.names.id_of("group", group.name)
            if group.members and not is_new(group_id):
                members = await graph.groups.members(group_id, transitive=False)
                snapshot.members[group.name] = {each.id for each in members}

        await asyncio.gather(*map(read, context.document.file.groups))

    def find(self, key: Key, names: Names, snapshot: Snapshot) -> Located | None:
        del snapshot
        return names.id_of("person", key[2]), {"group": names.id_of("group", key[1])}

    async def present(self, inventory: Inventory, entries: Sequence[Entry]) -> set[Identity]:
        found = set()
        members: dict[str, set[str]] = {}
        for entry in entries:
            group_id = entry.within["group"]
            if group_id not in members:
                try:
                    members[group_id] = await _member_ids(inventory.graph, group_id)
                except NotFound:
                    members[group_id] = set()
            if entry.id in members[group_id]:
                found.add(entry.identity)
        return found

    async def is_present(self, graph: Graph, entry: Entry) -> bool:
        return entry.id in await _member_ids(graph, entry.within["group"])

    async def plan(self, scope: FileScope) -> Sequence[Change]:
        changes = []
        for at, group in enumerate(scope.document.file.groups):
            there = scope.snapshot.members.get(group.name, set())
            seen = set[str]()
            for number, email in enumerate(map(name_of_person, group.members)):
                user_id = scope.names.id_of("person", email)
                if user_id in seen:
                    scope.refuse_double(email, "groups", at, "members", number)
                elif user_id not in there:
                    changes.append(
                        Change(
                            operation=Operation.CREATE,
                            key=(self.name, group.name, email),
                            title=self.title(group.name, email),
                            line=scope.line("groups", at, "members", number),
                            want=(group.name, email),
                        )
                    )
                seen.add(user_id)
        return changes

    def sequence_key(self, key: Key) -> Key:
        return ("group", key[1])

    async def create(self, change: Change, context: ApplyContext) -> None:
        group, email = change.want
        graph, names = context.graph, context.names
        group_id, user_id = names.id_of("group", group), names.id_of("person", email)

        async def look() -> str | None:
            return user_id if user_id in await _member_ids(graph, group_id) else None

        async def create() -> None:
            await graph.groups.add_member(group_id=group_id, user_id=user_id)

        await context.writer.create_once(
            change, look, create, accepts_existing=True, group=group_id
        )

    async def delete(self, graph: Graph, entry: Entry) -> None:
        await graph.groups.remove_member(group_id=entry.within["group"], user_id=entry.id or "")

    async def why_in_use(
        self, live_access: LiveAccess, object_id: str, within: Mapping[str, str]
    ) -> str | None:
        return say_giving(await live_access.packages_held_through(object_id, within["group"]))

    async def why_others_need(self, removal: RemovalContext, entry: Entry) -> str | None:
        held = await self.why_in_use(removal.live_access, entry.id or "", entry.within)
        return held or await self._why_group_stays(removal, entry)

    async def packages_needing(
        self, removal: RemovalContext, entry: Entry
    ) -> Sequence[AccessPackage]:
        return await removal.live_access.packages_held_through(
            entry.id or "", entry.within["group"]
        )

    async def why_in_use_when_removed(self, removal: RemovalContext, entry: Entry) -> str | None:
        """Look whether the group left the file, too, and is named in it; packages that need it were looked for already."""
        if entry.within["group"] in removal.named:
            return "the group is named elsewhere in the file"
        return await self._why_group_stays(removal, entry)

    async def _why_group_stays(self, removal: RemovalContext, entry: Entry) -> str | None:
        """
        Say whose policy or package names the group that would go, too: an empty one is of no use to it.

        Whoever stays in it for that is noted, and is not deleted either.
        """
        group_id = entry.within["group"]
        why = await removal.say_named("group", group_id) if group_id in removal.leaving else None
        if why is None:
            return None
        removal.members.add(entry.id or "")
        return f"the group may not go: {why}"


async def _member_ids(graph: Graph, group_id: str) -> set[str]:
    return {each.id for each in await graph.groups.members(group_id, transitive=False)}
