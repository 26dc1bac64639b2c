"""Say what those who decide are shown beside a request, and what others have decided of it in Entra."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.people.model import Verb


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """
    Say what was on file about somebody when their request was evaluated, for those who decide; None: not known.

    Attributes:
        title, department, manager: As Entra's directory has them; the manager by name.
        account: Their user principal name, which no two have.
        holders: How many people have the package, `MOST_COUNTED` at most.
        colleagues: How many of these are of the same department.
        had_from, had_until: When they had the package last, if they have had it before.
        denied_at: When they were last denied it.
        has_from, has_until: Of an extension: since when they have what is to be extended, and until when.
        first_why: Of an extension: why it was asked for at first.
    """

    title: str | None = None
    department: str | None = None
    manager: str | None = None
    is_guest: bool | None = None
    holders: int | None = None
    colleagues: int | None = None
    had_from: datetime | None = None
    had_until: datetime | None = None
    denied_at: datetime | None = None
    has_from: datetime | None = None
    has_until: datetime | None = None
    first_why: str | None = None
    account: str | None = None


@dataclass(frozen=True, kw_only=True)
class DecidedThere:
    """
    Say how a stage was decided in Entra, by somebody who pressed no button of Latchkey's.

    Attributes:
        entra_id, name: Who did, as far as Entra says.
        at, reason: None: Entra does not say.
    """

    stage: int
    verb: Verb
    entra_id: str | None = None
    name: str | None = None
    at: datetime | None = None
    reason: str | None = None


# Of those who have a package: beyond it, it is "more than".
MOST_COUNTED: Final = 1_000
