"""Read what an admin has typed to name a person, a package, or both."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.errors import LatchkeyError, UnknownPackage
from bot.packages import names as package_names
from bot.packages.index import PackageIndex
from bot.packages.model import Package
from bot.words import N_

MENTION: Final = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
# As Slack sends an address that somebody types, or plain.
EMAIL: Final = re.compile(r"<mailto:[^|>]*\|([^\s<>@|]+@[^\s<>@|]+)>|([^\s<>@|:]+@[^\s<>@|]+)")
OBJECT_ID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
# Whatever names a person without being a name.
PERSON: Final = re.compile(f"{MENTION.pattern}|{EMAIL.pattern}|{OBJECT_ID.pattern}", re.IGNORECASE)
# Longer than any package's and person's names together; each word costs a look through all packages.
LONGEST_TYPED: Final = 1_000
MOST_WORDS: Final = 40
OTHERWISE: Final = N_("Please name them by e-mail address, object id or full name as in Entra.")


@dataclass(frozen=True, kw_only=True)
class NamedPerson:
    """Somebody as an admin has named them: one of these."""

    slack_user: str | None = None
    email: str | None = None
    entra_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class PersonQuery:
    """An admin's words behind a verb, taken apart."""

    named: NamedPerson | None = None
    package: Package | None = None


def parse_query(text: str, packages: PackageIndex) -> PersonQuery:
    """
    Take apart what names a person, a package, or both: the person first where only names tell them apart.

    Raises:
        LatchkeyError: Several people, or an “@name” that Slack has not made a mention of.
        UnknownPackage: What stands beside a person is none.
        WhichPackage: What is named may be several packages.
    """
    named, rest = _read_person(text[:LONGEST_TYPED])
    rest = package_names.clean(package_names.unescaped(rest))
    if not rest:
        return PersonQuery(named=named)
    package = packages.the_one(rest)
    if package is not None:
        return PersonQuery(named=named, package=package)
    if named is not None:
        raise unknown_package(rest, packages)
    words = rest.split()[:MOST_WORDS]
    for count in range(1, len(words)):
        package = packages.the_one(" ".join(words[count:]))
        if package is not None:
            return PersonQuery(named=_called(words[:count]), package=package)
    return PersonQuery(named=_called(words))


def unknown_package(
    text: str, packages: PackageIndex, *, or_person: bool = False
) -> UnknownPackage:
    """
    Return what to say of a text that names no package.

    Args:
        or_person: It might have named somebody, and nobody is known by that name.
    """
    found = packages.unknown(text, name=package_names.clean(text))
    return UnknownPackage(
        found.asked, found.near, more=found.more, reason=found.reason, or_person=or_person
    )


def _read_person(text: str) -> tuple[NamedPerson | None, str]:
    """Return the person whom a mention, an address or an id in a text names, and the rest of it."""
    mentioned = list(dict.fromkeys(MENTION.findall(text)))
    rest = MENTION.sub(" ", text)
    emails = list(dict.fromkeys(one or other for one, other in EMAIL.findall(rest)))
    rest = EMAIL.sub(" ", rest)
    ids = list(dict.fromkeys(each.lower() for each in OBJECT_ID.findall(rest)))
    rest = OBJECT_ID.sub(" ", rest).strip()
    if len(mentioned) + len(emails) + len(ids) > 1:
        raise LatchkeyError(N_("One person at a time, please: you named several."))
    if mentioned:
        return NamedPerson(slack_user=mentioned[0]), rest
    if emails:
        return NamedPerson(email=emails[0]), rest
    if ids:
        return NamedPerson(entra_id=ids[0]), rest
    if rest.startswith("@"):
        raise LatchkeyError(
            N_(
                "I do not know who {words} is: pick the person from Slack's list while typing. "
                "{hint}"
            ).format(words=package_names.clean(rest).split()[0][:80], hint=OTHERWISE)
        )
    return None, rest


def _called(words: Sequence[str]) -> NamedPerson | None:
    name = " ".join(words).strip(package_names.QUOTES + " ")
    return NamedPerson(name=name) if name else None
