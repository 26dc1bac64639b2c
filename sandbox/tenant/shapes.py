"""Write the directory's objects, which look the same in every version of Graph."""

import uuid
from urllib.parse import quote, urlencode

from sandbox.tenant.entity import Entity, whole_seconds
from sandbox.tenant.model import Application, Group, User
from sandbox.tenant.world import World

# v1.0 leaves these out of a user unless $select names them.
_ONLY_SELECTED = frozenset(
    {
        "accountEnabled",
        "userType",
        "department",
        "otherMails",
        "mailNickname",
        "createdDateTime",
        "proxyAddresses",
    }
)


def user_entity(world: World, user: User, version: str) -> Entity:
    given, _, family = user.display_name.rpartition(" ")
    return Entity(
        "user",
        {
            "businessPhones": [],
            "displayName": user.display_name,
            "givenName": given or None,
            "jobTitle": user.job_title,
            "department": user.department,
            "mail": user.mail,
            "mobilePhone": None,
            "officeLocation": None,
            "preferredLanguage": None,
            "surname": family if given else None,
            "userPrincipalName": user.user_principal_name,
            "id": user.id,
            "accountEnabled": user.account_enabled,
            "userType": user.user_type,
            "otherMails": list(user.other_mails),
            "mailNickname": user.mail_nickname,
            "proxyAddresses": [
                *([f"SMTP:{user.mail}"] if user.mail else []),
                *user.proxy_addresses,
            ],
            "createdDateTime": whole_seconds(user.created_at),
        },
        links={"manager": lambda: _manager(world, user, version)},
        on_request=_ONLY_SELECTED if version == "v1.0" else frozenset(),
    )


def _manager(world: World, user: User, version: str) -> Entity | None:
    manager = world.users.get(user.manager_id or "")
    return user_entity(world, manager, version) if manager else None


def group_entity(world: World, group: Group, version: str) -> Entity:
    return Entity(
        "group",
        {
            "id": group.id,
            "deletedDateTime": None,
            "classification": None,
            "createdDateTime": whole_seconds(group.created_at),
            "description": group.description,
            "displayName": group.display_name,
            "groupTypes": list(group.group_types),
            "mail": None,
            "mailEnabled": group.mail_enabled,
            "mailNickname": group.mail_nickname,
            "securityEnabled": group.security_enabled,
            "visibility": group.visibility,
        },
        links={
            "members": lambda: [
                object_entity(world, each, version)
                for each in group.members
                if each in world.users or each in world.groups
            ]
        },
    )


def team_entity(world: World, group: Group) -> Entity:
    """The team of a group.  Its address is an opaque one, which leads into the Teams client."""
    thread = quote(f"19:{group.id.replace('-', '')}@thread.tacv2", safe="")
    ids = urlencode({"groupId": group.id, "tenantId": world.tenant_id})
    return Entity(
        "team",
        {
            "id": group.id,
            "createdDateTime": whole_seconds(group.created_at),
            "displayName": group.display_name,
            "description": group.description,
            "isArchived": False,
            "visibility": "private",
            "webUrl": f"https://teams.microsoft.com/l/team/{thread}/conversations?{ids}",
        },
    )


def object_entity(world: World, object_id: str, version: str) -> Entity:
    """A user or a group as a member of a list that mixes both."""
    if object_id in world.users:
        entity = user_entity(world, world.users[object_id], version)
        entity.absent = frozenset({"groupTypes", "mailEnabled", "securityEnabled"})
    else:
        entity = group_entity(world, world.groups[object_id], version)
        entity.absent = frozenset({"userPrincipalName", "accountEnabled", "userType"})
    entity.fields = {"@odata.type": f"#microsoft.graph.{entity.type}"} | entity.fields
    return entity


def application_entity(application: Application) -> Entity:
    return Entity(
        "servicePrincipal",
        {
            "id": application.id,
            "displayName": application.display_name,
            "servicePrincipalType": "Application",
            # The application's own id; the service principal's is another.
            "appId": str(uuid.uuid5(uuid.NAMESPACE_URL, application.id)),
            "appRoles": [
                {
                    "id": role_id,
                    "displayName": name,
                    "value": name,
                    "description": name,
                    "isEnabled": True,
                    "allowedMemberTypes": ["User"],
                }
                for role_id, name in application.roles.items()
            ],
        },
    )
