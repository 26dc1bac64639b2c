"""Compares the file with the tenant, and says what would have to be done."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from bot.provisioning.diff import Change, Deed, Plan, differing
from bot.provisioning.file import Document, FileError, Place
from bot.provisioning.kinds import (
    packages as containers,
)
from bot.provisioning.kinds import (
    policies as policy_plan,
)
from bot.provisioning.kinds import (
    resources as giving,
)
from bot.provisioning.refresh import survey
from bot.provisioning.removed_from_file import Leaving
from bot.provisioning.resolve import Names, is_new
from bot.provisioning.snapshot import Survey
from bot.provisioning.state import Record
from graph import Graph


@dataclass(kw_only=True)
class Planned:
    """A plan, and what was learned while making it."""

    plan: Plan
    survey: Survey
    names: Names
    problems: list[str] = field(default_factory=list)


async def make_plan(graph: Graph, document: Document, record: Record, *, version: str) -> Planned:
    """
    What apply would do; nothing is written.

    Args:
        version: Of Graph: what beta cannot say is refused here.

    Raises:
        FileError: The file names what does not exist, or says what cannot be done; all of it.
        GraphError: The tenant cannot be read.
    """
    names = Names(graph, document, record)
    found = await survey(graph, document, names)
    made = Planned(plan=Plan(changes=()), survey=found, names=names)
    changes = [*_people(document, names), *_groups(document, names, found)]
    notes: list[str] = []
    for at, catalog in enumerate(document.file.catalogs):
        there = found.catalogs.get(catalog.name)
        place: Place = ("catalogs", at)
        changes += containers.catalog(document, place, catalog, there)
        changes += giving.resources(document, place, catalog, there, names, made.problems)
        for number, package in enumerate(catalog.packages):
            inner: Place = (*place, "packages", number)
            changes += containers.package(document, inner, catalog, package, there)
            changes += await giving.roles(
                graph, document, inner, (catalog, package), there, names, made.problems, notes
            )
            changes += giving.incompatibles(document, inner, (catalog, package), there, names)
            changes += await policy_plan.policies(
                document, inner, (catalog, package), there, names, made.problems, version=version
            )
            notes += policy_plan.untold((catalog, package), there)
    if made.problems:
        raise FileError(made.problems)
    leaving = await Leaving.of(graph, document, record, names, found, changes)
    changes = await leaving.without_what_is_held(changes)
    gone = await leaving.to_delete()
    ordered = sorted([*changes, *gone], key=lambda change: change.order)
    others = _left_alone(document, found, spoken_for=leaving.spoken_for)
    made.plan = Plan(changes=tuple(ordered), left_alone=(*others, *notes, *leaving.kept))
    return made


def _people(document: Document, names: Names) -> Iterable[Change]:
    for at, person in enumerate(document.file.people):
        if is_new(names.id_of("person", person.email)):
            yield Change(
                deed=Deed.CREATE,
                key=("person", person.email),
                title=f"person {person.name} ({person.email})",
                line=document.line(("people", at)),
                want=person,
            )


def _groups(document: Document, names: Names, found: Survey) -> Iterable[Change]:
    for at, person in enumerate(document.file.people):
        if person.manager is None:
            continue
        manager_id = names.id_of("person", person.manager)
        if found.managers.get(person.email) != manager_id:
            yield Change(
                deed=Deed.CREATE,
                key=("manager", person.email),
                title=f"{person.manager} as the manager of {person.email}",
                line=document.line(("people", at, "manager")),
                want=person,
            )
    for at, group in enumerate(document.file.groups):
        before = names.renamed.get(group.name.casefold())
        if before is not None:
            differences = containers.renaming(group.was, group.name)
            yield Change(
                deed=Deed.CHANGE,
                key=("group", group.name),
                title=f"group {group.name}{containers.renamed_from(differences)}",
                line=document.line(("groups", at)),
                differences=differences,
                want=group,
                object_id=before,
            )
        if is_new(names.id_of("group", group.name)):
            yield Change(
                deed=Deed.CREATE,
                key=("group", group.name),
                title=f"group {group.name}",
                line=document.line(("groups", at)),
                differences=differing({}, containers.said(description=group.description)),
                want=group,
            )
        for number, member in enumerate(group.members):
            email = member.removeprefix("person ")
            if names.id_of("person", email) not in found.members.get(group.name, set()):
                yield Change(
                    deed=Deed.CREATE,
                    key=("member", group.name, email),
                    title=f"{email} as a member of group {group.name}",
                    line=document.line(("groups", at, "members", number)),
                    want=(group.name, email),
                )


def _left_alone(document: Document, found: Survey, *, spoken_for: Collection[str]) -> Iterable[str]:
    """What the tenant has beside what the file describes; *spoken_for* are ids of what the plan names anyhow."""
    for catalog in document.file.catalogs:
        there = found.catalogs.get(catalog.name)
        if there is None:
            continue
        for package_id, name in sorted(there.others.items(), key=lambda each: each[1]):
            if package_id not in spoken_for:
                yield f"package {name} in catalog {catalog.name}: not in this file"
        for package in catalog.packages:
            known = there.packages.get(package.name)
            for policy_id, name in sorted(
                known.others.items() if known else (), key=lambda e: e[1]
            ):
                if policy_id not in spoken_for:
                    yield f"policy {name} of package {package.name}: not in this file"
