"""
Find out whether a delegate of somebody could decide anything: Entra knows no delegates of ours.

Only what is certain keeps anybody from letting somebody decide; the right itself is read at each decision.
"""

import asyncio
from collections.abc import Sequence

import structlog

from bot.approvals.store import deciders
from bot.database import Store, Transaction
from bot.errors import NotAllowed
from bot.packages.entra_decides import entras_own
from bot.packages.model import Package
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.store import catalog
from bot.people.identity import People
from bot.slack.errors import SlackError
from bot.timing import EARLY_SECONDS
from graph import Graph
from graph.errors import GraphError

log = structlog.get_logger(__name__)


class DelegationReach:
    """Tells whether all that somebody may decide about is decided in Entra."""

    def __init__(
        self, *, store: Store, graph: Graph, people: People, package_settings: PackageSettingsFile
    ) -> None:
        self._store = store
        self._people = people
        self._graph = graph
        self._package_settings = package_settings

    async def is_all_in_entra(self, slack_user: str) -> bool:
        """
        Tell whether Entra decides about every package that somebody may decide about; False if that is not certain.

        Reads who they are and their groups, for as long as an answer to Slack may wait.
        """
        if not self._package_settings.entra_decides():
            return False
        offered, is_asked_here = await self._store.read(_read, slack_user)
        theirs = {each.id for each in entras_own(offered, self._package_settings)}
        here = [each for each in offered if each.id not in theirs]
        if not theirs or is_asked_here:
            return False
        users, groups, is_certain = _named(here)
        if not is_certain:
            return False
        if not users and not groups:
            return True
        try:
            async with asyncio.timeout(EARLY_SECONDS):
                found = await self._people.identify(slack_user)
                if found.user.id.casefold() in users:
                    return False
                return not groups or not await self._graph.users.member_of(found.user.id, groups)
        except (GraphError, NotAllowed, SlackError, TimeoutError) as error:
            log.info("reach-not-known", error=type(error).__name__)
            return False


def _read(db: Transaction, slack_user: str) -> tuple[list[Package], bool]:
    return catalog.list_all(db), deciders.is_asked_here(db, slack_user)


def _named(packages: Sequence[Package]) -> tuple[set[str], set[str], bool]:
    """Return the users and groups that the policies of some packages name, and whether they name nobody in another way."""
    users: set[str] = set()
    groups: set[str] = set()
    for package in packages:
        held_under, offered = package.held_under, {each.id for each in package.policies}
        for policy_id in offered.union(package.can_extend):
            policy = held_under[policy_id]
            # Before the next sync, it may not be known who decides extensions under one that is not offered.
            if policy is None or policy.deciders is None or policy.deciders.has_others:
                return users, groups, False
            users |= {each.casefold() for each in policy.deciders.users}
            groups |= set(policy.deciders.groups)
    return users, groups, True
