"""Find whom and what the command line names, in our own tables: nobody remote is asked."""

import re
from dataclasses import dataclass
from typing import Final

from bot.database.connections.engine import Transaction
from bot.errors import LatchkeyError
from bot.packages.index import PackageIndex
from bot.packages.model import Package
from bot.packages.names import clean
from bot.packages.store import catalog
from bot.people.model import Person
from bot.people.store import people

SLACK_ID: Final = re.compile(r"[UW][A-Z0-9]{4,30}")
ENTRA_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class NotOneKnown(LatchkeyError):
    """A name that is nobody's, or several people's or packages'."""


@dataclass(frozen=True, kw_only=True)
class KnownPerson:
    """
    A person by all the ids under which our tables know them.

    Attributes:
        name: For people; an id where no name is known.
    """

    name: str
    slack_users: tuple[str, ...]
    entra_ids: tuple[str, ...]


def person(db: Transaction, text: str) -> KnownPerson:
    """
    Return the person whose Slack id, Entra object id or name in Entra *text* is.

    Raises:
        NotOne: It is nobody's, or several people's.
    """
    typed = clean(text)
    if SLACK_ID.fullmatch(typed):
        found = people.find(db, typed)
        if found is None:
            return KnownPerson(name=typed, slack_users=(typed,), entra_ids=())
        return _all_of(db, [found])
    if ENTRA_ID.fullmatch(typed.lower()):
        bound = people.for_entra_id(db, typed.lower())
        if not bound:
            return KnownPerson(name=typed, slack_users=(), entra_ids=(typed.lower(),))
        return _all_of(db, bound)
    named = people.find_by_name(db, typed)
    if len({each.entra_id for each in named}) == 1:
        return _all_of(db, named)
    if not named:
        raise NotOneKnown(
            f"Nobody whom Latchkey knows is called {typed}: give the Slack id (U…) or Entra's object id."
        )
    ids = ", ".join(sorted({each.entra_id for each in named}))
    raise NotOneKnown(f"Several people are called {typed}: give one of these ids of Entra's: {ids}")


def _all_of(db: Transaction, found: list[Person]) -> KnownPerson:
    """All accounts of the same Entra user are one person."""
    entra_id = found[0].entra_id
    accounts = people.for_entra_id(db, entra_id)
    return KnownPerson(
        name=found[0].entra_name,
        slack_users=tuple(each.slack_user for each in accounts),
        entra_ids=(entra_id,),
    )


def package(db: Transaction, text: str) -> Package:
    """
    Return the package that *text* names, by id or as people type it; of one that is gone, the id alone is known.

    Raises:
        LatchkeyError: There is none, or it may be several.
    """
    known, typed = PackageIndex(catalog.list_all(db)), clean(text)
    found = known.by_id(typed.lower()) or known.the_one(text)
    if found is not None:
        return found
    if ENTRA_ID.fullmatch(typed.lower()):
        return Package(id=typed.lower(), slug=typed.lower(), name=typed.lower(), catalog="")
    raise NotOneKnown(
        f"There is no access package called {typed}: `latchkey show packages` lists them; one that is gone has its id in "
        "`latchkey audit export`."
    )
