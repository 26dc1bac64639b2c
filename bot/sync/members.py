"""Look for many holders of access at once, by reading everybody in Slack page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from bot.assignments.store import links
from bot.people.identity import People
from bot.sync.turns import Transactions
from graph import Graph
from graph.errors import BadAnswer, Forbidden, NotFound
from graph.models import User

log = structlog.get_logger(__name__)

# Pages of users.list in one go: Slack allows twenty a minute, and a sync comes every few minutes.
PAGES_A_SYNC: Final = 15
# People that are looked for in one scan of the workspace; an address and an id of each are in memory.
SOUGHT_TOGETHER: Final = 10_000
# After so many people in a row whom Graph would not show, it is not about them.
MOST_FAILURES: Final = 3
# People that are asked of Graph together, and those who are found nowhere written down.
TOGETHER: Final = 100
# People whose accounts are written down in one transaction: some ten milliseconds.
LINKED_TOGETHER: Final = 10


@dataclass
class MemberScan:
    """
    One scan of the workspace, some pages at a time.

    Attributes:
        sought: Entra ids.
        addresses: By which Slack may know them.
        found: Their Slack accounts so far.
        cursor: Where the next page begins; None for the first.
    """

    sought: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    found: dict[str, list[str]] = field(default_factory=dict)
    cursor: str | None = None


class MemberSearch:
    """
    Looks for many holders of access at once, among all members of the workspace.

    One by one each would take a call or two of users.lookupByEmail, which allows fifty a minute.
    """

    def __init__(self, *, store: Transactions, graph: Graph, people: People) -> None:
        self._store = store
        self._graph = graph
        self._people = people
        self._scan: MemberScan | None = None

    @property
    def is_scanning(self) -> bool:
        return self._scan is not None

    async def scan(self) -> None:
        """
        Go on for some pages, or begin; whom the whole workspace does not have, is nobody's there.

        Raises:
            SlackError, GraphError: It could not be read; the next call goes on from the same page.
        """
        for _ in range(PAGES_A_SYNC):
            # Slack first: where it does not list its members, Entra need not be asked for anybody.
            reached = self._scan.cursor if self._scan is not None else None
            profiles, cursor = await self._people.members_page(reached)
            if self._scan is None:
                self._scan = await self._begin()
            scan = self._scan
            likely = [each for each in profiles if (each.email or "").lower() in scan.addresses]
            owners = await self._people.identify_owners(likely)
            fresh: dict[str, list[str]] = {}
            for slack_user, entra_id in owners.items():
                if entra_id in scan.sought:
                    scan.found.setdefault(entra_id, []).append(slack_user)
                    fresh[entra_id] = scan.found[entra_id]
            for some in _chunks(sorted(fresh), LINKED_TOGETHER):
                await self._store.run(links.link_each, {each: fresh[each] for each in some})
            scan.cursor = cursor
            if not cursor:
                self._scan = None
                await self._not_found(sorted(scan.sought - scan.found.keys()))
                return

    def restart(self) -> None:
        """Begin anew next time; what was found stays."""
        self._scan = None

    async def _begin(self) -> MemberScan:
        scan = MemberScan()
        sought = await self._store.read(links.unknown, limit=SOUGHT_TOGETHER)
        for some in _chunks(sought):
            users = await self._users(some)
            await self._not_found([each for each, user in users.items() if user is None])
            known = {each: user for each, user in users.items() if user is not None}
            scan.sought |= known.keys()
            scan.addresses |= {
                address for user in known.values() for address in self._people.addresses_of(user)
            }
        return scan

    async def _users(self, entra_ids: Sequence[str]) -> Mapping[str, User | None]:
        """Return people in Entra by id, None for those who are not there; those that cannot be read are left out."""
        try:
            return await self._graph.users.get_many(entra_ids)
        except (Forbidden, BadAnswer) as error:
            # One of them, or all.
            log.warning("holders-not-read", status=error.status, graph=error.request_id)
        found: dict[str, User | None] = {}
        failures = 0
        for entra_id in entra_ids:
            try:
                found[entra_id] = await self._graph.users.get(entra_id)
            except NotFound:
                found[entra_id] = None
            except (Forbidden, BadAnswer) as error:
                log.warning("holder-not-read", status=error.status, graph=error.request_id)
                await self._store.run(links.mark_looked_up, entra_id)
                failures += 1
                if failures == MOST_FAILURES:
                    raise
            else:
                failures = 0
        return found

    async def _not_found(self, entra_ids: Sequence[str]) -> None:
        for some in _chunks(entra_ids):
            await self._store.run(links.mark_not_found, some)


def _chunks(ids: Sequence[str], most: int = TOGETHER) -> list[Sequence[str]]:
    return [ids[first : first + most] for first in range(0, len(ids), most)]
