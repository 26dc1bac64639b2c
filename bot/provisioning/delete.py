"""Deletes what Latchkey made, and sees that it is gone."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot import clock
from bot.provisioning.inventory import is_there
from bot.provisioning.retry import Waiting, may_delete_again
from bot.provisioning.state import Entry, Key, Record
from graph import Graph
from graph.errors import GraphError, GraphUnavailable, NotAllowed, NotFound


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
        entry = Entry(
            key=(kind,), id=object_id, begun_at=clock.real(), within=within, is_ending=True
        )

        async def gone() -> bool | None:
            return None if await is_there(self.graph, entry) else True

        refusal = await self._ask(title, entry)
        if refusal is not None and await gone() is None:
            self.record.ending(entry.identity, begun=False)
            raise refusal
        if await self.waiting.until(f"{title} to be gone", gone) is None:
            raise GraphUnavailable(f"{title} was deleted, and Graph still shows it.")
        self.record.forget_made(entry.identity)

    async def _ask(self, title: str, entry: Entry) -> NotAllowed | None:
        """
        Ask Graph to delete it.

        An app of one catalog is told that it may not (403) where others hear that there is no such thing (404).
        That counts only for what was asked for before: the caller has to look, and gets the refusal.
        """
        was_asked = self.record.is_ending(entry.identity)
        tries = 0

        async def once() -> None:
            nonlocal tries
            tries += 1
            await self._delete(entry.key[0], entry.id or "", dict(entry.within))

        self.record.ending(entry.identity, begun=True)
        try:
            # To delete twice is to delete once, so what may have happened may be done again.
            await self.waiting.patiently(f"{title} to be deleted", once, retry_on=may_delete_again)
        except NotFound:
            return None
        except GraphError as error:
            if isinstance(error, NotAllowed) and (was_asked or tries > 1):
                return error
            if not (error.may_have_happened or was_asked):
                self.record.ending(entry.identity, begun=False)
            raise
        return None

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
