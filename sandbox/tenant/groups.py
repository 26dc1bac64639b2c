"""Groups and their members."""

from sandbox.tenant.call import NO_CONTENT, Answer, Ask
from sandbox.tenant.directory_pages import (
    check_advanced,
    page_of_objects,
    page_of_users,
    page_size,
    referenced,
)
from sandbox.tenant.errors import bad_request, no_such_object, not_found
from sandbox.tenant.model import Group
from sandbox.tenant.routes import Route
from sandbox.tenant.shapes import group_entity, team_entity


def _group(ask: Ask) -> Group:
    found = ask.world.find_group(ask.ids["group"])
    if found is None:
        raise no_such_object(ask.ids["group"])
    return found


def list_groups(ask: Ask) -> Answer:
    check_advanced(ask)
    return ask.many(
        ask.world.groups.values(),
        "groups",
        shape=lambda group: group_entity(ask.world, group, ask.version),
        page_size=page_size(ask),
    )


def get_group(ask: Ask) -> Answer:
    return ask.one(group_entity(ask.world, _group(ask), ask.version), "groups")


def get_team(ask: Ask) -> Answer:
    """The team of a group; a group without one answers as one that is not there."""
    group = ask.world.find_group(ask.ids["group"])
    if group is None or not group.has_team:
        raise not_found(f"No team found with Group Id {ask.ids['group']}", code="NotFound")
    return ask.one(team_entity(ask.world, group), "teams")


def create_group(ask: Ask) -> Answer:
    for flag in ("mailEnabled", "securityEnabled"):
        if not isinstance(ask.body.get(flag), bool):
            raise bad_request(
                f"A value is required for property '{flag}' of resource 'Group'.",
                code="Request_BadRequest",
            )
    group = Group(
        id=ask.world.new_id(),
        display_name=ask.need("displayName"),
        created_at=ask.world.now(),
        description=ask.text("description"),
        mail_nickname=ask.need("mailNickname"),
        mail_enabled=ask.body["mailEnabled"],
        security_enabled=ask.body["securityEnabled"],
        group_types=list(ask.body.get("groupTypes") or []),
    )
    ask.world.groups[group.id] = group
    ask.world.touch()
    return ask.one(group_entity(ask.world, group, ask.version), "groups", status=201)


def update_group(ask: Ask) -> Answer:
    group = _group(ask)
    if "displayName" in ask.body:
        group.display_name = ask.need("displayName")
    if "description" in ask.body:
        group.description = ask.text("description")
    ask.world.touch()
    return NO_CONTENT


def delete_group(ask: Ask) -> Answer:
    group = _group(ask)
    del ask.world.groups[group.id]
    for other in ask.world.groups.values():
        if group.id in other.members:
            other.members.remove(group.id)
    ask.world.touch()
    return NO_CONTENT


def list_members(ask: Ask) -> Answer:
    return page_of_objects(ask, _inside(ask, transitive=False))


def list_transitive_members(ask: Ask) -> Answer:
    return page_of_objects(ask, _inside(ask, transitive=True))


def list_user_members(ask: Ask) -> Answer:
    users = ask.world.users
    return page_of_users(ask, [users[i] for i in _inside(ask, transitive=False) if i in users])


def list_transitive_user_members(ask: Ask) -> Answer:
    users = ask.world.users
    return page_of_users(ask, [users[i] for i in _inside(ask, transitive=True) if i in users])


def _inside(ask: Ask, *, transitive: bool) -> list[str]:
    """
    Ids of whoever is in the group; nobody, to a caller from whom it hides its members.

    Source: Graph permissions reference, "Member.Read.Hidden"; an empty list, as was reported (msgraph-sdk-dotnet 1255).
    """
    group = _group(ask)
    if ask.is_hidden(group):
        return []
    return ask.world.transitive_members(group.id) if transitive else group.members


def add_member(ask: Ask) -> Answer:
    group = _group(ask)
    member = referenced(ask, ask.world.users | ask.world.groups)
    if member in group.members:
        raise bad_request(
            "One or more added object references already exist for the following modified "
            "properties: 'members'.",
            code="Request_BadRequest",
        )
    group.members.append(member)
    ask.world.touch()
    return NO_CONTENT


def remove_member(ask: Ask) -> Answer:
    group = _group(ask)
    if ask.ids["member"] not in group.members:
        raise no_such_object(ask.ids["member"])
    group.members.remove(ask.ids["member"])
    ask.world.touch()
    return NO_CONTENT


def routes() -> list[Route]:
    """The paths of groups, the same in both versions."""
    group, cast = "groups/{group}", "microsoft.graph.user"
    members, transitive = f"{group}/members", f"{group}/transitiveMembers"
    return [
        Route(method, path, path, operation, needs)
        for method, path, operation, needs in (
            ("GET", "groups", list_groups, "groups"),
            ("POST", "groups", create_group, "groups.write"),
            ("GET", group, get_group, "groups"),
            ("PATCH", group, update_group, "groups.write"),
            ("DELETE", group, delete_group, "groups.write"),
            ("GET", "teams/{group}", get_team, "teams"),
            ("GET", members, list_members, "groups"),
            ("GET", f"{members}/{cast}", list_user_members, "groups"),
            ("POST", f"{members}/$ref", add_member, "groups.write"),
            ("DELETE", f"{members}/{{member}}/$ref", remove_member, "groups.write"),
            ("GET", transitive, list_transitive_members, "groups"),
            ("GET", f"{transitive}/{cast}", list_transitive_user_members, "groups"),
        )
    ]
