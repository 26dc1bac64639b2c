"""Writes the file from a tenant as it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.errors import LatchkeyError
from bot.packages.characters import is_plain
from bot.provisioning.grammar import (
    GUID,
    Role,
    Subject,
    kind_of_thing,
    read_role,
    read_thing,
)
from bot.provisioning.kinds.incompatibilities import by_kind
from bot.provisioning.kinds.resources import say_attributes
from bot.provisioning.kinds.roles import is_told, say_role
from bot.provisioning.policy_translation.from_graph import (
    Words,
    in_words,
    left_out_of,
    subject_of,
    subject_sets_of,
    unreadable,
)
from bot.provisioning.tenant_names import TenantNames
from bot.suggestions import nearest
from graph import Graph
from graph.errors import GraphError
from graph.models import (
    AccessPackage,
    AssignmentPolicy,
    Catalog,
    Group,
    Resource,
    ResourceRoleScope,
)


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
        if name.casefold() not in {each.casefold() for each in names}:
            raise LatchkeyError(f"There is no catalog “{name}”.{nearest(name, names)}")
    wanted = {name.casefold() for name in catalogs} or {each.casefold() for each in names}
    packages = await graph.packages.list(named=False)
    importing = _Importing(graph=graph, names=TenantNames(graph), packages=packages)
    chosen = []
    for catalog in sorted(every, key=lambda each: (each.display_name or "").casefold()):
        name = catalog.display_name or ""
        if name.casefold() not in wanted:
            continue
        if not is_plain(name) or [each.casefold() for each in names].count(name.casefold()) > 1:
            importing.leave_out(f"catalog {name}: its name is not one that a file can tell")
            continue
        chosen.append(catalog)
    await importing.read(chosen)
    blocks = [await importing.catalog(catalog) for catalog in chosen]
    return Imported(
        text=_written({"catalogs": blocks}, importing.left_out), left_out=importing.left_out
    )


@dataclass(kw_only=True)
class _Importing:
    """Reads all of some catalogs in few calls, and puts it into words."""

    graph: Graph
    names: TenantNames
    packages: list[AccessPackage]
    left_out: list[str] = field(default_factory=list)
    _resources: dict[str, list[Resource]] = field(default_factory=dict)
    _policies: dict[str, AssignmentPolicy] = field(default_factory=dict)
    _apart: dict[str, tuple[list[AccessPackage], list[Group]]] = field(default_factory=dict)

    def leave_out(self, sentence: str) -> None:
        """Note what the file has no words for."""
        self.left_out.append(sentence)

    async def read(self, catalogs: Iterable[Catalog]) -> None:
        """
        Read everything that is to be written, and the names of whom it names.

        Raises:
            GraphError: The tenant cannot be read.
        """
        for catalog in catalogs:
            self._resources[catalog.id] = await self.graph.catalogs.resources(catalog.id)
            self.names.know(self._resources[catalog.id])
        packages = [
            each for each in self.packages if each.catalog and each.catalog.id in self._resources
        ]
        ids = [policy.id for each in packages for policy in each.assignment_policies]
        for policy_id, policy in zip(ids, await self.graph.policies.each(ids), strict=True):
            if isinstance(policy, GraphError):
                raise policy
            self._policies[policy_id] = policy
        self._apart = await self.graph.incompatibilities.of_each([each.id for each in packages])
        things = [each for found in self._resources.values() for each in found]
        subjects = [
            subject_of(each)
            for policy in self._policies.values()
            for each in subject_sets_of(policy)
        ]
        await self.names.learn(
            people=_ids(subjects, "person"),
            groups=[
                *_ids(subjects, "group"),
                *_origins(things, "group"),
                *(group.id for _, groups in self._apart.values() for group in groups),
            ],
            applications=_origins(things, "application"),
            packages=self.packages,
        )

    async def catalog(self, catalog: Catalog) -> Words:
        """Say one catalog in the file's words."""
        within = [each for each in self.packages if each.catalog and each.catalog.id == catalog.id]
        block: Words = {"name": catalog.display_name, **_described(catalog.description)}
        if not catalog.is_published:
            block["published"] = False
        if catalog.is_externally_visible:
            block["for external users"] = True
        listed = []
        for resource in self._resources[catalog.id]:
            said = await self._resource(resource)
            if said is None:
                name = resource.display_name or resource.origin_id
                kind = resource.origin_system or "a kind that Graph does not say"
                self.leave_out(f"{name} in catalog {catalog.display_name}: it is {kind}")
            else:
                listed.append(said)
        if listed:
            block["resources"] = sorted(listed, key=str)
        block["packages"] = []
        names = [(each.display_name or "").casefold() for each in within]
        for package in sorted(within, key=lambda each: (each.display_name or "").casefold()):
            name = package.display_name or ""
            if is_plain(name) and names.count(name.casefold()) == 1:
                block["packages"].append(await self._package(package))
            else:
                self.leave_out(f"package {name or package.id}: its name cannot be told apart")
        return {key: value for key, value in block.items() if value != []}

    async def _resource(self, resource: Resource) -> Any:
        thing = await self.names.thing(resource.origin_system, resource.origin_id or "")
        if thing is None:
            return None
        asks = say_attributes(resource.attributes or ())
        return {"thing": thing, "asks": asks} if asks else thing

    async def _package(self, package: AccessPackage) -> Words:
        block: Words = {"name": package.display_name, **_described(package.description)}
        if package.is_hidden:
            block["hidden"] = True
        gives = await self._gives(package)
        if gives is not None:
            block["gives"] = sorted(gives)
        apart = []
        for (kind, object_id), name in by_kind(*self._apart[package.id]).items():
            apart.append(await self.names.other(kind, object_id, name))
        if apart:
            block["not together with"] = sorted(apart)
        policies = await self._policies_of(package)
        if policies:
            block["policies"] = policies
        return block

    async def _gives(self, package: AccessPackage) -> list[str] | None:
        """
        Say what the package gives; None where the file has no words for a part of it.

        A list that lacked something would read as an order to take it away.
        """
        gives = []
        for given in package.resource_role_scopes:
            said = await self._role(given)
            if said is None or said in gives:
                what = "Graph does not say which" if not is_told(given) else "the file has no words"
                title = say_role(given)
                self.leave_out(f"what package {package.display_name} gives: of “{title}”, {what}")
                return None
            gives.append(said)
        return gives

    async def _role(self, given: ResourceRoleScope) -> str | None:
        """Say one role in words that mean it and nothing else."""
        role, scope = given.role, given.scope
        if not is_told(given) or role is None or scope is None:
            return None
        system = scope.origin_system or role.origin_system
        thing = await self.names.thing(system, scope.origin_id or "")
        if thing is None:
            return None
        for word in filter(None, (role.display_name, role.origin_id)):
            said = f"{word} of {thing}"
            try:
                read = read_role(said)
            except ValueError:
                continue
            if is_plain(said) and read == Role(role=word, thing=read_thing(thing)):
                return said
        return None

    async def _policies_of(self, package: AccessPackage) -> list[Words]:
        blocks: list[Words] = []
        known = [self._policies[each.id] for each in package.assignment_policies]
        names = [(each.display_name or "").casefold() for each in known]
        for policy in sorted(known, key=lambda each: each.display_name or ""):
            name = policy.display_name or ""
            title = f"policy {name or policy.id} of package {package.display_name}"
            why = unreadable(policy)
            if not is_plain(name) or names.count(name.casefold()) > 1:
                self.leave_out(f"{title}: its name cannot be told apart")
            elif why is not None:
                self.leave_out(f"{title}: {why}")
            else:
                labels = {}
                for found in subject_sets_of(policy):
                    subject = subject_of(found)
                    labels[str(subject)] = await self.names.label(subject)
                blocks.append(in_words(policy, _from(labels)))
                for sentence in left_out_of(policy):
                    self.leave_out(f"{title}: {sentence}; an apply leaves it as it is")
        return blocks


def _described(description: str | None) -> Words:
    """Say a description, where there is one."""
    return {"description": description} if description else {}


def _ids(subjects: Iterable[Subject], kind: str) -> list[str]:
    return [each.name for each in subjects if each.kind == kind and GUID.fullmatch(each.name)]


def _origins(resources: Iterable[Resource], kind: str) -> list[str]:
    return [
        each.origin_id
        for each in resources
        if each.origin_id and kind_of_thing(each.origin_system) == kind
    ]


def _from(labels: dict[str, str]) -> Any:
    def say(subject: Subject) -> str:
        return labels.get(str(subject), str(subject))

    return say


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
