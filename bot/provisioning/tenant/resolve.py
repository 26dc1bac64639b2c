"""Resolve the names in the file to objects of the tenant."""

from collections.abc import Iterable, Mapping
from typing import Final

from bot.provisioning.file_format.file import Document
from bot.provisioning.file_format.grammar import (
    GUID,
    Subject,
    Thing,
    name_of_person,
    read_role,
    read_subject,
    read_thing,
)
from bot.provisioning.file_format.model import File
from bot.provisioning.names import NAME_KINDS, name_kind
from bot.provisioning.names.base import LookupContext
from bot.provisioning.policy_translation.to_graph import subjects_of
from bot.provisioning.tenant.tenant_names import TenantNames
from bot.provisioning.writing.state import StateFile
from bot.same_name import folded
from bot.source import FileError, Place
from graph import Graph
from graph.models import AccessPackage, Application

# Stands for the id of what apply is yet to create.
NEW: Final = "new "


def is_new(object_id: str) -> bool:
    """Tell whether that is no id yet: the thing is still to be created."""
    return object_id.startswith(NEW)


class Names:
    """Resolves each name once, and keeps what was created since."""

    def __init__(self, graph: Graph, document: Document, state: StateFile) -> None:
        self._tenant = TenantNames(graph)
        self._document = document
        self._state = state
        self._ids: dict[tuple[str, str], str] = {}
        self._labels: dict[tuple[str, str], str] = {}
        self._lookups = LookupContext(graph=graph, file=document.file)

    @property
    def applications(self) -> Mapping[str, Application]:
        """Return the applications that the file names, by id."""
        return self._lookups.applications

    @property
    def renamed(self) -> Mapping[str, str]:
        """Return the ids of groups that the tenant has under a former name, by the new one in small letters."""
        return self._lookups.renamed

    def id_of(self, kind: str, name: str) -> str:
        """Return the object id behind a name, after ``learn``; a placeholder for what is still to be created."""
        written = name_kind(kind).id_written(name)
        return self._ids[kind, folded(name)] if written is None else written

    def subject_id(self, subject: Subject) -> str:
        """Return the object id of somebody whom a policy names."""
        return self.id_of(subject.kind, subject.name)

    def bind(self, kind: str, name: str, object_id: str) -> None:
        """Remember what a name means."""
        self._ids[kind, folded(name)] = object_id
        self._labels.setdefault((kind, object_id), name)

    async def learn(
        self,
        *,
        things: Iterable[tuple[Thing, str]] = (),
        packages: Iterable[AccessPackage] = (),
    ) -> None:
        """
        Find out what every name in the file means.

        Args:
            things: Sites and Entra roles that the catalogs hold, with their origin ids: only there do they
                have names.
            packages: All that the tenant has.

        Raises:
            FileError: Names that mean nothing, or more than one thing; all of them.
        """
        self._lookups.packages = list(packages)
        for thing, origin_id in things:
            key = (thing.kind, folded(thing.name))
            self._lookups.in_catalogs.setdefault(key, set()).add(origin_id)
        wanted: dict[tuple[str, str], tuple[Place, str]] = {}
        for place, subject in mentions(self._document.file):
            if subject.name and name_kind(subject.kind).id_written(subject.name) is None:
                wanted.setdefault((subject.kind, folded(subject.name)), (place, subject.name))
        found = await self._look_up(wanted)
        problems = []
        for (kind, known), (place, name) in wanted.items():
            problem = await self._settle(kind, name, place, found.get((kind, known), []))
            if problem:
                problems.append(problem)
        if problems:
            raise FileError(problems)

    async def _look_up(
        self, wanted: Mapping[tuple[str, str], tuple[Place, str]]
    ) -> dict[tuple[str, str], list[str]]:
        """Look up ids by kind and folded name; all of a kind in few calls."""
        found: dict[tuple[str, str], list[str]] = {}
        for each in NAME_KINDS:
            names = {key: name for (kind, key), (_, name) in wanted.items() if kind in each.words}
            if names:
                ids = await each.look_up(names, self._lookups)
                found |= {(kind, key): ids[key] for kind in each.words for key in ids}
        return found

    async def _settle(self, kind: str, name: str, place: Place, ids: list[str]) -> str | None:
        """Bind a name to what it means; otherwise say what is wrong with it."""
        described = name_kind(kind).described(self._document.file, name)
        if len(described) > 1:
            sentence = f"This file has {len(described)} of the name {kind} “{name}”."
            return self._document.problem(place, sentence)
        mine = described[0] if described else None
        if len(ids) > 1 and mine:
            made = self._state.entry((kind, mine))
            ids = [each for each in ids if made and each == made.id] or ids
        if len(ids) == 1 or (not ids and mine):
            self.bind(kind, name, ids[0] if ids else f"{NEW}{kind} {mine}")
            if mine and mine != name:
                self.bind(kind, mine, self.id_of(kind, name))
            return None
        return self._document.problem(place, await self._complaint(kind, name, ids))

    async def _complaint(self, kind: str, name: str, ids: list[str]) -> str:
        if ids:
            return (
                f"There are {len(ids)} of the name {kind} “{name}”: {', '.join(sorted(ids))}. "
                "Write the id of the one you mean."
            )
        known = [each for (other, _), each in self._labels.items() if other == kind]
        return await name_kind(kind).say_missing(kind, name, self._lookups, known=known)

    async def label(self, subject: Subject) -> str:
        """Say what people call a subject whose name is an id; the id where the tenant has no better name."""
        known = self._labels.get((subject.kind, subject.name))
        if known is None and GUID.fullmatch(subject.name):
            return await self._tenant.label(subject)
        return str(Subject(kind=subject.kind, name=known or subject.name, level=subject.level))


def mentions(file: File) -> Iterable[tuple[Place, Subject]]:
    """Yield everything that the file names, each with its place; resources and packages among them."""
    for at, person in enumerate(file.people):
        yield ("people", at, "email"), Subject(kind="person", name=person.email)
        if person.manager:
            yield ("people", at, "manager"), Subject(kind="person", name=person.manager)
    for at, group in enumerate(file.groups):
        yield ("groups", at, "name"), Subject(kind="group", name=group.name)
        for number, member in enumerate(group.members):
            name = name_of_person(member)
            yield ("groups", at, "members", number), Subject(kind="person", name=name)
    for at, catalog in enumerate(file.catalogs):
        for number, resource in enumerate(catalog.resources):
            thing = read_thing(resource.thing)
            place: Place = ("catalogs", at, "resources", number)
            yield place, Subject(kind=thing.kind, name=thing.name)
        for number, package in enumerate(catalog.packages):
            top: Place = ("catalogs", at, "packages", number)
            for index, text in enumerate(package.gives or ()):
                thing = read_role(text).thing
                yield (*top, "gives", index), Subject(kind=thing.kind, name=thing.name)
            for index, text in enumerate(package.not_together_with or ()):
                kind, _, name = text.partition(" ")
                yield (
                    (*top, "not together with", index),
                    Subject(kind=kind.casefold(), name=name.strip()),
                )
            for index, policy in enumerate(package.policies):
                for inner, text in subjects_of(policy):
                    yield (*top, "policies", index, *inner), read_subject(text)
