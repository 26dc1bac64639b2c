"""Say what a check looks at, what it needs for that, and what it finds."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, TypeVar

from bot.accounts.tokens import AccountTokens
from bot.configuration.settings import Settings
from bot.database import Store
from bot.database.replicas.wire import Wire
from bot.monitoring.figures import Figures
from bot.packages.bounds import EVERYWHERE, Bounds
from bot.packages.settings.file import PackageSettingsFile
from bot.slack.api import BotIdentity, Slack
from graph import Graph
from graph.calls.deadlines import Seconds, machine_seconds
from graph.models import AccessPackage, AssignmentPolicy

T = TypeVar("T")


class Severity(IntEnum):
    """The severity of a finding; the worst of all decides the exit code."""

    FINE = 0
    # Something else is wrong first.
    SKIPPED = 1
    # True, and worth a thought.
    NOTE = 2
    # It works, and somebody should do something about it.
    WARNING = 3
    BROKEN = 4

    @property
    def mark(self) -> str:
        """Return what stands before its sentence."""
        return MARKS[self]


MARKS: Final = {
    Severity.FINE: "✓",
    Severity.SKIPPED: "–",
    Severity.NOTE: "·",
    Severity.WARNING: "!",
    Severity.BROKEN: "✗",
}


@dataclass(frozen=True, kw_only=True)
class CheckFinding:
    """
    A finding of a check.

    Attributes:
        check: The check's name in the table; filled in by `bot.doctor.table`.
    """

    severity: Severity
    sentence: str
    check: str = ""

    @property
    def fine(self) -> bool:
        """Tell whether it keeps nothing from working."""
        return self.severity is not Severity.BROKEN


def fine(sentence: str) -> CheckFinding:
    """Find that something is as it should be."""
    return CheckFinding(severity=Severity.FINE, sentence=sentence)


def note(sentence: str) -> CheckFinding:
    """Find something that is worth a thought."""
    return CheckFinding(severity=Severity.NOTE, sentence=sentence)


def warning(sentence: str) -> CheckFinding:
    """Find something that somebody should do something about."""
    return CheckFinding(severity=Severity.WARNING, sentence=sentence)


def broken(sentence: str) -> CheckFinding:
    """Find something that keeps Latchkey, or somebody, from working."""
    return CheckFinding(severity=Severity.BROKEN, sentence=sentence)


# Sends a request to the running bot's own address: method, path, headers, body; returns the status and the text.
AskOurselves = Callable[[str, str, Mapping[str, str], bytes], Awaitable[tuple[int, str]]]


# Asks the address at which browsers reach the bot for a page below it; returns the status, and the headers in small letters.
AskPublic = Callable[[str], Awaitable[tuple[int, Mapping[str, str]]]]


class NobodyListens(Exception):
    """Nobody answers at the address of the settings; where it is a public one, with the reason."""


class NotTrusted(Exception):
    """No certificate proves that what answers at the address is what it should be; the reason, in words."""


@dataclass(kw_only=True)
class CheckSubject:
    """
    The settings, and whatever could be connected by them: everything that checks look at.

    Attributes:
        missing: What could not be connected or read, with the reason, by "database", "slack", "graph" and "package settings".
        database_time: Asks the database server's clock.
        wire: The way to the other replicas; None where there is none to try.
        ask_ourselves: Sends a request to the running bot.
        ask_public: Asks for a page where browsers do; None where they come to no address.
        seconds: The clock by which it is told how long an answer takes.
        packages_read: Packages that a check has read, with their policies, both whole, by id.
        tokens: Asks Microsoft's login for tokens of people who have connected their accounts; None where nobody can.
    """

    settings: Settings
    figures: Figures
    package_settings: PackageSettingsFile
    missing: dict[str, str] = field(default_factory=dict)
    connected_store: Store | None = None
    connected_slack: Slack | None = None
    connected_identity: BotIdentity | None = None
    connected_graph: Graph | None = None
    bounds: Bounds = EVERYWHERE
    wire: Wire | None = None
    database_time: Callable[..., Any] | None = None
    ask_ourselves: AskOurselves | None = None
    ask_public: AskPublic | None = None
    seconds: Seconds = machine_seconds
    tokens: AccountTokens | None = None
    packages_read: dict[str, tuple[AccessPackage, list[AssignmentPolicy]]] = field(
        default_factory=dict
    )

    @property
    def store(self) -> Store:
        """Return the database, for checks that need it."""
        return _there(self.connected_store)

    @property
    def slack(self) -> Slack:
        """Return Slack, for checks that need it."""
        return _there(self.connected_slack)

    @property
    def identity(self) -> BotIdentity:
        """Return whose the token is, for checks that need Slack."""
        return _there(self.connected_identity)

    @property
    def graph(self) -> Graph:
        """Return Graph, for checks that need it."""
        return _there(self.connected_graph)


def _there(thing: T | None) -> T:
    if thing is None:
        raise TypeError("a check uses what it does not say it needs")
    return thing


@dataclass(frozen=True, kw_only=True)
class Check:
    """
    One row of the table.

    Attributes:
        needs: Of "database", "slack", "graph" and "package settings".
        look: Finds one thing, or several.
        only_postgresql: It is about a server.
    """

    name: str
    look: Callable[[CheckSubject], Awaitable[CheckFinding | list[CheckFinding]]]
    needs: frozenset[str] = frozenset()
    only_postgresql: bool = False
