"""People and groups, as Entra knows them."""

from collections.abc import Collection, Iterable
from typing import Any, Final
from urllib.parse import quote

from graph.errors import NotFound
from graph.models import Application, Group, User
from graph.objects import to_model
from graph.session import Session
from graph.values import folded_address, folded_id

# accountEnabled and userType only come when asked for.
USER: Final = "id,displayName,mail,userPrincipalName,accountEnabled,userType"
# Graph's limit for checkMemberGroups.
GROUPS_A_CHECK: Final = 20


class Directory:
    """Look people and groups up; create and delete those of a trial."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find_users(self, *, email: str, with_proxies: bool = False) -> list[User]:
        """
        Everyone whose mail or user principal name is exactly *email*, whatever the case of its letters.

        None: not in this tenant.  More than one: ambiguous, never take the first.

        Args:
            with_proxies: Also those with *email* among their proxy addresses.

        Permission: User.Read.All (application).
        Source: Graph reference, "List users"; plain ``eq`` and ``any`` need no advanced query.
        """
        said = _quoted(email)
        found = await self._users_where(f"mail eq {said} or userPrincipalName eq {said}", USER)
        if with_proxies:
            smtp = _quoted(f"smtp:{email}")
            proxies = f"proxyAddresses/any(p:p eq {smtp})"
            found += await self._users_where(proxies, f"{USER},proxyAddresses")
        # What Graph calls equal may be spelled otherwise: accents, widths.
        theirs = (user for user in found if _has(user, email))
        return list({user.id: user for user in theirs}.values())

    async def find_users_called(self, display_name: str) -> list[User]:
        """
        Everyone with exactly that display name: names are not unique.

        Permission: User.Read.All (application).
        Source: Graph reference, "List users".
        """
        found = await self._users_where(f"displayName eq {_quoted(display_name)}", USER)
        wanted = display_name.casefold()
        return [user for user in found if (user.display_name or "").casefold() == wanted]

    async def _users_where(self, condition: str, select: str) -> list[User]:
        pages = self._session.pages("/users", {"$filter": condition, "$select": select})
        return [to_model(User, item) async for item in pages]

    async def user(self, user_id: str) -> User:
        """
        One person by object id or user principal name.

        Raises:
            NotFound: There is no such user, or no longer.

        Permission: User.Read.All (application).
        Source: Graph reference, "Get a user".
        """
        return to_model(User, await self._session.get(_user(user_id), {"$select": USER}))

    async def manager(self, user_id: str) -> User | None:
        """
        The person's manager; None if there is none, or no such person: Graph says 404 to both.

        Permission: User.Read.All (application).
        Source: Graph reference, "List manager".
        """
        try:
            found = await self._session.get(f"{_user(user_id)}/manager", {"$select": USER})
        except NotFound:
            return None
        return to_model(User, found)

    async def member_of(self, user_id: str, group_ids: Collection[str]) -> set[str]:
        """
        Those of *group_ids* that the person belongs to, directly or through other groups.

        Permission: User.Read.All and GroupMember.Read.All (application).
        Source: Graph reference, "Check member groups"; 20 groups a call.
        """
        wanted = sorted(set(group_ids))
        found: set[str] = set()
        for start in range(0, len(wanted), GROUPS_A_CHECK):
            body = {"groupIds": wanted[start : start + GROUPS_A_CHECK]}
            answer = await self._session.query(f"{_user(user_id)}/checkMemberGroups", body)
            found.update(folded_id(str(group)) for group in answer.get("value") or [])
        return found

    async def members(self, group_id: str, *, transitive: bool = True) -> list[User]:
        """
        The people in a group; other members (groups, devices, applications) are left out.

        Args:
            group_id: Object id of the group.
            transitive: Also the members of groups within it.

        Permission: GroupMember.Read.All and User.Read.All (application).
        Source: Graph reference, "List group members", "List group transitive members".
        """
        which = "transitiveMembers" if transitive else "members"
        pages = self._session.pages(f"{_group(group_id)}/{which}", {"$select": USER})
        return [to_model(User, item) async for item in pages if _is_user(item)]

    async def set_manager(self, *, user_id: str, manager_id: str) -> None:
        """
        Give a person a manager, in place of any other.

        Permission: User.ReadWrite.All.
        Source: Graph reference, "Assign manager".
        """
        body = {"@odata.id": self._session.link(_user(manager_id))}
        await self._session.put(f"{_user(user_id)}/manager/$ref", body)

    async def create_user(
        self,
        *,
        display_name: str,
        user_principal_name: str,
        mail_nickname: str,
        password: str,
        must_change_password: bool = True,
    ) -> User:
        """
        Create a person who may sign in.

        Permission: User.ReadWrite.All.
        Source: tutorial, "Create a user"; Graph reference, "Create user".
        """
        body = {
            "accountEnabled": True,
            "displayName": display_name,
            "mailNickname": mail_nickname,
            "userPrincipalName": user_principal_name,
            "passwordProfile": {
                "password": password,
                "forceChangePasswordNextSignIn": must_change_password,
            },
        }
        return to_model(User, await self._session.post("/users", body), written=True)

    async def delete_user(self, user_id: str) -> None:
        """
        Delete a person; Entra can restore them for 30 days.

        End their assignments first: they would stay for those 30 days, and no package or
        policy that has them can be deleted.

        Permission: User.ReadWrite.All, and for the app the role User Administrator.
        Source: tutorial, "Clean up"; Graph reference, "Delete user".
        """
        await self._session.delete(_user(user_id))

    async def create_group(
        self,
        *,
        display_name: str,
        mail_nickname: str,
        description: str | None = None,
        owner_ids: Iterable[str] = (),
    ) -> Group:
        """
        Create a security group.

        Args:
            owner_ids: Without one, an app that only holds Group.Create can never change it.

        Permission: Group.ReadWrite.All.
        Source: tutorial, "Create a group"; Graph reference, "Create group".
        """
        body: dict[str, Any] = {
            "displayName": display_name,
            "mailEnabled": False,
            "mailNickname": mail_nickname,
            "securityEnabled": True,
        }
        if description is not None:
            body["description"] = description
        owners = [self._session.link(_user(owner)) for owner in owner_ids]
        if owners:
            body["owners@odata.bind"] = owners
        return to_model(Group, await self._session.post("/groups", body), written=True)

    async def group(self, group_id: str) -> Group:
        """
        One group.

        Raises:
            NotFound: There is no such group.

        Permission: GroupMember.Read.All (application).
        Source: Graph reference, "Get group".
        """
        return to_model(Group, await self._session.get(_group(group_id)))

    async def find_groups(self, *, display_name: str) -> list[Group]:
        """
        All groups of that name: names are not unique.

        Permission: GroupMember.Read.All (application).
        Source: Graph reference, "List groups".
        """
        quoted = display_name.replace("'", "''")
        pages = self._session.pages("/groups", {"$filter": f"displayName eq '{quoted}'"})
        return [to_model(Group, item) async for item in pages]

    async def add_member(self, *, group_id: str, user_id: str) -> None:
        """
        Put a person into a group.

        Raises:
            Rejected: They are a member already.

        Permission: GroupMember.ReadWrite.All.
        Source: Graph reference, "Add members".
        """
        body = {"@odata.id": self._session.link(f"/directoryObjects/{quote(user_id, safe='')}")}
        await self._session.post(f"{_group(group_id)}/members/$ref", body)

    async def remove_member(self, *, group_id: str, user_id: str) -> None:
        """
        Take a person out of a group.

        Permission: GroupMember.ReadWrite.All.
        Source: Graph reference, "Remove member".
        """
        member = quote(user_id, safe="")
        await self._session.delete(f"{_group(group_id)}/members/{member}/$ref")

    async def delete_group(self, group_id: str) -> None:
        """
        Delete a group; take it out of every catalog first.

        Permission: Group.ReadWrite.All.
        Source: tutorial, "Clean up"; Graph reference, "Delete group".
        """
        await self._session.delete(_group(group_id))

    async def find_applications(self, *, display_name: str) -> list[Application]:
        """
        The tenant's enterprise applications of that name, with the roles they define.

        Permission: Application.Read.All.
        Source: Graph reference, "List servicePrincipals".
        """
        quoted = display_name.replace("'", "''")
        params = {
            "$filter": f"displayName eq '{quoted}'",
            "$select": "id,appId,displayName,appRoles",
        }
        pages = self._session.pages("/servicePrincipals", params)
        return [to_model(Application, item) async for item in pages]


def _has(user: User, email: str) -> bool:
    addresses = (user.mail, user.user_principal_name)
    theirs = {folded_address(each) for each in addresses if each}
    proxies = {folded_address(each) for each in user.proxy_addresses}
    return folded_address(email) in theirs or folded_address(f"smtp:{email}") in proxies


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _user(user_id: str) -> str:
    # A user principal name may begin with "$", which Graph only takes as a quoted key.
    if user_id.startswith("$"):
        return f"/users('{quote(user_id, safe='')}')"
    return f"/users/{quote(user_id, safe='')}"


def _group(group_id: str) -> str:
    return f"/groups/{quote(group_id, safe='')}"


def _is_user(item: dict[str, Any]) -> bool:
    # Graph names the type of each member; an item without one was listed among users only.
    return str(item.get("@odata.type") or "#microsoft.graph.user").casefold().endswith(".user")
