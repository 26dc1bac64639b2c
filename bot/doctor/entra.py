"""Check what Graph lets this app do."""

from collections.abc import Awaitable
from typing import Any, Final

from bot import clock
from bot.doctor.model import CheckFinding, CheckSubject, broken, fine, note, warning
from graph.errors import Forbidden, GraphError, NotFound

MANAGE: Final = "EntitlementManagement.ReadWrite.All"
READ: Final = "EntitlementManagement.Read.All"
NEEDED: Final = (MANAGE, "User.Read.All", "GroupMember.Read.All")
# By which applications and teams can be opened from Slack; everything else works without.
FOR_LINKS: Final = ("Application.Read.All", "Team.ReadBasic.All")
# By which groups that hide their members may decide something, and be compared.
FOR_HIDDEN: Final = "Member.Read.Hidden"
KNOWN: Final = frozenset({*NEEDED, READ, *FOR_LINKS, FOR_HIDDEN})
OF_DIRECTORY: Final = frozenset({"Directory.Read.All", "Directory.ReadWrite.All"})
OF_GROUPS: Final = frozenset({"Group.Read.All", "Group.ReadWrite.All"})
# The higher privileged permissions that Graph's reference names for the same calls.
WIDER: Final = {
    "User.Read.All": OF_DIRECTORY | {"User.ReadWrite.All"},
    "GroupMember.Read.All": OF_DIRECTORY | OF_GROUPS | {"GroupMember.ReadWrite.All"},
    "Application.Read.All": OF_DIRECTORY | {"Application.ReadWrite.All"},
    "Team.ReadBasic.All": OF_DIRECTORY
    | OF_GROUPS
    | {"TeamSettings.Read.All", "TeamSettings.ReadWrite.All"},
}
# Nobody's id: what is not there is answered with 404, and what may not be asked with 403.
NOBODY: Final = "00000000-0000-4000-8000-000000000000"


async def permissions(subject: CheckSubject) -> list[CheckFinding]:
    """Compare the roles in the app's token with what is needed."""
    roles = await subject.graph.granted.roles()
    if roles is None:
        return [
            note(
                "The token for Graph cannot be read, so its permissions are known by the calls alone."
            )
        ]
    found = []
    if MANAGE not in roles and READ in roles:
        found.append(
            warning(
                f"The app has {READ} and not {MANAGE}: it can grant only in catalogs in which it is “Access package assignment "
                "manager” (docs/how-to/entra-app.md). If it is not, grant the permission and admin consent: otherwise nothing can be "
                "granted."
            )
        )
    elif MANAGE not in roles:
        found.append(broken(_lacks(MANAGE)))
    found += [broken(_lacks(each)) for each in NEEDED[1:] if not covers(roles, each)]
    extra = sorted(roles - KNOWN)
    if extra:
        found.append(
            note(f"The app has permissions that Latchkey does not need: {', '.join(extra)}.")
        )
    return found or [fine("The app has the permissions in Graph that it needs, and no more.")]


def covers(roles: frozenset[str], needed: str) -> bool:
    """Tell whether a permission, or a wider one, is there."""
    return needed in roles or not WIDER[needed].isdisjoint(roles)


def _lacks(permission: str) -> str:
    return f"The app lacks the application permission {permission}: grant it, and admin consent (docs/how-to/entra-app.md)."


async def calls(subject: CheckSubject) -> list[CheckFinding]:
    """Make a call of each kind that changes nothing."""
    graph = subject.graph
    about = f"nobody-{clock.now():%Y%m%d}@example.invalid"
    wanted: tuple[tuple[str, str, Awaitable[Any]], ...] = (
        ("Users", "User.Read.All", graph.users.find(email=about)),
        ("Groups", "GroupMember.Read.All", _members(subject)),
        ("Access packages", MANAGE, graph.packages.list(named=False)),
        ("Assignments", MANAGE, _first_assignments(subject)),
        ("Assignment requests", MANAGE, graph.assignment_requests.list(package_id=NOBODY)),
    )
    found = []
    for what, permission, call in wanted:
        try:
            await call
        except NotFound:
            continue
        except Forbidden as error:
            found.append(
                broken(f"{what} cannot be read: {error} Grant the permission {permission}.")
            )
        except GraphError as error:
            found.append(broken(f"{what} cannot be read: {error}"))
    if found:
        return found
    return [fine("Users, groups, access packages, assignments and their requests can be read.")]


async def _members(subject: CheckSubject) -> None:
    async for _ in subject.graph.groups.each_member(NOBODY):
        return


async def _first_assignments(subject: CheckSubject) -> None:
    async for _ in subject.graph.assignments.stream():
        return


async def catalogs(subject: CheckSubject) -> list[CheckFinding]:
    """Check the state of each catalog that Latchkey may touch."""
    found = []
    listed = await subject.graph.catalogs.list()
    read = [each for each in listed if subject.bounds.has_catalog(each.id)]
    for each in read:
        state = (each.state or "").lower()
        if state and state != "published":
            found.append(
                warning(
                    f"The catalog {each.display_name} is {each.state}: nobody can ask for its packages, or extend."
                )
            )
    return found or [fine(f"Catalogs that can be read: {len(read)}; all are published.")]
