"""Read who is in the groups that packages give, and in the groups within these."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

import structlog

from bot.drift.compare import GivenGroup
from graph import Graph
from graph.errors import AuthError, Forbidden, GraphError, NotFound, Throttled
from graph.models import Group

log = structlog.get_logger(__name__)

# Of one group: who gives a package for a group of more people does not look for single ones.
MOST_MEMBERS: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class Members:
    """
    Tell who is in a group, by Entra id; names are those of the directory.

    Attributes:
        everybody: People, those of groups within it included; None: with these they are more than are looked through.
        direct: People who are in it themselves.
        groups: Groups that are directly in it.
    """

    everybody: Mapping[str, str | None] | None = field(default_factory=dict)
    direct: Mapping[str, str | None] = field(default_factory=dict)
    groups: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def known(self) -> Mapping[str, str | None]:
        """Return the people of whom it is known that they are in it."""
        return self.direct if self.everybody is None else self.everybody


@dataclass(kw_only=True)
class GroupMembership:
    """
    Tell who is in which group.

    Attributes:
        by_group: By the group's id.
        refused: Names of groups whose members Graph does not let us read.
        unread: Ids of groups that could not be read, for whatever reason; with those that are too large.
        too_large: Names of these.
    """

    by_group: dict[str, "Members"] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    too_large: list[str] = field(default_factory=list)


async def read_members(graph: Graph, groups: Sequence[GivenGroup]) -> GroupMembership:
    """
    Return who is in which of these groups.

    Raises:
        AuthError, Throttled: Nothing can be read now.
    """
    members = GroupMembership()
    for group in groups:
        try:
            members.by_group[group.id] = await members_of(graph, group.id)
        except TooMany:
            members.too_large.append(group.name)
            members.unread.add(group.id)
        except (AuthError, Throttled):
            raise
        except GraphError as error:
            log.warning("members-not-read", status=error.status, code=error.code)
            if isinstance(error, Forbidden):
                members.refused.append(group.name)
            members.unread.add(group.id)
            if isinstance(error, NotFound):
                # It is gone, and so is whatever was found in it.
                members.unread.discard(group.id)
                members.by_group[group.id] = Members()
    return members


def too_large_within(members: GroupMembership, groups: Iterable[GivenGroup]) -> dict[str, str]:
    """Return the groups of which only those are known who are in them directly: their names by id."""
    return {
        each.id: each.name
        for each in groups
        if each.id in members.by_group and members.by_group[each.id].everybody is None
    }


async def members_of(graph: Graph, group_id: str) -> Members:
    """
    Return who is in a group.

    Raises:
        GraphError: It cannot be read.
        TooMany: Those who are in it directly are more than are looked through.
    """
    people: dict[str, str | None] = {}
    groups: dict[str, str | None] = {}
    async for each in graph.groups.each_direct(group_id):
        of_its_kind = groups if isinstance(each, Group) else people
        of_its_kind[each.id] = each.display_name
        if len(people) + len(groups) > MOST_MEMBERS:
            raise TooMany
    everybody = await _with_nested(graph, group_id, people) if groups else people
    return Members(everybody=everybody, direct=people, groups=groups)


async def only_within(graph: Graph, members: Members, settled: AbstractSet[str]) -> frozenset[str]:
    """
    Return the people who are in a group by some of the groups within it, and neither directly nor by another.

    Args:
        settled: The ids of those groups.

    Raises:
        GraphError: The members of another group within it cannot be read.
    """
    if not settled & members.groups.keys():
        return frozenset()
    others = set(members.direct)
    for each in members.groups.keys() - settled:
        others |= {user.id async for user in graph.groups.each_member(each)}
    return frozenset(members.known.keys() - others)


async def _with_nested(
    graph: Graph, group_id: str, direct: Mapping[str, str | None]
) -> Mapping[str, str | None] | None:
    """Return the people in a group and in those within it; None if they are more than are looked through."""
    people = dict(direct)
    async for user in graph.groups.each_member(group_id):
        people[user.id] = user.display_name
        if len(people) > MOST_MEMBERS:
            return None
    return people


class TooMany(Exception):
    """Raised where a group has more direct members than are looked through."""
