"""Methods about people and user groups."""

from typing import TYPE_CHECKING

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.methods.paging import page
from sandbox.slack.model import Json
from sandbox.slack.render import user_object, usergroup_object

if TYPE_CHECKING:
    from sandbox.slack.state import State


def info(workspace: "State", args: Arguments) -> Json:
    """Serve users.info."""
    person = workspace.people.get(args.required("user"))
    if person is None:
        raise SlackRefusal("user_not_found")
    user = user_object(workspace, person)
    if args.flag("include_locale"):
        user["locale"] = "en-GB"
    return {"user": user}


def list_all(workspace: "State", args: Arguments) -> Json:
    """Serve users.list: the members of this workspace, strangers left out."""
    own = [each for each in workspace.people.values() if each.team_id == workspace.team_id]
    shown, cursor = page(own, args, default=1000)
    return {
        "members": [user_object(workspace, person) for person in shown],
        "cache_ts": int(workspace.now().timestamp()),
        "response_metadata": {"next_cursor": cursor},
    }


def lookup_by_email(workspace: "State", args: Arguments) -> Json:
    """Serve users.lookupByEmail."""
    wanted = args.required("email").casefold()
    for person in workspace.people.values():
        is_own = person.team_id == workspace.team_id and not person.deleted
        if is_own and person.email is not None and person.email.casefold() == wanted:
            return {"user": user_object(workspace, person)}
    raise SlackRefusal("users_not_found")


def list_groups(workspace: "State", args: Arguments) -> Json:
    """Serve usergroups.list."""
    groups = [
        usergroup_object(workspace, group, with_users=args.flag("include_users"))
        for group in workspace.usergroups.values()
        if args.flag("include_disabled") or not group.disabled
    ]
    return {"usergroups": groups}


def list_group_users(workspace: "State", args: Arguments) -> Json:
    """Serve usergroups.users.list."""
    group = workspace.usergroups.get(args.required("usergroup"))
    if group is None or (group.disabled and not args.flag("include_disabled")):
        raise SlackRefusal("no_such_subteam")
    return {"users": [user for user in group.users if user in workspace.people]}
