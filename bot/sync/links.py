"""Find the Slack accounts of people who hold access in Entra: messages about it go to them."""

from collections.abc import Sequence
from typing import Final

import structlog

from bot import clock
from bot.assignments.store import links
from bot.people.identity import People
from bot.people.store import people
from bot.slack.errors import TOKEN_REFUSED, SlackError, SlackRefused
from bot.sync.members import MOST_FAILURES, MemberSearch
from bot.sync.rechecks import LOOK_AGAIN_AFTER, Rechecks
from bot.sync.turns import Transactions
from graph import Graph
from graph.errors import GraphError, NotFound

log = structlog.get_logger(__name__)

# People a sync: each may cost two calls of users.lookupByEmail, which allows about 50 a minute, and others use it.
LOOKUPS_A_SYNC: Final = 40


class HolderLinks:
    """
    Finds in Slack those who hold access, however it was given, and forgets whom it finds no more.

    A link says where messages go.  What somebody may do and see is judged by their own binding (`bot.people.identity`):
    it comes about here as it does when they ask for something, by what Slack and Entra say of them now.
    """

    def __init__(self, *, store: Transactions, graph: Graph, people: People) -> None:
        self._store = store
        self._graph = graph
        self._people = people
        self._members = MemberSearch(store=store, graph=graph, people=people)
        self._rechecks = Rechecks(store=store, people=people)

    async def refresh(self) -> None:
        """Look for those whose turn it is; what cannot be read now is looked at another time."""
        # Many whom nobody knows are found together; the others have their turn when that is done.
        sought = await self._store.read(links.unknown, limit=LOOKUPS_A_SYNC + 1)
        are_many = len(sought) > LOOKUPS_A_SYNC
        if (self._members.is_scanning or are_many) and await self._scanned(self._members):
            return
        before = clock.real() - LOOK_AGAIN_AFTER
        due = await self._store.read(
            links.holders_to_look_up, looked_up_before=before, limit=LOOKUPS_A_SYNC + 1
        )
        are_many = len(due) > LOOKUPS_A_SYNC and self._rechecks.may_begin
        if (self._rechecks.is_scanning or are_many) and await self._scanned(self._rechecks):
            return
        await self._one_by_one(due[:LOOKUPS_A_SYNC])

    async def _scanned(self, scanner: MemberSearch | Rechecks) -> bool:
        """Let many be found together, as far as that goes now; False where Slack does not list its members."""
        try:
            await scanner.scan()
        except SlackRefused as refused:
            # Then one by one, as long as that takes.
            log.warning("members-not-listed", slack=str(refused))
            scanner.restart()
            return False
        except SlackError as error:
            log.warning("holders-not-found", slack=str(error))
        except GraphError as error:
            _log_not_read(error)
        return True

    async def _one_by_one(self, due: Sequence[str]) -> None:
        failures = 0
        for entra_id in due:
            try:
                await self._refresh(entra_id)
            except (GraphError, SlackRefused) as error:
                _log_not_read(error)
                if str(error) in TOKEN_REFUSED:
                    return
                # One of them, or all: whoever stands behind one is not to wait for ever.
                await self._store.run(links.mark_looked_up, entra_id)
                failures += 1
                if failures == MOST_FAILURES:
                    return
            except SlackError as error:
                log.warning("holders-not-found", slack=str(error))
                return
            else:
                failures = 0

    async def _refresh(self, entra_id: str) -> None:
        bound = await self._store.read(people.for_entra_id, entra_id)
        linked = await self._store.read(links.slack_users_of, entra_id)
        known = dict.fromkeys((*(each.slack_user for each in bound), *linked))
        theirs = [each for each in known if await self._people.belongs_to(each, entra_id)]
        if theirs:
            names = {each.slack_user: each.entra_name for each in bound}
            await self._link(entra_id, theirs, name=names.get(theirs[0]))
            return
        try:
            user = await self._graph.users.get(entra_id)
        except NotFound:
            await self._link(entra_id, [])
            return
        profile = await self._people.slack_member_of(user)
        if profile is not None and await self._people.belongs_to(profile.id, entra_id):
            theirs = [profile.id]
        await self._link(entra_id, theirs, name=user.display_name)

    async def _link(self, entra_id: str, holders: list[str], *, name: str | None = None) -> None:
        await self._store.run(links.link, entra_id, holders=holders, holder_name=name)


def _log_not_read(error: GraphError | SlackRefused) -> None:
    if isinstance(error, SlackRefused):
        log.warning("holder-not-read", slack=str(error))
    else:
        log.warning("holder-not-read", status=error.status, graph=error.request_id)
