"""Groups, and who is in them, as Entra's directory has them."""

from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

from graph.calls.directory_queries import MEMBER, DirectoryQueries, begins, is_named, quoted
from graph.calls.hidden_members import HiddenMembers
from graph.calls.objects import to_model
from graph.calls.paths import group_path, key, user_path
from graph.calls.session import Session
from graph.errors import MembersHidden
from graph.models import Group, User

# Graph's largest page of members; without it a page has a hundred.
MEMBERS_A_PAGE: Final = 999
# Graph's limit for "in" in a filter.
NAMES_A_FILTER: Final = 15


class Groups:
    """Look groups and their members up; create, change and delete those of a trial."""

    def __init__(self, session: Session, hidden_members: HiddenMembers) -> None:
        self._session = session
        self._hidden_members = hidden_members
        self._queries = DirectoryQueries(session)

    async def get_many(self, group_ids: Iterable[str]) -> dict[str, Group | None]:
        """
        Many groups by object id, twenty a call; None for those that are not there.

        Raises:
            GraphError: One of them could not be read.

        Permission: GroupMember.Read.All (application).
        Source: Graph reference, "Get group"; Graph, "Combine multiple HTTP requests using JSON batching".
        """
        return await self._queries.objects(Group, group_ids, group_path, {})

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
            MembersHidden: It shows nobody, and hides its members from this app.
        """
        async for item in self._inside(group_id, "transitiveMembers" if transitive else "members"):
            if _is_user(item):
                yield to_model(User, item)

    async def each_direct(self, group_id: str) -> AsyncIterator[User | Group]:
        """
        The people and the groups that are directly in a group, one by one; devices and applications are left out.

        Raises:
            NotFound: There is no such group, or no longer.
            MembersHidden: It shows nobody, and hides its members from this app.

        Permission: GroupMember.Read.All and User.Read.All (application).
        Source: Graph reference, "List group members".
        """
        async for item in self._inside(group_id, "members"):
            if _is_user(item):
                yield to_model(User, item)
            elif _is_group(item):
                yield to_model(Group, item)

    async def _inside(self, group_id: str, which: str) -> AsyncIterator[dict[str, Any]]:
        params = {"$select": MEMBER, "$top": str(MEMBERS_A_PAGE)}
        is_empty = True
        async for item in self._session.pages(f"{group_path(group_id)}/{which}", params):
            is_empty = False
            yield item
        if is_empty and await self._hidden_members.among([group_id]):
            raise MembersHidden

    async def create(
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
        owners = [self._session.link(user_path(owner)) for owner in owner_ids]
        if owners:
            body["owners@odata.bind"] = owners
        made = to_model(Group, await self._session.post("/groups", body), written=True)
        self._hidden_members.note(made)
        return made

    async def get(self, group_id: str) -> Group:
        """
        One group.

        Raises:
            NotFound: There is no such group.

        Permission: GroupMember.Read.All (application).
        Source: Graph reference, "Get group".
        """
        return to_model(Group, await self._session.get(group_path(group_id)))

    async def find(self, *, display_name: str) -> list[Group]:
        """
        All groups of that name: names are not unique.

        Permission: GroupMember.Read.All (application).
        Source: Graph reference, "List groups".
        """
        path, params = _groups_named(display_name)
        return [to_model(Group, item) async for item in self._session.pages(path, params)]

    async def find_each(self, names: Iterable[str]) -> dict[str, list[Group]]:
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
            some = ", ".join(map(quoted, wanted[start : start + NAMES_A_FILTER]))
            queries[some] = ("/groups", {"$filter": f"displayName in ({some})"})
        by_name: dict[str, list[Group]] = {}
        for found in (await self._queries.lists(Group, queries)).values():
            for group in found:
                by_name.setdefault((group.display_name or "").casefold(), []).append(group)
        # Two names that differ in capitals alone may stand in two filters.
        each = {name: by_name.get(name.casefold(), []) for name in wanted}
        return {
            name: list({group.id: group for group in found}.values())
            for name, found in each.items()
        }

    async def starting_with(self, beginning: str) -> list[Group]:
        """
        Groups whose name begins so; one page of them, to name the nearest.

        Permission: GroupMember.Read.All (application).
        Source: Graph reference, "List groups"; "Use the $filter query parameter" (startswith).
        """
        where = {"$filter": begins(beginning)}
        return await self._queries.page(Group, "/groups", where)

    async def rename(self, group_id: str, *, display_name: str) -> None:
        """
        Call a group something else; its members and its mail nickname stay.

        Permission: Group.ReadWrite.All.
        Source: Graph reference, "Update group".
        """
        await self._session.patch(group_path(group_id), {"displayName": display_name})

    async def add_member(self, *, group_id: str, user_id: str) -> None:
        """
        Put a person into a group.

        Raises:
            Rejected: They are a member already.

        Permission: GroupMember.ReadWrite.All.
        Source: Graph reference, "Add members".
        """
        body = {"@odata.id": self._session.link(f"/directoryObjects/{key(user_id)}")}
        await self._session.post(f"{group_path(group_id)}/members/$ref", body)

    async def remove_member(self, *, group_id: str, user_id: str) -> None:
        """
        Take a person out of a group.

        Permission: GroupMember.ReadWrite.All.
        Source: Graph reference, "Remove member".
        """
        member = key(user_id)
        await self._session.delete(f"{group_path(group_id)}/members/{member}/$ref")

    async def delete(self, group_id: str) -> None:
        """
        Delete a group; take it out of every catalog first.

        Permission: Group.ReadWrite.All.
        Source: tutorial, "Clean up"; Graph reference, "Delete group".
        """
        await self._session.delete(group_path(group_id))


def _groups_named(name: str) -> tuple[str, dict[str, str]]:
    return "/groups", {"$filter": is_named(name)}


def _is_user(item: dict[str, Any]) -> bool:
    # Graph names the type of each member; an item without one was listed among users only.
    return str(item.get("@odata.type") or "#microsoft.graph.user").casefold().endswith(".user")


def _is_group(item: dict[str, Any]) -> bool:
    return str(item.get("@odata.type") or "").casefold().endswith(".group")
