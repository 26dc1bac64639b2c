"""Methods about people and user groups."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.methods.paging import page
from sandbox.slack.model import Json, Person
from sandbox.slack.render import user_object, usergroup_object

if TYPE_CHECKING:
    from sandbox.slack.state import State


def info(workspace: "State", args: Arguments) -> Json:
    """Serve users.info."""
    person = workspace.find_person(args.required("user"))
    if person is None:
        raise SlackRefusal("user_not_found")
    user = user_object(workspace, person)
    if args.flag("include_locale"):
        user["locale"] = person.locale
    return {"user": user}


def dnd_info(workspace: "State", args: Arguments) -> Json:
    """Serve dnd.info: when Slack next stops notifying a person, and when it starts again."""
    person = workspace.find_person(args.required("user"))
    if person is None:
        raise SlackRefusal("user_not_found")
    if person.quiet_hours is None:
        return {"dnd_enabled": False, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}
    start, end = _next_quiet_hours(workspace.now().astimezone(ZoneInfo(person.tz)), person)
    return {
        "dnd_enabled": True,
        "next_dnd_start_ts": int(start.timestamp()),
        "next_dnd_end_ts": int(end.timestamp()),
    }


def _next_quiet_hours(local: datetime, person: Person) -> tuple[datetime, datetime]:
    """Return the quiet hours that run at this moment or come next, by the person's own clock."""
    first, last = person.quiet_hours or (0, 0)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for days in (-1, 0, 1):
        start = midnight + timedelta(days=days, hours=first)
        end = midnight + timedelta(days=days + (last <= first), hours=last)
        if end > local:
            break
    return start, end


def list_all(workspace: "State", args: Arguments) -> Json:
    """Serve users.list: the members of this workspace, strangers left out."""
    must_name_team(workspace, args)
    own = [each for each in workspace.people.values() if workspace.is_ours(each)]
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
        is_own = workspace.is_ours(person) and not person.deleted
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
    must_name_team(workspace, args)
    group = workspace.usergroups.get(args.required("usergroup"))
    if group is None or (group.disabled and not args.flag("include_disabled")):
        raise SlackRefusal("no_such_subteam")
    return {"users": [user for user in group.users if workspace.find_person(user) is not None]}


def must_name_team(workspace: "State", args: Arguments) -> None:
    """Insist on the workspace, where a token is good for several.

    Raises:
        SlackRefusal: `missing_argument`, or `team_not_found` for another workspace than this.
    """
    if not workspace.is_org_install:
        return
    team = args.optional("team_id")
    if team is None:
        raise SlackRefusal("missing_argument")
    if team != workspace.team_id:
        raise SlackRefusal("team_not_found")
