"""People, as Entra's directory has them."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from graph.calls.batch import Batch
from graph.calls.directory_queries import USER, DirectoryQueries, quoted
from graph.calls.hidden_members import HiddenMembers, Memberships
from graph.calls.objects import to_model
from graph.calls.paths import user_path
from graph.calls.session import Session
from graph.errors import BadAnswer, GraphError, MembersHidden, NotFound
from graph.models import DirectoryObject, User
from graph.values import folded_address, folded_id

# Graph's limit for checkMemberGroups.
GROUPS_A_CHECK: Final = 20
# Of people.
LARGEST_PAGE: Final = 999
# Graph takes fifteen values, or terms joined by "or", in a filter on people; each address is compared twice.
ADDRESSES_A_QUESTION: Final = 7


class Users:
    """Look people up; create and delete those of a trial."""

    def __init__(self, session: Session, hidden_members: HiddenMembers) -> None:
        self._session = session
        self._hidden_members = hidden_members
        self._queries = DirectoryQueries(session)

    async def find(self, *, email: str, with_proxies: bool = False) -> list[User]:
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
            smtp = quoted(f"smtp:{email}")
            proxies = f"proxyAddresses/any(p:p eq {smtp})"
            found += await self._where(proxies, f"{USER},proxyAddresses")
        # What Graph calls equal may be spelled otherwise: accents, widths.
        theirs = (user for user in found if _has(user, email))
        return list({user.id: user for user in theirs}.values())

    async def find_called(self, display_name: str) -> list[User]:
        """
        Everyone with exactly that display name: names are not unique.

        Permission: User.Read.All (application).
        Source: Graph reference, "List users".
        """
        found = await self._where(f"displayName eq {quoted(display_name)}", USER)
        wanted = display_name.casefold()
        return [user for user in found if (user.display_name or "").casefold() == wanted]

    async def _where(self, condition: str, select: str) -> list[User]:
        pages = self._session.pages("/users", {"$filter": condition, "$select": select})
        return [to_model(User, item) async for item in pages]

    async def find_each(self, emails: Iterable[str]) -> dict[str, list[User]]:
        """
        The same as `find` for many addresses, twenty a call.

        Raises:
            GraphError: One of them could not be looked up.

        Permission: User.Read.All (application).
        Source: Graph reference, "List users"; Graph, "Combine multiple HTTP requests using JSON batching".
        """
        found = await self._queries.lists(User, {email: _users_at(email) for email in emails})
        return {
            email: [user for user in users if _has(user, email)] for email, users in found.items()
        }

    async def find_any(self, emails: Iterable[str]) -> dict[str, list[User]]:
        """
        The same as `find` for many addresses: seven a question, twenty questions a call.

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

    async def starting_with(self, beginning: str) -> list[User]:
        """
        People whose mail or user principal name begins so; one page of them, to name the nearest.

        Permission: User.Read.All (application).
        Source: Graph reference, "List users"; "Use the $filter query parameter" (startswith).
        """
        said = quoted(beginning)
        where = f"startswith(mail,{said}) or startswith(userPrincipalName,{said})"
        return await self._queries.page(User, "/users", {"$filter": where, "$select": USER})

    async def named_like(self, beginning: str, *, most: int) -> list[User]:
        """
        People whose display name or surname begins so, in any capitals; so many of them at most.

        Permission: User.Read.All (application).
        Source: Graph reference, "List users"; "user", displayName and surname support startsWith.
        """
        said = quoted(beginning)
        where = f"startswith(displayName,{said}) or startswith(surname,{said})"
        params = {"$filter": where, "$select": USER, "$top": str(most)}
        return await self._queries.page(User, "/users", params)

    async def get(self, user_id: str) -> User:
        """
        One person by object id or user principal name.

        Raises:
            NotFound: There is no such user, or no longer.

        Permission: User.Read.All (application).
        Source: Graph reference, "Get a user".
        """
        return to_model(User, await self._session.get(user_path(user_id), {"$select": USER}))

    async def get_many(self, user_ids: Iterable[str]) -> dict[str, User | None]:
        """
        Many people by object id, twenty a call; None for those that are not there.

        Raises:
            GraphError: One of them could not be read.

        Permission: User.Read.All (application).
        Source: Graph reference, "Get a user"; Graph, "Combine multiple HTTP requests using JSON batching".
        """
        return await self._queries.objects(User, user_ids, user_path, {"$select": USER})

    async def manager(self, user_id: str) -> User | None:
        """
        The person's manager; None if there is none, or no such person: Graph says 404 to both.

        An organizational contact may be somebody's manager, too.  That is nobody who could sign in, so there is none.

        Permission: User.Read.All (application).
        Source: Graph reference, "List manager".
        """
        try:
            found = await self._session.get(f"{user_path(user_id)}/manager", {"$select": USER})
        except NotFound:
            return None
        kind = to_model(DirectoryObject, found).kind
        return to_model(User, found) if kind in {"user", ""} else None

    async def ids_in_department(self, department: str) -> set[str] | None:
        """
        Return the ids of the people of a department; None if there are more than one page of them.

        Permission: User.Read.All (application).
        Source: Graph reference, "user", `department` supports $filter (eq); "List users", $top of 999 at most.
        """
        where = f"department eq {quoted(department)}"
        params = {"$filter": where, "$select": "id", "$top": str(LARGEST_PAGE)}
        found = await self._queries.page(User, "/users", params)
        return {user.id for user in found} if len(found) < LARGEST_PAGE else None

    async def member_of(self, user_id: str, group_ids: Collection[str]) -> set[str]:
        """
        Return those of *group_ids* that the person belongs to, directly or through other groups.

        Raises:
            MembersHidden: Of one of them it cannot be told.

        Permission: User.Read.All and GroupMember.Read.All (application).
        Source: Graph reference, "Check member groups"; 20 groups a call.
        """
        theirs = await self.memberships(user_id, group_ids)
        if theirs.hidden:
            raise MembersHidden
        return set(theirs.found)

    async def memberships(self, user_id: str, group_ids: Collection[str]) -> Memberships:
        """
        Return to which of *group_ids* the person belongs, directly or through other groups, and of which that cannot be told.

        Permission: User.Read.All and GroupMember.Read.All (application); Member.Read.Hidden for groups that hide their
            members.
        Source: Graph reference, "Check member groups".
        """
        found = await self.shown_in(user_id, group_ids)
        hidden = await self._hidden_members.among([each for each in group_ids if each not in found])
        return Memberships(found=frozenset(found), hidden=hidden)

    async def shown_in(self, user_id: str, group_ids: Collection[str]) -> set[str]:
        """
        Return those of *group_ids* in which Graph shows the person; a group that hides its members from this app is none of them.

        Permission: User.Read.All and GroupMember.Read.All (application).
        Source: Graph reference, "Check member groups"; 20 groups a call.
        """
        wanted = sorted(set(group_ids))
        found: set[str] = set()
        for start in range(0, len(wanted), GROUPS_A_CHECK):
            body = {"groupIds": wanted[start : start + GROUPS_A_CHECK]}
            answer = await self._session.query(f"{user_path(user_id)}/checkMemberGroups", body)
            theirs = answer.get("value")
            if not isinstance(theirs, list) or not all(isinstance(each, str) for each in theirs):
                raise BadAnswer("Microsoft Graph sent an answer with no list of groups in it.")
            found.update(folded_id(group) for group in theirs)
        return found

    async def sponsors(self, user_id: str) -> list[DirectoryObject]:
        """
        The people and groups that answer for somebody, a guest mostly.

        Raises:
            NotFound: There is no such user, or no longer.

        Permission: User.Read.All (application).
        Source: Graph reference, "List sponsors".
        """
        pages = self._session.pages(f"{user_path(user_id)}/sponsors")
        return [to_model(DirectoryObject, item) async for item in pages]

    async def set_manager(self, *, user_id: str, manager_id: str) -> None:
        """
        Give a person a manager, in place of any other.

        Permission: User.ReadWrite.All.
        Source: Graph reference, "Assign manager".
        """
        body = {"@odata.id": self._session.link(user_path(manager_id))}
        await self._session.put(f"{user_path(user_id)}/manager/$ref", body)

    async def create(
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

    async def delete(self, user_id: str) -> None:
        """
        Delete a person; Entra can restore them for 30 days.

        End their assignments first: they would stay for those 30 days, and no package or
        policy that has them can be deleted.

        Permission: User.ReadWrite.All, and for the app the role User Administrator.
        Source: tutorial, "Clean up"; Graph reference, "Delete user".
        """
        await self._session.delete(user_path(user_id))


def _has(user: User, email: str) -> bool:
    addresses = (user.mail, user.user_principal_name)
    theirs = {folded_address(each) for each in addresses if each}
    proxies = {folded_address(each) for each in user.proxy_addresses}
    return folded_address(email) in theirs or folded_address(f"smtp:{email}") in proxies


def _users_at(email: str) -> tuple[str, dict[str, str]]:
    said = quoted(email)
    where = f"mail eq {said} or userPrincipalName eq {said}"
    return "/users", {"$filter": where, "$select": USER}


def _users_at_any(emails: Sequence[str]) -> tuple[str, dict[str, str]]:
    if len(emails) == 1:
        return _users_at(emails[0])
    said = ",".join(map(quoted, emails))
    where = f"mail in ({said}) or userPrincipalName in ({said})"
    return "/users", {"$filter": where, "$select": USER}
