"""People and groups, as Entra knows them."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from graph.batch import Batch, Call
from graph.errors import BadAnswer, GraphError, NotFound
from graph.models import Application, DirectoryObject, Group, User
from graph.objects import Model, to_model
from graph.session import Session
from graph.values import folded_address, folded_id

# accountEnabled and userType only come when asked for.
USER: Final = "id,displayName,mail,userPrincipalName,accountEnabled,userType"
APPLICATION: Final = "id,appId,displayName,appRoles"
# Graph's limit for checkMemberGroups.
GROUPS_A_CHECK: Final = 20
# Graph takes fifteen values, or terms joined by "or", in a filter on people; each address is compared twice.
ADDRESSES_A_QUESTION: Final = 7
# Graph's largest page of members; without it a page has a hundred.
MEMBERS_A_PAGE: Final = 999
# Graph's limit for "in" in a filter.
NAMES_A_FILTER: Final = 15


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
        path, params = _users_at(email)
        found = [to_model(User, item) async for item in self._session.pages(path, params)]
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

    async def find_users_each(self, emails: Iterable[str]) -> dict[str, list[User]]:
        """
        The same as `find_users` for many addresses, twenty a call.

        Raises:
            GraphError: One of them could not be looked up.

        Permission: User.Read.All (application).
        Source: Graph reference, "List users"; Graph, "Combine multiple HTTP requests using JSON batching".
        """
        found = await self._each(User, {email: _users_at(email) for email in emails})
        return {
            email: [user for user in users if _has(user, email)] for email, users in found.items()
        }

    async def find_users_any(self, emails: Iterable[str]) -> dict[str, list[User]]:
        """
        The same as `find_users` for many addresses: seven a question, twenty questions a call.

        Raises:
            GraphError: One of them could not be looked up.

        Permission: User.Read.All (application).
        Source: Graph reference, "user", `mail` and `userPrincipalName` support the filter `in`; "Use the $filter
            query parameter"; Graph, "Combine multiple HTTP requests using JSON batching".
        """
        wanted = list(dict.fromkeys(emails))
        groups = [
            wanted[start : start + ADDRESSES_A_QUESTION]
            for start in range(0, len(wanted), ADDRESSES_A_QUESTION)
        ]
        found: dict[str, User] = {}
        for outcome in await Batch(self._session).lists([_users_at_any(each) for each in groups]):
            if isinstance(outcome, GraphError):
                raise outcome
            found |= {user.id: user for item in outcome for user in (to_model(User, item),)}
        return {email: [user for user in found.values() if _has(user, email)] for email in wanted}

    async def users_like(self, beginning: str) -> list[User]:
        """
        People whose mail or user principal name begins so; one page of them, to name the nearest.

        Permission: User.Read.All (application).
        Source: Graph reference, "List users"; "Use the $filter query parameter" (startswith).
        """
        said = _quoted(beginning)
        where = f"startswith(mail,{said}) or startswith(userPrincipalName,{said})"
        return await self._page(User, "/users", {"$filter": where, "$select": USER})

    async def user(self, user_id: str) -> User:
        """
        One person by object id or user principal name.

        Raises:
            NotFound: There is no such user, or no longer.

        Permission: User.Read.All (application).
        Source: Graph reference, "Get a user".
        """
        return to_model(User, await self._session.get(_user(user_id), {"$select": USER}))

    async def users_each(self, user_ids: Iterable[str]) -> dict[str, User | None]:
        """
        Many people by object id, twenty a call; None for those that are not there.

        Raises:
            GraphError: One of them could not be read.

        Permission: User.Read.All (application).
        Source: Graph reference, "Get a user"; Graph, "Combine multiple HTTP requests using JSON batching".
        """
        return await self._one_each(User, user_ids, _user, {"$select": USER})

    async def groups_each(self, group_ids: Iterable[str]) -> dict[str, Group | None]:
        """
        Many groups by object id, twenty a call; None for those that are not there.

        Raises:
            GraphError: One of them could not be read.

        Permission: GroupMember.Read.All (application).
        Source: Graph reference, "Get group"; Graph, "Combine multiple HTTP requests using JSON batching".
        """
        return await self._one_each(Group, group_ids, _group, {})

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
        return [user async for user in self.each_member(group_id, transitive=transitive)]

    async def each_member(self, group_id: str, *, transitive: bool = True) -> AsyncIterator[User]:
        """
        The same, one by one: whoever stops early reads no more pages than needed.

        Raises:
            NotFound: There is no such group, or no longer.
        """
        which = "transitiveMembers" if transitive else "members"
        params = {"$select": USER, "$top": str(MEMBERS_A_PAGE)}
        async for item in self._session.pages(f"{_group(group_id)}/{which}", params):
            if _is_user(item):
                yield to_model(User, item)

    async def sponsors(self, user_id: str) -> list[DirectoryObject]:
        """
        The people and groups that answer for somebody, a guest mostly.

        Raises:
            NotFound: There is no such user, or no longer.

        Permission: User.Read.All (application).
        Source: Graph reference, "List sponsors".
        """
        pages = self._session.pages(f"{_user(user_id)}/sponsors")
        return [to_model(DirectoryObject, item) async for item in pages]

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
        path, params = _groups_named(display_name)
        return [to_model(Group, item) async for item in self._session.pages(path, params)]

    async def find_groups_each(self, names: Iterable[str]) -> dict[str, list[Group]]:
        """
        The same for many names, three hundred a call.

        Raises:
            GraphError: One of them could not be looked up.

        Permission: GroupMember.Read.All (application).
        Source: Graph reference, "List groups"; Graph, "Combine multiple HTTP requests using JSON batching";
            Graph, "Known issues", query parameters ("in" takes 15).
        """
        wanted = list(dict.fromkeys(names))
        queries = {}
        for start in range(0, len(wanted), NAMES_A_FILTER):
            some = ", ".join(map(_quoted, wanted[start : start + NAMES_A_FILTER]))
            queries[some] = ("/groups", {"$filter": f"displayName in ({some})"})
        by_name: dict[str, list[Group]] = {}
        for found in (await self._each(Group, queries)).values():
            for group in found:
                by_name.setdefault((group.display_name or "").casefold(), []).append(group)
        # Two names that differ in capitals alone may stand in two filters.
        each = {name: by_name.get(name.casefold(), []) for name in wanted}
        return {
            name: list({group.id: group for group in found}.values())
            for name, found in each.items()
        }

    async def groups_like(self, beginning: str) -> list[Group]:
        """
        Groups whose name begins so; one page of them, to name the nearest.

        Permission: GroupMember.Read.All (application).
        Source: Graph reference, "List groups"; "Use the $filter query parameter" (startswith).
        """
        where = {"$filter": _begins(beginning)}
        return await self._page(Group, "/groups", where)

    async def rename_group(self, group_id: str, *, display_name: str) -> None:
        """
        Call a group something else; its members and its mail nickname stay.

        Permission: Group.ReadWrite.All.
        Source: Graph reference, "Update group".
        """
        await self._session.patch(_group(group_id), {"displayName": display_name})

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
        path, params = _applications_named(display_name)
        pages = self._session.pages(path, params)
        return [to_model(Application, item) async for item in pages]

    async def find_applications_each(self, names: Iterable[str]) -> dict[str, list[Application]]:
        """
        The same for many names, twenty a call.

        Raises:
            GraphError: One of them could not be looked up.

        Permission: Application.Read.All.
        Source: Graph reference, "List servicePrincipals"; Graph, "Combine multiple HTTP requests using
            JSON batching".
        """
        return await self._each(Application, {name: _applications_named(name) for name in names})

    async def applications_like(self, beginning: str) -> list[Application]:
        """
        Enterprise applications whose name begins so; one page of them, to name the nearest.

        Permission: Application.Read.All.
        Source: Graph reference, "List servicePrincipals".
        """
        where = {"$filter": _begins(beginning), "$select": APPLICATION}
        return await self._page(Application, "/servicePrincipals", where)

    async def _each(
        self, model: type[Model], queries: Mapping[str, tuple[str, dict[str, str]]]
    ) -> dict[str, list[Model]]:
        found = {}
        outcomes = await Batch(self._session).lists(list(queries.values()))
        for name, outcome in zip(queries, outcomes, strict=True):
            if isinstance(outcome, GraphError):
                raise outcome
            found[name] = [to_model(model, item) for item in outcome]
        return found

    async def _one_each(
        self,
        model: type[Model],
        ids: Iterable[str],
        path: Callable[[str], str],
        params: dict[str, str],
    ) -> dict[str, Model | None]:
        wanted = list(dict.fromkeys(ids))
        calls = [Call("GET", self._session.address(path(each), params)) for each in wanted]
        found: dict[str, Model | None] = {}
        outcomes = await Batch(self._session).send(calls)
        for object_id, outcome in zip(wanted, outcomes, strict=True):
            if isinstance(outcome, NotFound):
                found[object_id] = None
            elif isinstance(outcome, GraphError):
                raise outcome
            else:
                found[object_id] = to_model(model, outcome)
        return found

    async def _page(self, model: type[Model], path: str, params: dict[str, str]) -> list[Model]:
        """The first page of a list, and no more."""
        page = await self._session.get(path, params)
        items = page.get("value")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise BadAnswer("Microsoft Graph sent a page of a list with no list in it.")
        return [to_model(model, item) for item in items]


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


def _users_at(email: str) -> tuple[str, dict[str, str]]:
    said = _quoted(email)
    where = f"mail eq {said} or userPrincipalName eq {said}"
    return "/users", {"$filter": where, "$select": USER}


def _users_at_any(emails: Sequence[str]) -> tuple[str, dict[str, str]]:
    if len(emails) == 1:
        return _users_at(emails[0])
    said = ",".join(map(_quoted, emails))
    where = f"mail in ({said}) or userPrincipalName in ({said})"
    return "/users", {"$filter": where, "$select": USER}


def _groups_named(name: str) -> tuple[str, dict[str, str]]:
    return "/groups", {"$filter": _is_named(name)}


def _applications_named(name: str) -> tuple[str, dict[str, str]]:
    return "/servicePrincipals", {"$filter": _is_named(name), "$select": APPLICATION}


def _is_named(name: str) -> str:
    return f"displayName eq {_quoted(name)}"


def _begins(beginning: str) -> str:
    return f"startswith(displayName,{_quoted(beginning)})"


def _group(group_id: str) -> str:
    return f"/groups/{quote(group_id, safe='')}"


def _is_user(item: dict[str, Any]) -> bool:
    # Graph names the type of each member; an item without one was listed among users only.
    return str(item.get("@odata.type") or "#microsoft.graph.user").casefold().endswith(".user")
