"""Plans catalogs and packages themselves: which are missing, and which say of themselves something else than the file."""

from collections.abc import Iterable
from typing import Any

from bot.provisioning.diff import Change, Deed, Difference, differing
from bot.provisioning.file import Document, Place
from bot.provisioning.model import Catalog, Package
from bot.provisioning.snapshot import FoundCatalog
from graph.models import AccessPackage
from graph.models import Catalog as GraphCatalog


def renaming(actual: str | None, wanted: str) -> tuple[Difference, ...]:
    """The difference between two names; Entra, not the file, says which letters are capitals."""
    if (actual or "").casefold() == wanted.casefold():
        return ()
    return (Difference(what="name", before=actual, after=wanted),)


def said(**words: Any) -> dict[str, Any]:
    """A block of the file, without what says nothing."""
    return {
        name.replace("_", " "): value for name, value in words.items() if value not in (None, "")
    }


def catalog_words(catalog: Catalog) -> dict[str, Any]:
    """What the file says of a catalog itself."""
    return said(
        description=catalog.description,
        published=catalog.published,
        for_external_users=catalog.for_external_users,
    )


def catalog_differences(found: GraphCatalog, catalog: Catalog) -> tuple[Difference, ...]:
    """Where the tenant's catalog differs from the file's words; about the others the file has no opinion."""
    before = said(
        description=(found.description or "") if catalog.description is not None else None,
        published=found.is_published if catalog.published is not None else None,
        for_external_users=bool(found.is_externally_visible)
        if catalog.for_external_users is not None
        else None,
    )
    return (
        *renaming(found.display_name, catalog.name),
        *differing(before, catalog_words(catalog)),
    )


def catalog(
    document: Document, place: Place, wanted: Catalog, there: FoundCatalog | None
) -> Iterable[Change]:
    """The catalog to create or to change, if it is."""
    differences = (
        catalog_differences(there.catalog, wanted)
        if there
        else differing({}, catalog_words(wanted))
    )
    if there is None or differences:
        yield Change(
            deed=Deed.CHANGE if there else Deed.CREATE,
            key=("catalog", wanted.name),
            title=f"catalog {wanted.name}{renamed_from(differences)}",
            line=document.line(place),
            differences=differences,
            want=wanted,
            object_id=there.catalog.id if there else None,
        )


def package_words(package: Package) -> dict[str, Any]:
    """What the file says of a package itself."""
    return said(description=package.description, hidden=package.hidden)


def package_differences(found: AccessPackage, package: Package) -> tuple[Difference, ...]:
    """Where the tenant's package differs from the file's words; about the others the file has no opinion."""
    before = said(
        description=found.description if package.description is not None else None,
        hidden=bool(found.is_hidden) if package.hidden is not None else None,
    )
    return (
        *renaming(found.display_name, package.name),
        *differing(before, package_words(package)),
    )


def package(
    document: Document,
    place: Place,
    within: Catalog,
    wanted: Package,
    there: FoundCatalog | None,
) -> Iterable[Change]:
    """The package to create or to change, if it is."""
    found = there.packages.get(wanted.name) if there else None
    differences = (
        package_differences(found.package, wanted)
        if found
        else differing({}, package_words(wanted))
    )
    if found is None or differences:
        yield Change(
            deed=Deed.CHANGE if found else Deed.CREATE,
            key=("package", within.name, wanted.name),
            title=f"package {wanted.name} in catalog {within.name}{renamed_from(differences)}",
            line=document.line(place),
            differences=differences,
            want=wanted,
            object_id=found.package.id if found else None,
        )


def renamed_from(differences: Iterable[Difference]) -> str:
    """How a title says that a name changes."""
    return next(
        (f", renamed from {each.before}" for each in differences if each.what == "name"), ""
    )
