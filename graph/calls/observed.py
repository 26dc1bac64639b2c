"""Describe calls to Graph for whoever counts and traces them: what was called, for how long, and how it ended."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote

from graph.errors import GraphError, LoginUnreachable

# A part of a path that is a word of Graph's; everything else is somebody's id or name.
WORD: Final = re.compile(r"\$?[A-Za-z]+")
ID: Final = "{id}"
# Of an exchange: a GUID.
GRAPHS_ID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
TOKEN_ROUTE: Final = "token"  # noqa: S105 (a word in a metric)


@dataclass(frozen=True, kw_only=True)
class ObservedCall:
    """
    One exchange with Graph, or one that asked for a token.

    Attributes:
        route: The path without ids, such as ``/users/{id}/transitiveMemberOf``; `TOKEN_ROUTE` for a token.
        seconds: From the request to the end of the answer, or to the failure.
        status: HTTP status; None if there was no answer.
        client_request_id: What we have called this exchange; Microsoft can look it up, as by *request_id*.
        request_id: What Graph calls it.
        server_time: Graph's clock when it answered, to the second; None if it did not say.
        error: What made it fail; None if the status says it all.
        is_a_persons: It was made in the name of somebody who has signed in: what is wrong with their token is about them.
        with_fresh_token: It was sent again with a new token, after a 401.
    """

    method: str
    route: str
    seconds: float
    status: int | None
    client_request_id: str | None
    request_id: str | None = None
    server_time: datetime | None = None
    error: GraphError | None = None
    is_a_persons: bool = False
    with_fresh_token: bool = False

    @property
    def outcome(self) -> str:
        """
        Return one of "ok", "refused", "unauthorized", "throttled", "unavailable", "unreachable", "no_token", "not_signed_in".

        The last is that there is no token of a person that Graph takes, "no_token" that there is none of the app, and
        "unauthorized" that Graph does not take the app's.  Of a token, "unreachable" says that the login does not answer.
        """
        if self.route == TOKEN_ROUTE:
            if self.error is None:
                return "ok"
            if isinstance(self.error, LoginUnreachable):
                return "unreachable"
            return "not_signed_in" if self.is_a_persons else "no_token"
        if self.status is None:
            return "unreachable"
        if self.status == 401:
            return "not_signed_in" if self.is_a_persons else "unauthorized"
        if self.status == 429:
            return "throttled"
        if self.status >= 500:
            return "unavailable"
        return "refused" if self.status >= 400 else "ok"


Observer = Callable[[ObservedCall], None]


@dataclass
class CallTrail:
    """The calls that were made within a block, in order."""

    calls: list[ObservedCall] = field(default_factory=list)

    @property
    def last(self) -> ObservedCall | None:
        """Return the last exchange with Graph itself; None if there was none."""
        exchanges = [each for each in self.calls if each.route != TOKEN_ROUTE]
        return exchanges[-1] if exchanges else None


_trail: ContextVar[CallTrail | None] = ContextVar("graph_call_trail", default=None)


@contextmanager
def call_trail() -> Iterator[CallTrail]:
    """Collect the calls that are made in this block, by the tasks begun in it, too."""
    trail = CallTrail()
    token = _trail.set(trail)
    try:
        yield trail
    finally:
        _trail.reset(token)


def last_exchange() -> ObservedCall | None:
    """Return the last exchange with Graph itself in the block that this runs in; None if there was none."""
    trail = _trail.get()
    return None if trail is None else trail.last


def note(call: ObservedCall) -> None:
    """Add a call to the trail of the block that it is made in."""
    trail = _trail.get()
    if trail is not None:
        trail.calls.append(call)


def route_of(path: str) -> str:
    """Return a path without ids, names, queries and arguments of functions."""
    parts = []
    for part in unquote(path.partition("?")[0]).split("/"):
        word = part.partition("(")[0]
        parts.append(word if not word or WORD.fullmatch(word) else ID)
    return "/".join(parts)


def id_of_graphs(given: str | None) -> str | None:
    """Return an id that Graph gives an exchange; None for what is none: whoever is on the way may have put anything there."""
    return given if given is not None and GRAPHS_ID.fullmatch(given) else None


def server_time(date: str | None) -> datetime | None:
    """Return the moment in a Date header (RFC 9110, 6.6.1); None for one that cannot be read."""
    if date is None:
        return None
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
