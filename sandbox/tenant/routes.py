"""Finds the operation behind a method and a path, and whether the caller may use it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.tenant.call import Operation
from sandbox.tenant.errors import Refusal, forbidden
from sandbox.tenant.tokens import Caller

_R = "EntitlementManagement.Read.All"
_RW = "EntitlementManagement.ReadWrite.All"
_SELF = "EntitlementMgmt-SubjectAccess.ReadWrite"
_USERS_READ = {"User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All", "Directory.Read.All"}
_GROUPS_READ = {
    "GroupMember.Read.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
}

# Source: Graph reference, "Get team"; all but the first three "for backward compatibility".
_TEAMS_READ = {
    "Team.ReadBasic.All",
    "TeamSettings.Read.All",
    "TeamSettings.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
}

# need -> (what an application must hold, what a signed-in user must hold); None: not supported.
NEEDS: dict[str, tuple[set[str] | None, set[str] | None]] = {
    "anything": (set(), set()),
    "read": ({_R, _RW}, {_R, _RW}),
    "write": ({_RW}, {_RW}),
    "request": ({_RW}, {_SELF, _RW}),
    "own": (None, {_SELF, _R, _RW}),
    "cancel": (None, {_SELF, _RW}),
    "approval": (None, {_R, _RW}),
    "decide": (None, {_RW}),
    "users": (_USERS_READ, _USERS_READ),
    "users.write": ({"User.ReadWrite.All"}, {"User.ReadWrite.All"}),
    # Whether a wider permission would do is not in our copy of the reference: refused.
    "users.revoke": ({"User.RevokeSessions.All"}, {"User.RevokeSessions.All"}),
    "groups": (_GROUPS_READ, _GROUPS_READ),
    "groups.write": ({"Group.ReadWrite.All"}, {"Group.ReadWrite.All"}),
    "teams": (_TEAMS_READ, _TEAMS_READ),
    "applications": (
        {"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"},
        {"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"},
    ),
}
# Needs for which a signed-in user must also hold a directory role.
_ADMINISTRATORS_ONLY = {"read", "write", "users.write", "users.revoke", "groups.write"}

_KEY = re.compile(r"^([A-Za-z]+)\('((?:[^']|'')*)'\)$")


@dataclass(frozen=True)
class Route:
    """*v1* and *beta* are paths with {names}; None where the version has no such path."""

    method: str
    v1: str | None
    beta: str | None
    operation: Operation
    needs: str

    def path(self, version: str) -> str | None:
        return self.v1 if version == "v1.0" else self.beta


class Router:
    """All routes of both versions."""

    def __init__(self, routes: Iterable[Route]) -> None:
        # By version and number of parts, as each call looks through them.
        self._routes: dict[str, dict[int, list[tuple[list[str], Route]]]] = {"v1.0": {}, "beta": {}}
        for route in routes:
            for version, found in self._routes.items():
                path = route.path(version)
                if path is not None:
                    pattern = _pattern(path)
                    found.setdefault(len(pattern), []).append((pattern, route))

    def find(self, version: str, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and the ids in *path*. Raises Refusal 404 or 405."""
        parts = segments(path)
        is_known = False
        small = [part.lower() for part in parts]
        for pattern, route in self._routes[version].get(len(parts), ()):
            ids = _match(pattern, parts, small)
            if ids is not None and route.method == method:
                return route, ids
            is_known = is_known or ids is not None
        if is_known:
            raise Refusal(
                405,
                "Request_BadRequest",
                "Specified HTTP method is not allowed for the request target.",
            )
        raise Refusal(
            404,
            "UnknownError",
            f"No HTTP resource was found that matches the request URI '/{version}/{path}'.",
        )


def segments(path: str) -> list[str]:
    """The decoded parts of a raw path; `users('x')` is `users/x`."""
    found: list[str] = []
    for raw in path.strip("/").split("/"):
        part = unquote(raw)
        key = _KEY.match(part)
        if part.startswith("graph."):
            part = f"microsoft.{part}"  # Graph's own short form of a type cast
        found += [key[1], key[2].replace("''", "'")] if key else [part]
    return found


def _pattern(path: str) -> list[str]:
    """The parts of a route's path, in small letters but for {names} and functions()."""
    return [
        part if part.startswith("{") or part.endswith("()") else part.lower()
        for part in path.split("/")
    ]


def _match(pattern: list[str], parts: list[str], small: list[str]) -> dict[str, str] | None:
    """The ids in *parts*, which are *small* in small letters; None if they do not fit."""
    ids: dict[str, str] = {}
    for wanted, part, letters in zip(pattern, parts, small, strict=True):
        if wanted.startswith("{"):
            ids[wanted[1:-1]] = part
        elif wanted.endswith("()"):
            arguments = _arguments(wanted[:-2], part)
            if arguments is None:
                return None
            ids |= arguments
        elif wanted != letters:
            return None
    return ids


def _arguments(name: str, part: str) -> dict[str, str] | None:
    """The arguments of a function call such as filterByCurrentUser(on='target')."""
    match = re.fullmatch(rf"{name}\((.*)\)", part, re.IGNORECASE)
    if match is None:
        return None
    return dict(re.findall(r"(\w+)\s*=\s*'([^']*)'", match[1]))


def check_permission(route: Route, caller: Caller, *, is_administrator: bool) -> None:
    """Raises Refusal 403 unless the caller may use this route."""
    application, delegated = NEEDS[route.needs]
    allowed = application if caller.user_id is None else delegated
    is_directory = route.needs.split(".")[0] in ("users", "groups", "applications")
    refusal = forbidden(
        "Insufficient privileges to complete the operation."
        if is_directory
        else "User is not authorized to perform the operation.",
        code="Authorization_RequestDenied" if is_directory else "UnAuthorized",
    )
    if allowed is None or (allowed and not allowed & caller.grants):
        raise refusal
    if caller.user_id and route.needs in _ADMINISTRATORS_ONLY and not is_administrator:
        raise refusal
