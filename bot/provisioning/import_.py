"""Write the file from a tenant as it is, each kind of thing its own part."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from bot.errors import LatchkeyError
from bot.packages.characters import is_plain
from bot.packages.names import clean
from bot.provisioning.file_format.fields import LONGEST_TITLE
from bot.provisioning.kinds import KINDS, CatalogLevelKind, ImportedKind, PackageLevelKind
from bot.provisioning.kinds.contexts import ImportContext
from bot.provisioning.policy_translation.from_graph import Words
from bot.provisioning.tenant.tenant_names import TenantNames
from bot.same_name import folded
from bot.suggestions import nearest
from graph import Graph
from graph.models import AccessPackage, AccessPackageCatalog

# Besides the line feed, which is written as one.
BREAKS: Final = frozenset("\x85\u2028\u2029")


@dataclass(kw_only=True)
class Imported:
    """
    A file that was written from a tenant: its text.

    Attributes:
        left_out: What the file has no words for, a sentence each.
    """

    text: str
    left_out: list[str] = field(default_factory=list)


async def import_tenant(graph: Graph, *, catalogs: Sequence[str] = ()) -> Imported:
    """
    Write the tenant's catalogs, or those named, as a file whose plan says that nothing changes.

    Raises:
        LatchkeyError: There is no such catalog.
        GraphError: The tenant cannot be read.
    """
    every = await graph.catalogs.list()
    names = [each.display_name or "" for each in every]
    for name in catalogs:
        if folded(name) not in {folded(each) for each in names}:
            raise LatchkeyError(f"There is no catalog “{name}”.{nearest(name, names)}")
    wanted = {folded(name) for name in catalogs} or {folded(each) for each in names}
    packages = await graph.packages.list(named=False)
    left_out = []
    chosen = []
    for catalog in sorted(every, key=lambda each: (each.display_name or "").casefold()):
        name = catalog.display_name or ""
        if folded(name) not in wanted:
            continue
        if not _is_writable(name) or [folded(each) for each in names].count(folded(name)) > 1:
            left_out.append(f"catalog {name}: its name is not one that a file can tell")
            continue
        chosen.append(catalog)
    context = ImportContext(
        graph=graph,
        names=TenantNames(graph),
        packages=packages,
        catalogs=chosen,
        left_out=left_out,
    )
    await _read(context)
    blocks = [await _catalog(catalog, context) for catalog in chosen]
    return Imported(text=_written({"catalogs": blocks}, left_out), left_out=left_out)


def _is_writable(name: str) -> bool:
    """Tell whether the file takes this as a name, and reads it as it is."""
    return is_plain(name) and len(name) <= LONGEST_TITLE


async def _read(context: ImportContext) -> None:
    """Read everything that is to be written, and the names of whom it names."""
    for kind in KINDS:
        if isinstance(kind, ImportedKind):
            await kind.read_for_import(context)
    await context.names.learn(context.mentioned, packages=context.packages)


async def _catalog(catalog: AccessPackageCatalog, context: ImportContext) -> Words:
    """Write the block of one catalog."""
    block: Words = {}
    for kind in KINDS:
        if isinstance(kind, CatalogLevelKind):
            block |= await kind.import_from_catalog(catalog, context)
    within = context.packages_in(catalog)
    names = [folded(each.display_name) for each in within]
    packages = []
    for package in sorted(within, key=lambda each: (each.display_name or "").casefold()):
        name = package.display_name or ""
        if _is_writable(name) and names.count(folded(name)) == 1:
            packages.append(await _package(package, context))
        else:
            context.leave_out(f"package {name or package.id}: its name cannot be told apart")
    return block | ({"packages": packages} if packages else {})


async def _package(package: AccessPackage, context: ImportContext) -> Words:
    """Write the block of one package."""
    block: Words = {}
    for kind in KINDS:
        if isinstance(kind, PackageLevelKind):
            block |= await kind.import_from_package(package, context)
    return block


class _Dumper(yaml.SafeDumper):
    """Lists stand indented under their word, truth values are yes and no."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # Bare, these would be line breaks of the file, and read as blanks.
    style = '"' if BREAKS & set(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(
    bool,
    lambda dumper, value: dumper.represent_scalar(
        "tag:yaml.org,2002:bool", "yes" if value else "no"
    ),
)


def _written(said: Words, left_out: Iterable[str]) -> str:
    body = yaml.dump(
        said,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=False,
    )
    notes = "".join(f"# Left out: {clean(each)}.\n" for each in left_out)
    return f"{notes}{body}"
