"""Answer what policy tests ask about packages, people and groups, from the file alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.errors import LatchkeyError
from bot.packages import names as package_names
from bot.packages.model import NamedObject
from bot.provisioning.file_format.grammar import (
    Role,
    Subject,
    Thing,
    name_of_person,
    read_other,
    read_role,
)
from bot.provisioning.file_format.model import File
from bot.provisioning.file_format.policy_model import Policy
from bot.provisioning.policy_translation.to_graph import to_graph
from bot.provisioning.tenant.resolve import mentions
from bot.same_name import folded
from bot.suggestions import nearest
from graph.models import AccessPackage, AccessPackageCatalog, AssignmentPolicy


class CannotTell(LatchkeyError):
    """A policy test is about somebody or something that nobody can find."""


@dataclass(frozen=True, kw_only=True)
class TestedPerson:
    """A person, as far as the tests need to know."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Offer:
    """
    A package with its policies, each of them whole.

    Attributes:
        package: The package itself, as Graph has it or would have it.
        gives: Role and origin id, both in small letters.
        groups_excluded: By id, the groups whose members may not have it.
        packages_excluded: Those whose holders may not have it.
    """

    id: str
    name: str
    package: AccessPackage
    policies: tuple[AssignmentPolicy, ...]
    gives: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    groups_excluded: Mapping[str, str] = field(default_factory=dict)
    packages_excluded: tuple[NamedObject, ...] = ()


class Facts(Protocol):
    """Answers what a test asks; None stands for “cannot tell”."""

    async def offer(self, name: str) -> Offer: ...

    async def person(self, word: str) -> TestedPerson: ...

    async def group_id(self, name: str) -> str: ...

    async def thing_id(self, thing: Thing) -> str: ...

    async def is_guest(self, person_id: str) -> bool | None: ...

    async def is_member(self, person_id: str, group_id: str) -> bool | None: ...

    async def manager(self, person_id: str) -> str | None: ...

    async def has(self, person_id: str, offer: Offer) -> tuple[NamedObject, ...]: ...


def chosen(word: str, names: Sequence[str]) -> int:
    """
    Return the place of the one of *names* that is meant: by the name, by its slug, or by the beginning of that if it is unique.

    Raises:
        CannotTell: None or several.
    """
    slugs = [package_names.whole_slug(each) for each in names]
    slug = package_names.whole_slug(word)
    ways = (
        [at for at, each in enumerate(names) if folded(each) == folded(word)],
        [at for at, each in enumerate(slugs) if slug and each == slug],
        [at for at, each in enumerate(slugs) if slug and each.startswith(f"{slug}-")],
    )
    found = next((each for each in ways if each), [])
    if len(found) == 1:
        return found[0]
    if found:
        # Those of one slug are told apart by their names.
        said = sorted({slugs[at] for at in found})
        if len(said) < len(found):
            said = sorted({f"“{names[at]}”" for at in found})
        if len(said) < len(found):
            raise CannotTell(f"Several packages are called {' or '.join(said)}.")
        raise CannotTell(f"“{word}” may be {' or '.join(said)}.")
    raise CannotTell(f"There is no package “{word}”.{nearest(slug, slugs)}")


def meant(word: str, people: Iterable[tuple[str, TestedPerson]]) -> TestedPerson | None:
    """
    Find the one of *people* (each with an e-mail address) that a word means.

    Raises:
        CannotTell: Several.
    """
    folded = name_of_person(word).casefold()
    found: dict[str, TestedPerson] = {}
    for email, person in people:
        first = person.name.partition(" ")[0]
        words = {email, email.partition("@")[0], person.name, first}
        if folded in {each.casefold() for each in words}:
            found[person.id] = person
    if len(found) > 1:
        raise CannotTell(
            f"“{word}” may be {' or '.join(sorted(each.name for each in found.values()))}."
        )
    return next(iter(found.values()), None)


class FileFacts:
    """
    Answers from the file alone: nobody is asked anything.

    Everybody counts as a member of the directory unless a test supposes a guest.
    """

    def __init__(self, file: File) -> None:
        self._file = file
        self._people = [
            (each.email, TestedPerson(id=f"person {each.email.casefold()}", name=each.name))
            for each in file.people
        ]
        described = {email.casefold() for email, _ in self._people}
        for _, subject in mentions(file):
            if subject.kind == "person" and "@" in subject.name:
                email = subject.name.casefold()
                if email not in described:
                    described.add(email)
                    self._people.append((email, TestedPerson(id=f"person {email}", name=email)))

    def _id(self, subject: Subject) -> str:
        if subject.kind == "person":
            known = meant(subject.name, self._people)
            if known is not None:
                return known.id
        return f"{subject.kind} {subject.name}".casefold()

    async def offer(self, name: str) -> Offer:
        packages = [
            (catalog, package) for catalog in self._file.catalogs for package in catalog.packages
        ]
        catalog, package = packages[chosen(name, [each.name for _, each in packages])]
        wanted = package.name
        others = [read_other(each) for each in package.not_together_with or ()]
        return Offer(
            id=wanted,
            name=wanted,
            package=AccessPackage(
                id=wanted,
                display_name=wanted,
                catalog=AccessPackageCatalog(
                    id=catalog.name,
                    state="unpublished" if catalog.published is False else "published",
                ),
            ),
            policies=tuple(self._policy(policy, wanted) for policy in package.policies),
            groups_excluded={
                f"group {each.name}".casefold(): each.name
                for each in others
                if each.kind == "group"
            },
            gives=frozenset(_given(read_role(each)) for each in package.gives or ()),
        )

    def _policy(self, policy: Policy, package_id: str) -> AssignmentPolicy:
        """Make the policy that Entra would have after apply; what the file cannot say, a new one does not have."""
        made = to_graph(policy, ids=self._id, package_id=package_id)
        questions = [
            each.model_copy(update={"id": f"question {number}"})
            for number, each in enumerate(made.questions or ())
        ]
        return made.model_copy(
            update={
                "id": policy.name,
                "questions": questions,
                "custom_extension_stage_settings": [],
            }
        )

    async def person(self, word: str) -> TestedPerson:
        found = meant(word, self._people)
        if found is not None:
            return found
        if "@" in word:
            return TestedPerson(id=f"person {word.casefold()}", name=word)
        emails = [email for email, _ in self._people]
        raise CannotTell(
            f"This file names nobody called “{word}”; write their e-mail address.{nearest(word, emails)}"
        )

    async def group_id(self, name: str) -> str:
        return f"group {name}".casefold()

    async def thing_id(self, thing: Thing) -> str:
        return str(thing).casefold()

    async def is_guest(self, person_id: str) -> bool | None:
        del person_id
        return False

    async def is_member(self, person_id: str, group_id: str) -> bool | None:
        for group in self._file.groups:
            if f"group {group.name}".casefold() == group_id:
                members = {
                    self._id(Subject(kind="person", name=name_of_person(each)))
                    for each in group.members
                }
                return person_id in members
        return None

    async def manager(self, person_id: str) -> str | None:
        for person in self._file.people:
            if person.manager and f"person {person.email.casefold()}" == person_id:
                return self._id(Subject(kind="person", name=person.manager))
        return None

    async def has(self, person_id: str, offer: Offer) -> tuple[NamedObject, ...]:
        # Who holds what is no matter of the file's.
        del person_id, offer
        return ()


def _given(role: Role) -> tuple[str, str]:
    return role.role.casefold(), str(role.thing).casefold()
