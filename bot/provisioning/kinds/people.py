"""Creates people and groups for a trial."""

import secrets
from dataclasses import dataclass
from typing import Final

from slugify import slugify

from bot.provisioning.diff import Change, Deed
from bot.provisioning.lookups import Looking
from bot.provisioning.model import Group, Person
from bot.provisioning.resolve import Names
from bot.provisioning.write import Writing
from graph import Graph

# Entra's own limit for a mail nickname.
LONGEST_NICKNAME: Final = 64


@dataclass(frozen=True, kw_only=True)
class TrialPeople:
    """One method a kind of thing; each takes the change that asks for it."""

    graph: Graph
    names: Names
    looking: Looking
    writing: Writing

    async def person(self, change: Change) -> None:
        """Create somebody for a trial; the password is random and told to nobody."""
        person: Person = change.want

        async def look() -> str | None:
            users = await self.graph.directory.find_users(email=person.email)
            return users[0].id if users else None

        async def create() -> None:
            await self.graph.directory.create_user(
                display_name=person.name,
                user_principal_name=person.email,
                mail_nickname=person.email.partition("@")[0][:LONGEST_NICKNAME],
                # Entra wants three of four kinds of character.
                password=f"{secrets.token_urlsafe(24)}aA1!",
            )

        self.names.bind(
            "person", person.email, user_id := await self.writing.once(change, look, create)
        )
        self.names.bind("person", person.name, user_id)

    async def group(self, change: Change) -> None:
        """Create a security group, or give one its new name."""
        group: Group = change.want
        if change.deed is Deed.CHANGE:
            await self._rename(change, group)
            return
        nickname = slugify(group.name, max_length=LONGEST_NICKNAME) or secrets.token_hex(8)

        async def look() -> str | None:
            found = await self.looking.group(group.name)
            return found.id if found else None

        async def create() -> None:
            await self.graph.directory.create_group(
                display_name=group.name, mail_nickname=nickname, description=group.description
            )

        self.names.bind("group", group.name, await self.writing.once(change, look, create))

    async def _rename(self, change: Change, group: Group) -> None:
        group_id = change.object_id or ""

        async def write() -> None:
            await self.graph.directory.rename_group(group_id, display_name=group.name)

        async def shown() -> bool | None:
            found = await self.graph.directory.group(group_id)
            return True if found.display_name == group.name else None

        await self.writing.again(change, write, shown)

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

        await self.writing.again(change, write, shown)

    async def member(self, change: Change) -> None:
        """Put somebody into a group."""
        group, email = change.want
        group_id, user_id = self.names.id_of("group", group), self.names.id_of("person", email)

        async def look() -> str | None:
            members = await self.graph.directory.members(group_id, transitive=False)
            return next((each.id for each in members if each.id == user_id), None)

        async def create() -> None:
            await self.graph.directory.add_member(group_id=group_id, user_id=user_id)

        await self.writing.once(change, look, create, joins=True, group=group_id)
