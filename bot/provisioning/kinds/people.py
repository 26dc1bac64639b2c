"""Provision people for a trial, and their managers."""

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.provisioning.file_format.grammar import Subject
from bot.provisioning.file_format.model import DescribedPerson, File
from bot.provisioning.kinds.base import DeletableKind, FileLevelKind
from bot.provisioning.kinds.contexts import (
    ApplyContext,
    FileScope,
    Inventory,
    RefreshContext,
    RemovalContext,
)
from bot.provisioning.tenant.live_access import LiveAccess, say_assignments
from bot.provisioning.tenant.resolve import Names, is_new
from bot.provisioning.tenant.snapshot import Located, Snapshot
from bot.provisioning.writing.diff import Change, Operation
from bot.provisioning.writing.state import Entry, Identity, Key
from graph import Graph

# Entra's own limit for a mail nickname.
LONGEST_NICKNAME: Final = 64
# Why somebody or a group stays that left the list of what Latchkey makes.
NAMED_ELSEWHERE: Final = "it is named elsewhere in the file"


class PersonKind(FileLevelKind, DeletableKind):
    """People; the file names them by e-mail address."""

    name = "person"
    stage = 0

    def title(self, *names: str) -> str:
        return f"person {names[0]}"

    def keys(self, file: File) -> Iterable[Key]:
        return ((self.name, person.email) for person in file.people)

    def find(self, key: Key, names: Names, snapshot: Snapshot) -> Located | None:
        del snapshot
        user_id = names.id_of("person", key[1])
        return None if is_new(user_id) else (user_id, {})

    async def present(self, inventory: Inventory, entries: Sequence[Entry]) -> set[Identity]:
        found = await inventory.graph.users.get_many([each.id or "" for each in entries])
        return {each.identity for each in entries if found.get(each.id or "")}

    async def is_present(self, graph: Graph, entry: Entry) -> bool:
        await graph.users.get(entry.id or "")
        return True

    async def plan(self, scope: FileScope) -> Sequence[Change]:
        changes = []
        for at, person in enumerate(scope.document.file.people):
            if not is_new(scope.names.id_of("person", person.email)):
                continue
            changes.append(
                await self.plan_new(
                    scope,
                    "people",
                    at,
                    want=person,
                    key=(self.name, person.email),
                    title=f"person {person.name} ({person.email})",
                )
            )
        return changes

    async def name_now(self, scope: FileScope, object_id: str) -> str | None:
        user = (await scope.graph.users.get_many([object_id])).get(object_id)
        return user.user_principal_name if user else None

    async def create(self, change: Change, context: ApplyContext) -> None:
        """Create somebody for a trial; the password is random and told to nobody."""
        person: DescribedPerson = change.want
        graph = context.graph

        async def look() -> str | None:
            users = await graph.users.find(email=person.email)
            return users[0].id if users else None

        async def create() -> None:
            await graph.users.create(
                display_name=person.name,
                user_principal_name=person.email,
                mail_nickname=person.email.partition("@")[0][:LONGEST_NICKNAME],
                # Entra wants three of four kinds of character.
                password=f"{secrets.token_urlsafe(24)}aA1!",
            )

        user_id = await context.writer.create_once(change, look, create)
        context.names.bind("person", person.email, user_id)
        context.names.bind("person", person.name, user_id)

    async def delete(self, graph: Graph, entry: Entry) -> None:
        await graph.users.delete(entry.id or "")

    async def why_in_use(
        self, live_access: LiveAccess, object_id: str, within: Mapping[str, str]
    ) -> str | None:
        return say_assignments(await live_access.assignments("person", object_id))

    async def why_in_use_when_removed(self, removal: RemovalContext, entry: Entry) -> str | None:
        live = await super().why_in_use_when_removed(removal, entry)
        if live is not None or entry.id in removal.named:
            return live or NAMED_ELSEWHERE
        return await self.why_others_need(removal, entry)

    async def why_others_need(self, removal: RemovalContext, entry: Entry) -> str | None:
        if entry.id in removal.members:
            return "whoever it is stays in a group that may not go"
        return await removal.say_named(self.name, entry.id or "")


class ManagerKind(FileLevelKind):
    """Managers of people; one is set, and goes with the person: the state has no entry of it."""

    name = "manager"
    stage = 1

    def title(self, *names: str) -> str:
        return f"the manager of {names[0]}"

    def keys(self, file: File) -> Iterable[Key]:
        return ((self.name, person.email) for person in file.people if person.manager)

    async def refresh(self, context: RefreshContext) -> None:
        graph, snapshot = context.graph, context.snapshot

        async def read(person: DescribedPerson) -> None:
            user_id = context.names.id_of("person", person.email)
            if person.manager and not is_new(user_id):
                manager = await graph.users.manager(user_id)
                snapshot.managers[person.email] = manager.id if manager else None

        await asyncio.gather(*map(read, context.document.file.people))

    async def plan(self, scope: FileScope) -> Sequence[Change]:
        changes = []
        for at, person in enumerate(scope.document.file.people):
            before = scope.snapshot.managers.get(person.email)
            if person.manager is None or before == scope.names.id_of("person", person.manager):
                continue
            notes: tuple[str, ...] = ()
            if before is not None:
                label = await scope.names.label(Subject(kind="person", name=before))
                notes = (
                    f"in place of {label}, who decides until then where a policy asks the manager",
                )
            changes.append(
                Change(
                    operation=Operation.CREATE,
                    key=(self.name, person.email),
                    title=f"{person.manager} as the manager of {person.email}",
                    line=scope.line("people", at, "manager"),
                    want=person,
                    notes=notes,
                )
            )
        return changes

    async def create(self, change: Change, context: ApplyContext) -> None:
        """Set somebody's manager; setting it twice is setting it once."""
        person: DescribedPerson = change.want
        graph = context.graph
        user_id = context.names.id_of("person", person.email)
        manager_id = context.names.id_of("person", person.manager or "")

        async def write() -> None:
            await graph.users.set_manager(user_id=user_id, manager_id=manager_id)

        async def is_shown() -> bool:
            manager = await graph.users.manager(user_id)
            return manager is not None and manager.id == manager_id

        await context.writer.write_and_confirm(change, write, is_shown)
