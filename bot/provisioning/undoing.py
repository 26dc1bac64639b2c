"""Deletes what Latchkey made, and finds out what of it the file no longer wants."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from bot import clock
from bot.provisioning.changes import Change, Deed
from bot.provisioning.giving import things
from bot.provisioning.model import File
from bot.provisioning.reading import Document
from bot.provisioning.record import Entry, Key, Record
from bot.provisioning.waiting import Waiting
from bot.provisioning.words import read_other, read_role, read_thing
from graph import Graph
from graph.errors import RESOURCE_IN_USE, GraphUnavailable, NotFound
from graph.models import Assignment


@dataclass(frozen=True, kw_only=True)
class Undoing:
    """Deletes one thing after another, and waits until each is gone."""

    graph: Graph
    record: Record
    waiting: Waiting

    async def delete(self, title: str, kind: str, object_id: str, within: dict[str, str]) -> None:
        """
        Delete one thing; it is no failure if it is gone already.

        Raises:
            GraphError: Graph refuses, or it is still there when patience is over.
        """

        async def once() -> None:
            await self._delete(kind, object_id, within)

        with suppress(NotFound):
            # To delete twice is to delete once, so what may have happened may be done again.
            await self.waiting.patiently(
                f"{title} to be deleted",
                once,
                also=lambda error: error.may_have_happened or error.has_code(RESOURCE_IN_USE),
            )
        entry = Entry(key=(kind,), id=object_id, begun_at=clock.real(), within=within)

        async def gone() -> bool | None:
            return None if await is_there(self.graph, entry) else True

        if await self.waiting.until(f"{title} to be gone", gone) is None:
            raise GraphUnavailable(f"{title} was deleted, and Graph still shows it.")
        self.record.forget_id(kind, object_id)

    async def _delete(self, kind: str, object_id: str, within: dict[str, str]) -> None:
        graph = self.graph
        if kind == "policy":
            await graph.policies.delete(object_id)
        elif kind == "role":
            await graph.packages.remove_role(within["package"], object_id)
        elif kind == "incompatible" and within["kind"] == "group":
            await graph.packages.remove_incompatible_group(within["package"], group_id=object_id)
        elif kind == "incompatible":
            await graph.packages.remove_incompatible_package(within["package"], other_id=object_id)
        elif kind == "package":
            await graph.packages.delete(object_id)
        elif kind == "resource":
            await graph.resources.remove(catalog_id=within["catalog"], resource_id=object_id)
        elif kind == "catalog":
            await graph.catalogs.delete(object_id)
        elif kind == "member":
            await graph.directory.remove_member(group_id=within["group"], user_id=object_id)
        elif kind == "group":
            await graph.directory.delete_group(object_id)
        elif kind == "person":
            await graph.directory.delete_user(object_id)


async def is_there(graph: Graph, entry: Entry) -> bool:
    """Whether something that Latchkey made is still in the tenant."""
    kind, object_id, within = entry.key[0], entry.id or "", entry.within
    try:
        if kind == "policy":
            return not await graph.policies.is_gone(object_id)
        if kind == "package":
            return not await graph.packages.is_gone(object_id)
        if kind == "role":
            roles = await graph.packages.roles(within["package"])
            return any(each.id == object_id for each in roles)
        if kind == "incompatible":
            return await _is_incompatible(graph, entry)
        if kind == "resource":
            found = await graph.catalogs.resources(within["catalog"])
            return any(each.id == object_id for each in found)
        if kind == "catalog":
            await graph.catalogs.get(object_id)
        elif kind == "member":
            members = await graph.directory.members(within["group"], transitive=False)
            return any(each.id == object_id for each in members)
        elif kind == "group":
            await graph.directory.group(object_id)
        elif kind == "person":
            await graph.directory.user(object_id)
        else:
            return False
    except NotFound:
        return False
    return True


async def _is_incompatible(graph: Graph, entry: Entry) -> bool:
    package_id = entry.within["package"]
    if entry.within["kind"] == "group":
        groups = await graph.packages.incompatible_groups(package_id)
        return any(each.id == entry.id for each in groups)
    packages = await graph.packages.incompatible_packages(package_id)
    return any(each.id == entry.id for each in packages)


def keys_of(file: File) -> set[Key]:
    """Everything that the file describes."""
    keys: set[Key] = set()
    for person in file.people:
        keys.add(("person", person.email))
        if person.manager:
            keys.add(("manager", person.email))
    for group in file.groups:
        keys.add(("group", group.name))
        keys |= {("member", group.name, each.removeprefix("person ")) for each in group.members}
    for catalog in file.catalogs:
        keys.add(("catalog", catalog.name))
        held = things(catalog).values()
        keys |= {("resource", catalog.name, str(read_thing(each.thing))) for each in held}
        for package in catalog.packages:
            within = (catalog.name, package.name)
            keys.add(("package", *within))
            keys |= {("role", *within, str(read_role(each))) for each in package.gives or ()}
            others = map(read_other, package.not_together_with or ())
            keys |= {("incompatible", *within, str(each)) for each in others}
            keys |= {("policy", *within, each.name) for each in package.policies}
    return keys


async def live_assignments(graph: Graph, entry: Entry) -> list[Assignment]:
    """Who holds a package, has a policy's access, or, of a person, what they hold."""
    kind, object_id = entry.key[0], entry.id
    if kind not in ("package", "policy", "person"):
        return []
    found = await graph.assignments.list(
        package_id=object_id if kind == "package" else None,
        policy_id=object_id if kind == "policy" else None,
        user_id=object_id if kind == "person" else None,
    )
    return [each for each in found if not each.is_expired]


