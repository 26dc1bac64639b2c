"""Resolves the names in the file to objects of the tenant."""

from collections.abc import Iterable, Mapping
from typing import Final

from bot.provisioning.file import Document
from bot.provisioning.grammar import (
    ENTRA_ROLE,
    GUID,
    Subject,
    Thing,
    read_role,
    read_subject,
    read_thing,
)
from bot.provisioning.model import File
from bot.provisioning.policy_translation.to_graph import subjects_of
from bot.provisioning.state import StateFile
from bot.provisioning.tenant_names import TenantNames, names_like
from bot.suggestions import nearest
from bot.yaml_file import FileError, Place
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
        self._graph = graph
        self._tenant = TenantNames(graph)
        self._document = document
        self._state = state
        self._ids: dict[tuple[str, str], str] = {}
        self._labels: dict[tuple[str, str], str] = {}
        self._held: dict[tuple[str, str], set[str]] = {}
        self._packages: list[AccessPackage] = []
        self.applications: dict[str, Application] = {}
        # Groups that the tenant has under the name that they had before, by the new one in small letters.
        self.renamed: dict[str, str] = {}

    def id_of(self, kind: str, name: str) -> str:
        """Return the object id behind a name, after ``learn``; a placeholder for what is still to be created."""
        if GUID.fullmatch(name) or kind in ("rule", "connected organization"):
            return name.lower() if kind != "rule" else name
        if (kind, name.casefold()) not in self._ids and kind == "site":
            return name
        return self._ids[kind, name.casefold()]

    def subject_id(self, subject: Subject) -> str:
        """Return the object id of somebody whom a policy names."""
        return self.id_of(subject.kind, subject.name)

    def bind(self, kind: str, name: str, object_id: str) -> None:
        """Remember what a name means."""
        self._ids[kind, name.casefold()] = object_id
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
        self._packages = list(packages)
        for thing, origin_id in things:
            self._held.setdefault((thing.kind, thing.name.casefold()), set()).add(origin_id)
        wanted: dict[tuple[str, str], tuple[Place, str]] = {}
        for place, subject in mentions(self._document.file):
            if subject.name and not GUID.fullmatch(subject.name):
                wanted.setdefault((subject.kind, subject.name.casefold()), (place, subject.name))
        found = await self._look_up(wanted)
        problems = []
        for (kind, folded), (place, name) in wanted.items():
            problem = await self._settle(kind, name, place, found.get((kind, folded), []))
            if problem:
                problems.append(problem)
        if problems:
            raise FileError(problems)

    async def _look_up(
        self, wanted: Mapping[tuple[str, str], tuple[Place, str]]
    ) -> dict[tuple[str, str], list[str]]:
        """Look up ids by kind and folded name; all of a kind in few calls."""
        file, graph = self._document.file, self._graph
        emails, groups, applications = {}, {}, {}
        for (kind, folded), (_, name) in wanted.items():
            described = _described(file, kind, name)
            if kind == "person":
                emails[folded] = described[0] if described else name
            elif kind == "group":
                groups[folded] = name
            elif kind in ("application", "service principal"):
                applications[kind, folded] = name
        found: dict[tuple[str, str], list[str]] = {}
        addresses = [email for email in emails.values() if "@" in email]
        users = await graph.users.find_each(addresses)
        for folded, email in emails.items():
            found["person", folded] = [each.id for each in users.get(email, [])]
        before = {group.name.casefold(): group.was for group in file.groups if group.was}
        named = await graph.groups.find_each([*groups.values(), *before.values()])
        for folded, name in groups.items():
            ids = [each.id for each in named[name]]
            found["group", folded] = ids or [
                each.id for each in named.get(before.get(folded, ""), [])
            ]
            if found["group", folded] and not ids:
                self.renamed[folded] = found["group", folded][0]
        registered = await graph.applications.find_each(list(applications.values()))
        for key, name in applications.items():
            found[key] = [each.id for each in registered[name]]
            self.applications |= {each.id: each for each in registered[name]}
        return found

    async def _settle(self, kind: str, name: str, place: Place, ids: list[str]) -> str | None:
        """Bind a name to what it means; otherwise say what is wrong with it."""
        described = _described(self._document.file, kind, name)
        if len(described) > 1:
            sentence = f"This file has {len(described)} of the name {kind} “{name}”."
            return self._document.problem(place, sentence)
        mine = described[0] if described else None
        if kind == "package":
            if mine:
                self.bind(kind, name, f"{NEW}package {mine}")
                return None
            folded = name.casefold()
            ids = [
                each.id for each in self._packages if (each.display_name or "").casefold() == folded
            ]
        elif kind == "rule" or (kind == "site" and "://" in name):
            return None
        elif kind in ("site", ENTRA_ROLE):
            ids = sorted(self._held.get((kind, name.casefold()), ()))
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
        if kind == "connected organization":
            return f"“{name}” must be the id of the connected organization."
        if kind == "person" and "@" not in name:
            known = [each.name for each in self._document.file.people]
            return f"“{name}” is no e-mail address, and nobody in this file.{nearest(name, known)}"
        if kind == "site":
            return f"No catalog holds a site “{name}”; write its address, https://…"
        if kind == ENTRA_ROLE:
            known = [word for other, word in self._held if other == kind]
            return (
                f"No catalog holds an Entra role “{name}”; put it into the catalog in Entra first."
                f"{nearest(name, known)}"
            )
        known = [each for (other, _), each in self._labels.items() if other == kind]
        known += [each.name for each in self._document.file.groups if kind == "group"]
        known += await names_like(self._graph, kind, name)
        if kind == "package":
            known += [each.display_name for each in self._packages if each.display_name]
        return f"The tenant has no {kind} “{name}”.{nearest(name, known)}"

    async def label(self, subject: Subject) -> str:
        """Say what people call a subject whose name is an id; the id where the tenant has no better name."""
        known = self._labels.get((subject.kind, subject.name))
        if known is None and GUID.fullmatch(subject.name):
            return await self._tenant.label(subject)
        return str(Subject(kind=subject.kind, name=known or subject.name, level=subject.level))


def _described(file: File, kind: str, name: str) -> list[str]:
    """Find what the file itself describes under that name: addresses of people, names of the rest."""
    folded = name.casefold()
    if kind == "person":
        mine = [
            each.email
            for each in file.people
            if folded in (each.name.casefold(), each.email.casefold())
        ]
    elif kind == "group":
        mine = [each.name for each in file.groups if each.name.casefold() == folded]
    elif kind == "package":
        packages = (package for catalog in file.catalogs for package in catalog.packages)
        mine = [each.name for each in packages if each.name.casefold() == folded]
    else:
        mine = []
    return mine


def mentions(file: File) -> Iterable[tuple[Place, Subject]]:
    """Yield everything that the file names, each with its place; resources and packages among them."""
    for at, person in enumerate(file.people):
        yield ("people", at, "email"), Subject(kind="person", name=person.email)
        if person.manager:
            yield ("people", at, "manager"), Subject(kind="person", name=person.manager)
    for at, group in enumerate(file.groups):
        yield ("groups", at, "name"), Subject(kind="group", name=group.name)
        for number, member in enumerate(group.members):
            name = member.removeprefix("person ")
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
