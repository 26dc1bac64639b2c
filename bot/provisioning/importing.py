"""Writes the file from a tenant as it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.errors import LatchkeyError
from bot.provisioning.from_graph import Words, in_words, is_readable, subject_of
from bot.provisioning.giving import attributes_in_words
from bot.provisioning.policy_plan import sets_of
from bot.provisioning.survey import incompatible_with
from bot.provisioning.tenant_names import TenantNames
from bot.provisioning.words import Subject, nearest
from graph import Graph
from graph.models import AccessPackage, Catalog, Resource


@dataclass(kw_only=True)
class Imported:
    """
    The file's text.

    Attributes:
        left_out: What the file has no words for, a sentence each.
    """

    text: str
    left_out: list[str] = field(default_factory=list)


async def import_tenant(graph: Graph, *, catalogs: Sequence[str] = ()) -> Imported:
    """
    The tenant's catalogs, or those named, as a file whose plan says that nothing changes.

    Raises:
        LatchkeyError: There is no such catalog.
        GraphError: The tenant cannot be read.
    """
    every = await graph.catalogs.list()
    names = [each.display_name or "" for each in every]
    for name in catalogs:
        if name.casefold() not in {each.casefold() for each in names}:
            raise LatchkeyError(f"There is no catalog “{name}”.{nearest(name, names)}")
    wanted = {name.casefold() for name in catalogs} or {each.casefold() for each in names}
    importing = _Importing(graph=graph, names=TenantNames(graph))
    packages = await graph.packages.list()
    blocks = []
    for catalog in sorted(every, key=lambda each: (each.display_name or "").casefold()):
        name = catalog.display_name or ""
        if name.casefold() not in wanted:
            continue
        if not _is_writable(name) or names.count(name) > 1:
            importing.left_out.append(f"catalog {name}: its name is not one that a file can tell")
            continue
        within = [each for each in packages if each.catalog and each.catalog.id == catalog.id]
        blocks.append(await importing.catalog(catalog, within))
    return Imported(
        text=_written({"catalogs": blocks}, importing.left_out), left_out=importing.left_out
    )


@dataclass(kw_only=True)
class _Importing:
    graph: Graph
    names: TenantNames
    left_out: list[str] = field(default_factory=list)

    async def catalog(self, catalog: Catalog, packages: Iterable[AccessPackage]) -> Words:
        resources = await self.graph.catalogs.resources(catalog.id)
        self.names.know(resources)
        block: Words = {"name": catalog.display_name, "description": catalog.description or ""}
        if not catalog.is_published:
            block["published"] = False
        if catalog.is_externally_visible:
            block["for external users"] = True
        listed = [await self._resource(each) for each in resources]
        if listed:
            block["resources"] = sorted(listed, key=str)
        seen: set[str] = set()
        block["packages"] = []
        for package in sorted(packages, key=lambda each: (each.display_name or "").casefold()):
            name = package.display_name or ""
            if _is_writable(name) and name.casefold() not in seen:
                block["packages"].append(await self._package(package))
            else:
                self.left_out.append(f"package {name or package.id}: its name cannot be told apart")
            seen.add(name.casefold())
        return {key: value for key, value in block.items() if value != []}

    async def _resource(self, resource: Resource) -> Any:
        thing = await self.names.thing(resource.origin_system, resource.origin_id or "")
        asks = attributes_in_words(resource.attributes or ())
        return {"thing": thing, "asks": asks} if asks else thing

    async def _package(self, package: AccessPackage) -> Words:
        block: Words = {"name": package.display_name, "description": package.description or ""}
        if package.is_hidden:
            block["hidden"] = True
        gives = []
        for given in package.resource_role_scopes:
            if given.role is None or given.scope is None or not given.scope.origin_id:
                self.left_out.append(
                    f"a role in package {package.display_name}: Graph does not say which"
                )
                continue
            system = given.scope.origin_system or given.role.origin_system
            thing = await self.names.thing(system, given.scope.origin_id)
            gives.append(f"{given.role.display_name or given.role.origin_id} of {thing}")
        block["gives"] = sorted(gives)
        apart = []
        for (kind, object_id), name in (await incompatible_with(self.graph, package.id)).items():
            apart.append(await self.names.other(kind, object_id, name))
        if apart:
            block["not together with"] = sorted(apart)
        policies = await self._policies(package)
        if policies:
            block["policies"] = policies
        return block

    async def _policies(self, package: AccessPackage) -> list[Words]:
        blocks: list[Words] = []
        for short in sorted(package.assignment_policies, key=lambda each: each.display_name or ""):
            policy = await self.graph.policies.get(short.id)
            name = policy.display_name or ""
            title = f"policy {name or policy.id} of package {package.display_name}"
            if not _is_writable(name) or name.casefold() in {
                str(each["name"]).casefold() for each in blocks
            }:
                self.left_out.append(f"{title}: its name cannot be told apart")
            elif policy.expiration is not None and policy.expiration.is_unsaid:
                self.left_out.append(
                    f"{title}: the beta API does not say whether it gives some hours or has no end; "
                    "import it with v1.0"
                )
            elif not is_readable(policy):
                self.left_out.append(f"{title}: the file has no words for whom it names")
            else:
                labels = {}
                for found in sets_of(policy):
                    subject = subject_of(found)
                    labels[str(subject)] = await self.names.label(subject)
                blocks.append(in_words(policy, _from(labels)))
        return blocks


def _from(labels: dict[str, str]) -> Any:
    def say(subject: Subject) -> str:
        return labels.get(str(subject), str(subject))

    return say


def _is_writable(name: str) -> bool:
    """Whether a name survives being written down: no line breaks, no double spaces."""
    return bool(name) and " ".join(name.split()) == name


class _Dumper(yaml.SafeDumper):
    """Lists stand indented under their word, truth values are yes and no."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


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
    notes = "".join(f"# Left out: {' '.join(each.split())}.\n" for each in left_out)
    return f"{notes}{body}"