async def forgotten(
    graph: Graph, document: Document, record: Record
) -> tuple[list[Change], list[str]]:
    """
    What Latchkey made and the file no longer describes: to delete, or to keep and why.

    Access that somebody holds is never ended by leaving a line out of a file.
    """
    named = keys_of(document.file)
    # Roles and such of a package that is still described are compared with the package itself.
    described = {key[1:] for key in named if key[0] == "package"}
    gone: list[Change] = []
    kept: list[str] = []
    for entry in record.entries():
        if entry.key in named:
            continue
        if entry.id is None:
            kept.append(f"{title_of(entry.key)}: an apply that was cut short may have made it")
            continue
        if entry.key[0] in ("role", "incompatible") and entry.key[1:3] in described:
            continue
        if not await is_there(graph, entry):
            continue
        title = title_of(entry.key)
        holders = len(await live_assignments(graph, entry))
        if holders:
            kept.append(
                f"{title}: no longer in this file, but {holders} "
                f"{'assignment is' if holders == 1 else 'assignments are'} live; end "
                f"{'it' if holders == 1 else 'them'} first"
            )
            continue
        gone.append(
            Change(
                deed=Deed.DELETE,
                key=entry.key,
                title=title,
                object_id=entry.id,
                within=dict(entry.within),
            )
        )
    return gone, kept


def title_of(key: Key) -> str:
    """What people call a thing that is in the record."""
    kind, *names = key
    said = {
        "person": "person {0}",
        "group": "group {0}",
        "manager": "the manager of {0}",
        "member": "{1} as a member of group {0}",
        "catalog": "catalog {0}",
        "resource": "{1} in catalog {0}",
        "package": "package {1} in catalog {0}",
        "role": "{2} in package {1}",
        "incompatible": "package {1} not together with {2}",
        "policy": "policy {2} of package {1}",
    }
    return _filled(said[kind], names)


def _filled(pattern: str, names: Iterable[str]) -> str:
    # By hand: a name may hold braces of its own.
    parts = pattern.split("{")
    values = list(names)
    return parts[0] + "".join(values[int(part[0])] + part[2:] for part in parts[1:])
