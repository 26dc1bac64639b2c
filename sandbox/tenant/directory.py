"""Users, enterprise applications and the tenant itself."""

from sandbox.tenant.call import NO_CONTENT, Answer, Ask
from sandbox.tenant.directory_pages import (
    check_advanced,
    page_of_objects,
    page_of_users,
    page_size,
    referenced,
)
from sandbox.tenant.errors import bad_request, no_such_object
from sandbox.tenant.model import User
from sandbox.tenant.routes import Route
from sandbox.tenant.shapes import application_entity, object_entity, user_entity
from sandbox.tenant.world import World

MAX_GROUP_IDS = 20


def _user(ask: Ask) -> User:
    found = ask.world.find_user(ask.ids["user"])
    if found is None:
        raise no_such_object(ask.ids["user"])
    return found


def list_users(ask: Ask) -> Answer:
    check_advanced(ask)
    return page_of_users(ask, list(ask.world.users.values()))


def get_user(ask: Ask) -> Answer:
    return ask.one(user_entity(ask.world, _user(ask), ask.version), "users")


def create_user(ask: Ask) -> Answer:
    name, upn = ask.need("displayName"), ask.need("userPrincipalName")
    nickname = ask.need("mailNickname")
    if not isinstance(ask.body.get("accountEnabled"), bool):
        raise bad_request(
            "A value is required for property 'accountEnabled' of resource 'User'.",
            code="Request_BadRequest",
        )
    if not ask.part("passwordProfile").get("password"):
        raise bad_request(
            "A password must be specified to create a new user.", code="Request_BadRequest"
        )
    if ask.world.find_user(upn):
        raise bad_request(
            "Another object with the same value for property userPrincipalName already exists.",
            code="Request_BadRequest",
        )
    user = User(
        id=ask.world.new_id(),
        display_name=name,
        user_principal_name=upn,
        created_at=ask.world.now(),
        mail=ask.text("mail"),
        mail_nickname=nickname,
        user_type=ask.text("userType") or "Member",
        account_enabled=ask.body["accountEnabled"],
    )
    ask.world.users[user.id] = user
    ask.world.touch()
    return ask.one(user_entity(ask.world, user, ask.version), "users", status=201)


def update_user(ask: Ask) -> Answer:
    user = _user(ask)
    user.display_name = ask.text("displayName") or user.display_name
    user.mail = ask.text("mail") if "mail" in ask.body else user.mail
    if isinstance(ask.body.get("accountEnabled"), bool):
        user.account_enabled = ask.body["accountEnabled"]
    ask.world.touch()
    return NO_CONTENT


def delete_user(ask: Ask) -> Answer:
    remove_user(ask.world, _user(ask))
    return NO_CONTENT


def remove_user(world: World, user: User) -> None:
    """Delete a user softly: the person stays known to their assignments."""
    del world.users[user.id]
    world.deleted_users[user.id] = user
    for group in world.groups.values():
        if user.id in group.members:
            group.members.remove(user.id)
    world.touch()


def get_manager(ask: Ask) -> Answer:
    manager = ask.world.users.get(_user(ask).manager_id or "")
    if manager is None:
        raise no_such_object("manager")
    return ask.one(object_entity(ask.world, manager.id, ask.version), "directoryObjects")


def set_manager(ask: Ask) -> Answer:
    _user(ask).manager_id = referenced(ask, ask.world.users)
    ask.world.touch()
    return NO_CONTENT


def list_sponsors(ask: Ask) -> Answer:
    return page_of_objects(ask, _user(ask).sponsors)


def revoke_sign_ins(ask: Ask) -> Answer:
    """
    End all of a user's sign-ins: refresh tokens and sessions of before count no longer.

    Source: Graph reference, "user: revokeSignInSessions": it answers a value, `true`.
    """
    ask.world.revoke_sign_ins(_user(ask).id)
    return Answer(200, {"@odata.context": f"{ask.metadata}Edm.Boolean", "value": True})


def check_member_groups(ask: Ask) -> Answer:
    asked = ask.body.get("groupIds")
    if not isinstance(asked, list) or not all(isinstance(each, str) for each in asked):
        raise bad_request(
            "The property 'groupIds' must be a list of ids.", code="Request_BadRequest"
        )
    if not 1 <= len(asked) <= MAX_GROUP_IDS:
        raise bad_request(
            f"The number of group ids must be between 1 and {MAX_GROUP_IDS}.",
            code="Directory_ResultSizeLimitExceeded",
        )
    user = _user(ask)
    # "If the caller doesn't have access to evaluate certain groups (for example, groups with hidden membership), the
    # response might include only the groups that the caller is authorized to evaluate."
    found = [
        group_id
        for group_id in asked
        if ask.world.is_member(user.id, group_id)
        and not ask.is_hidden(ask.world.find_group(group_id))
    ]
    return Answer(200, {"@odata.context": f"{ask.metadata}Collection(Edm.String)", "value": found})


def member_of(ask: Ask) -> Answer:
    user = _user(ask)
    return page_of_objects(
        ask,
        [
            group.id
            for group in ask.world.groups.values()
            if user.id in group.members and not ask.is_hidden(group)
        ],
    )


def get_me(ask: Ask) -> Answer:
    if ask.user is None:
        raise bad_request("/me request is only valid with delegated authentication flow.")
    return ask.one(user_entity(ask.world, ask.user, ask.version), "users")


def list_service_principals(ask: Ask) -> Answer:
    return ask.many(
        ask.world.applications.values(),
        "servicePrincipals",
        shape=application_entity,
        page_size=page_size(ask),
    )


def get_service_principal(ask: Ask) -> Answer:
    found = ask.world.applications.get(ask.ids["application"])
    if found is None:
        raise no_such_object(ask.ids["application"])
    return ask.one(application_entity(found), "servicePrincipals")


def get_organization(ask: Ask) -> Answer:
    """The tenant itself, which a set-up check reads to learn whether its token works."""
    return Answer(
        200,
        {
            "@odata.context": f"{ask.metadata}organization",
            "value": [{"id": ask.world.tenant_id, "displayName": "Contoso"}],
        },
    )


def routes() -> list[Route]:
    """The paths of users and applications, the same in both versions."""
    user = "users/{user}"
    return [
        Route(method, path, path, operation, needs)
        for method, path, operation, needs in (
            ("GET", "me", get_me, "anything"),
            ("GET", "organization", get_organization, "anything"),
            ("GET", "users", list_users, "users"),
            ("POST", "users", create_user, "users.write"),
            ("GET", user, get_user, "users"),
            ("PATCH", user, update_user, "users.write"),
            ("DELETE", user, delete_user, "users.write"),
            ("GET", f"{user}/manager", get_manager, "users"),
            ("PUT", f"{user}/manager/$ref", set_manager, "users.write"),
            ("GET", f"{user}/sponsors", list_sponsors, "users"),
            ("GET", f"{user}/memberOf", member_of, "groups"),
            ("POST", f"{user}/checkMemberGroups", check_member_groups, "groups"),
            ("POST", f"{user}/revokeSignInSessions", revoke_sign_ins, "users.revoke"),
            ("GET", "servicePrincipals", list_service_principals, "applications"),
            ("GET", "servicePrincipals/{application}", get_service_principal, "applications"),
        )
    ]
