"""Compares the file with the tenant, and says what would have to be done."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bot.provisioning import giving, policy_plan
from bot.provisioning.changes import Change, Deed, Plan, differing
from bot.provisioning.model import Catalog, Package
from bot.provisioning.names import Names, is_new
from bot.provisioning.reading import Document, FileError, Place
from bot.provisioning.record import Record
from bot.provisioning.survey import FoundCatalog, Survey, survey
from bot.provisioning.undoing import forgotten
from graph import Graph
from graph.models import AccessPackage


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
    left_alone: list[str] = []
    for at, catalog in enumerate(document.file.catalogs):
        there = found.catalogs.get(catalog.name)
        place: Place = ("catalogs", at)
        changes += _catalog(document, place, catalog, there)
        changes += giving.resources(document, place, catalog, there, names)
        for number, package in enumerate(catalog.packages):
            inner: Place = (*place, "packages", number)
            changes += _package(document, inner, catalog, package, there)
            changes += await giving.roles(
                graph, document, inner, (catalog, package), there, names, made.problems
            )
            changes += giving.incompatibles(document, inner, (catalog, package), there, names)
            changes += await policy_plan.policies(
                document, inner, (catalog, package), there, names, made.problems, version=version
            )
        if there:
            left_alone += _left_alone(catalog, there)
    if made.problems:
        raise FileError(made.problems)
    gone, kept = await forgotten(graph, document, record)
    ordered = sorted([*changes, *gone], key=lambda change: change.order)
    made.plan = Plan(changes=tuple(ordered), left_alone=(*left_alone, *kept))
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
        if is_new(names.id_of("group", group.name)):
            yield Change(
                deed=Deed.CREATE,
                key=("group", group.name),
                title=f"group {group.name}",
                line=document.line(("groups", at)),
                differences=differing({}, _said(description=group.description)),
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


def _said(**words: Any) -> dict[str, Any]:
    return {
        name.replace("_", " "): value for name, value in words.items() if value not in (None, "")
    }


def catalog_words(catalog: Catalog) -> dict[str, Any]:
    """What the file says of a catalog itself."""
    return _said(
        description=catalog.description,
        published=catalog.published,
        for_external_users=catalog.for_external_users,
    )


def found_catalog_words(found: Any, catalog: Catalog) -> dict[str, Any]:
    """What the tenant says of it, as far as the file has an opinion."""
    description = (found.description or "") if catalog.description is not None else None
    return _said(
        description=description,
        published=found.is_published,
        for_external_users=bool(found.is_externally_visible),
    )


def _catalog(
    document: Document, place: Place, catalog: Catalog, there: FoundCatalog | None
) -> Iterable[Change]:
    after = catalog_words(catalog)
    before = found_catalog_words(there.catalog, catalog) if there else {}
    differences = differing(before, after)
    if there is None or differences:
        yield Change(
            deed=Deed.CHANGE if there else Deed.CREATE,
            key=("catalog", catalog.name),
            title=f"catalog {catalog.name}",
            line=document.line(place),
            differences=differences,
            want=catalog,
            object_id=there.catalog.id if there else None,
        )


def package_words(package: Package) -> dict[str, Any]:
    """What the file says of a package itself."""
    return _said(description=package.description, hidden=package.hidden)


def found_package_words(found: AccessPackage, package: Package) -> dict[str, Any]:
    """What the tenant says of it, as far as the file has an opinion."""
    description = found.description if package.description is not None else None
    return _said(description=description, hidden=bool(found.is_hidden))


def _package(
    document: Document,
    place: Place,
    catalog: Catalog,
    package: Package,
    there: FoundCatalog | None,
) -> Iterable[Change]:
    found = there.packages.get(package.name) if there else None
    before = found_package_words(found.package, package) if found else {}
    differences = differing(before, package_words(package))
    if found is None or differences:
        yield Change(
            deed=Deed.CHANGE if found else Deed.CREATE,
            key=("package", catalog.name, package.name),
            title=f"package {package.name} in catalog {catalog.name}",
            line=document.line(place),
            differences=differences,
            want=package,
            object_id=found.package.id if found else None,
        )


def _left_alone(catalog: Catalog, there: FoundCatalog) -> Iterable[str]:
    for name in sorted(there.others):
        yield f"package {name} in catalog {catalog.name}: not in this file"
    for package in catalog.packages:
        found = there.packages.get(package.name)
        for name in sorted(found.others) if found else ():
            yield f"policy {name} of package {package.name}: not in this file"
