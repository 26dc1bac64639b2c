"""Read what `latchkey show` shows of people: who asked, who has what, who is in a group."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from bot.cli.tables import Column, Row
from bot.cli.tenant import lookup
from bot.cli.tenant.listings import ID, by_name, text, word
from bot.packages.facts import is_over
from graph import Graph
from graph.errors import GraphError
from graph.models import (
    AccessPackage,
    AccessPackageAssignment,
    AccessPackageSubject,
    AssignmentRequest,
    User,
)

REQUEST_COLUMNS: Final = (
    Column("asked", "Asked (UTC)"),
    Column("type", "Type"),
    Column("person", "Person"),
    Column("email", "E-mail", is_wide=True),
    Column("package", "Package"),
    Column("state", "State"),
    Column("status", "Status"),
    Column("done", "Done (UTC)", is_wide=True),
    Column("justification", "Justification", is_wide=True),
    ID,
)
ASSIGNMENT_COLUMNS: Final = (
    Column("person", "Person"),
    Column("email", "E-mail"),
    Column("package", "Package"),
    Column("policy", "Policy"),
    Column("state", "State"),
    Column("starts", "Starts (UTC)"),
    Column("ends", "Ends (UTC)"),
    Column("ended", "Ended (UTC)", is_wide=True),
    Column("person_id", "Person's object id", is_wide=True),
    ID,
)
MEMBER_COLUMNS: Final = (
    Column("name", "Name"),
    Column("email", "E-mail"),
    Column("type", "Type"),
    Column("enabled", "Enabled"),
    ID,
)
PERSON_COLUMNS: Final = (
    Column("name", "Name"),
    Column("email", "E-mail"),
    Column("user_principal_name", "User principal name", is_wide=True),
    Column("type", "Type"),
    Column("enabled", "Enabled"),
    Column("manager", "Manager"),
    Column("holds", "Holds"),
    ID,
)


async def requests(
    graph: Graph, *, package: str | None, person: str | None, state: str | None, only_open: bool
) -> list[Row]:
    """List requests, newest first."""
    package_id = (await lookup.find_package(graph, package)).id if package else None
    user = await lookup.find_person(graph, person) if person else None
    # There may be a hundred thousand: what is kept of each is what is shown.
    rows = [
        _request(each)
        async for each in graph.assignment_requests.stream(package_id=package_id, state=state)
        if (user is None or _object_id(_about(each)) == user.id)
        and not (only_open and each.is_over)
    ]
    return sorted(rows, key=_newest_first, reverse=True)


async def assignments(
    graph: Graph,
    *,
    package: str | None,
    policy_name: str | None,
    person: str | None,
    state: str | None,
) -> list[Row]:
    """List assignments, by holder; *state* None for every state."""
    chosen = await lookup.find_package(graph, package) if package else None
    policy_id = lookup.find_policy(chosen, policy_name).id if chosen and policy_name else None
    user = await lookup.find_person(graph, person) if person else None
    found = graph.assignments.stream(
        package_id=chosen.id if chosen else None,
        policy_id=policy_id,
        user_id=user.id if user else None,
        state=state,
    )
    rows: list[Row] = []
    async for item in found:
        if isinstance(item.read, GraphError):
            raise item.read
        rows.append(_assignment(item.read))
    return sorted(rows, key=_by_holder)


async def members(graph: Graph, *, group: str, direct: bool) -> list[Row]:
    """List the people in a group."""
    found = await lookup.find_group(graph, group)
    people = await graph.groups.members(found.id, transitive=not direct)
    return [
        {
            "name": each.display_name,
            "email": each.mail or each.user_principal_name,
            "type": each.user_type,
            "enabled": each.account_enabled,
            "id": each.id,
        }
        for each in sorted(people, key=by_name)
    ]


async def people(graph: Graph, *, who: Iterable[str]) -> list[Row]:
    """Read what Entra knows of certain people, and which packages they hold."""
    return [await _person(graph, await lookup.find_person(graph, typed)) for typed in who]


async def _person(graph: Graph, user: User) -> Row:
    manager = await graph.users.manager(user.id)
    found = await graph.assignments.list(user_id=user.id)
    # In a state that is not known it may be access.
    held = [each for each in found if not is_over(each)]
    return {
        "name": user.display_name,
        "email": user.mail,
        "user_principal_name": user.user_principal_name,
        "type": user.user_type,
        "enabled": user.account_enabled,
        "manager": manager.display_name if manager else None,
        "holds": tuple(sorted(_held(each) for each in held)),
        "id": user.id,
    }


def _held(assignment: AccessPackageAssignment) -> str:
    name = text(_package(assignment.access_package))
    return name if assignment.is_access else f"{name} ({word(assignment.state) or '?'})"


def _request(request: AssignmentRequest) -> Row:
    about = _about(request)
    return {
        "asked": request.created_date_time,
        "type": word(request.request_type),
        "person": about.display_name if about else None,
        "email": about.email if about else None,
        "package": _package(request.access_package),
        "state": word(request.state),
        "status": request.status,
        "done": request.completed_date_time,
        "justification": request.justification,
        "id": request.id,
    }


def _assignment(held: AccessPackageAssignment) -> Row:
    target = held.target
    return {
        "person": target.display_name if target else None,
        "email": target.email if target else None,
        "package": _package(held.access_package),
        "policy": held.assignment_policy.display_name if held.assignment_policy else None,
        "state": word(held.state),
        "starts": held.schedule.start_date_time if held.schedule else None,
        "ends": held.ends_at(),
        "ended": held.expired_date_time,
        "person_id": _object_id(target),
        "id": held.id,
    }


def _about(request: AssignmentRequest) -> AccessPackageSubject | None:
    """Return who gets it: the assignment's target, and only failing that whoever asked."""
    target = request.assignment.target if request.assignment else None
    return target or request.requestor


def _object_id(subject: AccessPackageSubject | None) -> str | None:
    return subject.object_id if subject else None


def _package(package: AccessPackage | None) -> str | None:
    return (package.display_name or package.id) if package else None


def _newest_first(row: Row) -> tuple[bool, float, str]:
    # One that Graph has not dated yet is the newest of all.
    asked = row["asked"]
    return (
        asked is None,
        asked.timestamp() if isinstance(asked, datetime) else 0.0,
        text(row["id"]),
    )


def _by_holder(row: Row) -> tuple[str, ...]:
    return tuple(text(row[key]).casefold() for key in ("person", "package", "id"))
