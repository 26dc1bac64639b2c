"""Groups that hide their members: for an app that may not see these, Graph answers as if nobody were in them."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final

from graph.calls.directory_queries import DirectoryQueries
from graph.calls.paths import group_path
from graph.calls.session import Session
from graph.errors import GraphError, NotFound
from graph.models import Group

SEES_ALL: Final = "Member.Read.Hidden"
# Ids of groups of which it is known whether they hide their members; beyond that they are asked about anew.
MOST_KNOWN: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class Memberships:
    """
    The groups that somebody belongs to, of those that were asked about.

    Attributes:
        hidden: Those of which it cannot be told, because they hide their members from this app.
    """

    found: frozenset[str]
    hidden: frozenset[str] = frozenset()


class HiddenMembers:
    """
    Tells which groups hide their members from this app.

    Source: Graph reference, "Check member groups" (the response "might include only the groups that the caller is
        authorized to evaluate"), "group", visibility (HiddenMembership is set when a group is made, and stays).
    """

    def __init__(
        self, session: Session, *, roles: Callable[[], Awaitable[frozenset[str] | None]]
    ) -> None:
        """
        Args:
            roles: Gives the permissions that the app has; None where they cannot be read.
        """
        self._queries = DirectoryQueries(session)
        self._roles = roles
        self._known: dict[str, bool] = {}

    async def among(self, group_ids: Collection[str]) -> frozenset[str]:
        """
        Return those of *group_ids* that hide their members from this app; what is not there hides nobody.

        Raises:
            GraphError: One of them could not be read.

        Permission: GroupMember.Read.All (application).
        Source: Graph reference, "Get group".
        """
        if not group_ids or SEES_ALL in (await self._roles() or ()):
            return frozenset()
        unknown = [each for each in dict.fromkeys(group_ids) if each not in self._known]
        if unknown:
            await self._read(unknown)
        return frozenset(each for each in group_ids if self._known.get(each, False))

    def note(self, group: Group) -> None:
        """Keep in mind whether a group hides its members that was read whole."""
        self._known[group.id] = group.hides_members

    async def _read(self, group_ids: list[str]) -> None:
        params = {"$select": "id,visibility"}
        found = await self._queries.outcomes(Group, group_ids, group_path, params)
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        for group_id, outcome in found.items():
            if isinstance(outcome, NotFound):
                continue
            if isinstance(outcome, GraphError):
                raise outcome
            self._known[group_id] = outcome.hides_members
