"""Compare the file with the tenant, and say what would have to be done."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.provisioning.changes.ownership import existing, made_and_missed
from bot.provisioning.changes.refresh import refresh
from bot.provisioning.changes.removed_from_file import RemovedFromFile
from bot.provisioning.file_format.file import Document
from bot.provisioning.kinds import KINDS, CatalogLevelKind, FileLevelKind, PackageLevelKind, rank_of
from bot.provisioning.kinds.contexts import CatalogScope, FileScope, PackageScope
from bot.provisioning.tenant.resolve import Names
from bot.provisioning.tenant.snapshot import Snapshot
from bot.provisioning.writing.diff import Change, Operation, Plan
from bot.provisioning.writing.state import StateFile
from bot.source import FileError, Place
from graph import Graph


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan, and what was learned while making it."""

    plan: Plan
    snapshot: Snapshot
    names: Names


async def make_plan(graph: Graph, document: Document, state: StateFile, *, version: str) -> Planned:
    """
    Say what apply would do; nothing is written.

    Args:
        version: Of Graph: what beta cannot say is refused here.

    Raises:
        FileError: The file names what does not exist, or says what cannot be done; all of it.
        GraphError: The tenant cannot be read.
    """
    names = Names(graph, document, state)
    snapshot = await refresh(graph, document, names)
    scope = FileScope(
        graph=graph,
        document=document,
        names=names,
        snapshot=snapshot,
        version=version,
        made=made_and_missed(state, existing(document, names, snapshot)),
    )
    changes = await _compare(scope)
    if scope.problems:
        raise FileError(scope.problems)
    removed = await RemovedFromFile.of(scope, state, changes)
    changes = await removed.without_what_is_in_use(changes)
    deletions = await removed.to_delete()
    others = _left_alone(document, snapshot, mentioned=removed.mentioned)
    return Planned(
        plan=Plan(
            changes=tuple(sorted([*map(_with_missed_name, changes), *deletions], key=_order)),
            left_alone=(*others, *scope.notes, *removed.kept),
        ),
        snapshot=snapshot,
        names=names,
    )


async def _compare(scope: FileScope) -> list[Change]:
    """Let each kind compare its part of the file, from the top to the packages."""
    changes: list[Change] = []
    for kind in KINDS:
        if isinstance(kind, FileLevelKind):
            changes += await kind.plan(scope)
    for at, catalog in enumerate(scope.document.file.catalogs):
        place: Place = ("catalogs", at)
        found = scope.snapshot.catalogs.get(catalog.name)
        within = CatalogScope(**_fields(scope, place), catalog=catalog, found=found)
        for kind in KINDS:
            if isinstance(kind, CatalogLevelKind):
                changes += await kind.plan(within)
        for number, package in enumerate(catalog.packages):
            inner = PackageScope(
                **_fields(scope, (*place, "packages", number)),
                catalog=catalog,
                found=found,
                package=package,
            )
            for kind in KINDS:
                if isinstance(kind, PackageLevelKind):
                    changes += await kind.plan(inner)
    return changes


def _fields(scope: FileScope, place: Place) -> dict[str, Any]:
    return {**vars(scope), "place": place}


def _with_missed_name(change: Change) -> Change:
    """Say of what is made anew that nothing has the name that it is said to have had before: it may be misspelled."""
    was = getattr(change.want, "was", None)
    if change.operation is not Operation.CREATE or was is None:
        return change
    note = f"it was “{was}”, says the file, but nothing is called that there: it is made anew, and nothing is renamed"
    return replace(change, notes=(*change.notes, note))


def _order(change: Change) -> int:
    """Put creations first to last, then deletions last to first."""
    rank = rank_of(change.key)
    return rank if change.operation is not Operation.DELETE else 2 * len(KINDS) - rank


def _left_alone(
    document: Document, snapshot: Snapshot, *, mentioned: Collection[str]
) -> Iterable[str]:
    """Say what the tenant has beside what the file describes; *mentioned* are ids of what the plan names anyhow."""

    def unmentioned(others: dict[str, str]) -> Sequence[str]:
        return sorted(name for object_id, name in others.items() if object_id not in mentioned)

    for catalog in document.file.catalogs:
        found = snapshot.catalogs.get(catalog.name)
        if found is None:
            continue
        for name in unmentioned(found.others):
            yield f"package {name} in catalog {catalog.name}: not in this file"
        for package in catalog.packages:
            known = found.packages.get(package.name)
            for name in unmentioned(known.others if known else {}):
                yield f"policy {name} of package {package.name}: not in this file"
