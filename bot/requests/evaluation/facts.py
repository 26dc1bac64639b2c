"""
Read all that decides a request: the person's own facts for it alone, the package's shared for a moment.

The facts of the moment at which a request came in serve once more before its grant, if that follows at once; any
later grant reads its own.  See docs/explanation/guarantees.md, "How fresh the second look is".
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime

from bot import clock
from bot.errors import NotClear
from bot.packages.facts import FactReader, all_shown, is_over
from bot.packages.model import NamedObject
from bot.people.identity import Accounts, Identity
from bot.requests.evaluation.askers import Asker
from bot.requests.holder_lists import HolderLists
from bot.requests.shared_reads import FRESH, FreshCache
from graph import Graph
from graph.calls.hidden_members import Memberships
from graph.calls.package_resources import ResourcesByOrigin, lacks_resources, with_resources
from graph.models import (
    AccessPackage,
    AccessPackageAssignment,
    AssignmentPolicy,
    Group,
    RequestOutline,
)
from graph.subjects.assignment_requests import OPEN_STATES
from graph.subjects.incompatibilities import PackageExclusions


class SharedFacts:
    """The facts about packages, whoever asks: each thing is read once for all requests of the same moment."""

    def __init__(self, graph: Graph, holders: HolderLists) -> None:
        self._graph = graph
        self.holders = holders
        self._resources: FreshCache[str, ResourcesByOrigin] = FreshCache(graph.packages.resources)
        self.packages = FreshCache(self._package)
        self.groups_excluding = FreshCache(graph.incompatibilities.groups)
        self.packages_excluding = FreshCache(graph.incompatibilities.packages_both_ways)
        self.policy = FreshCache(FactReader(graph).policy)
        self.open_requests = FreshCache(self._open_requests)
        # Whether Graph has refused a list of all that somebody has, and will again.
        self.refuses_holdings = False

    async def package(self, package_id: str, *, since: datetime | None = None) -> AccessPackage:
        """Return a package with its policies and what it gives, as `Packages.get` has it."""
        return await self.packages.get(package_id, since=since)

    async def _package(self, package_id: str) -> AccessPackage:
        began = clock.real()
        found = await self._graph.packages.get(package_id, named=False)
        catalog_id = found.catalog.id if found.catalog else None
        if catalog_id is None or not lacks_resources(found):
            return found
        resources = await self._resources.get(catalog_id, since=began)
        return with_resources(found, resources)

    async def _open_requests(self, package_id: str) -> Sequence[RequestOutline]:
        return await self._graph.assignment_requests.outlines_in(
            package_id=package_id, states=OPEN_STATES
        )


class RequestFacts(FactReader):
    """
    The facts that one request needs: of its person, read once; and of its package, shared with the others.

    Attributes:
        at: When it began: how old its oldest fact of the person may be.
        seen: The person's accounts, read together with other people's; None: not yet.
        since: When somebody decided (real time): nothing that was read before counts; None: nobody has to.
        found: The person, once they are found.
        is_on_call: What the on-call service says of them, in this moment; None: nobody has asked it.
        asker: Who asks for them, once it is known that they may; None: nobody else, or not yet.
    """

    def __init__(
        self,
        graph: Graph,
        shared: SharedFacts,
        *,
        at: datetime,
        seen: Accounts | None,
        since: datetime | None = None,
    ) -> None:
        super().__init__(graph)
        self.since = since
        self.shared = shared
        self.at = at
        self.seen = seen
        self.found: Identity | None = None
        self.asker: Asker | None = None
        self.is_on_call: bool | None = None
        self._groups: dict[frozenset[str], Memberships] = {}
        self._holdings: list[AccessPackageAssignment] | None = None
        # Whether it was counted among those that ask about the package.
        self._is_noted = False
        # The package whose reads were begun together.
        self._begun: str | None = None

    @property
    def is_fresh(self) -> bool:
        """True while these facts may still decide something."""
        return self.at <= clock.real() <= self.at + FRESH

    def begin(self, package_id: str) -> None:
        """
        Begin to read all that decides about a package whoever asks for it, at the same time; whoever needs it waits for it.

        Open requests are read to their end before what the person has: what is delivered meanwhile is in one of these lists.
        """
        self._begun = package_id
        for reads in (
            self.shared.packages,
            self.shared.groups_excluding,
            self.shared.open_requests,
        ):
            reads.begin(package_id, since=self.since)

    async def package(self, package_id: str) -> AccessPackage:
        """Return the package that is asked for."""
        if not self._is_noted:
            self._is_noted = True
            self.shared.holders.note(package_id)
        return await self.shared.package(package_id, since=self.since)

    async def open_requests(self, package_id: str) -> Sequence[RequestOutline]:
        """Return the requests for it in Entra that have not been answered."""
        return await self.shared.open_requests.get(package_id, since=self.since)

    async def groups_excluding(self, package_id: str) -> list[Group]:
        return await self.shared.groups_excluding.get(package_id, since=self.since)

    async def packages_excluding(self, package_id: str) -> PackageExclusions:
        return await self.shared.packages_excluding.get(package_id, since=self.since)

    async def policy(self, policy_id: str) -> AssignmentPolicy | None:
        return await self.shared.policy.get(policy_id, since=self.since)

    async def policies(self, policy_ids: Sequence[str]) -> list[AssignmentPolicy]:
        return all_shown(await asyncio.gather(*map(self.policy, policy_ids)))

    async def groups_of(self, user_id: str, group_ids: Collection[str]) -> Memberships:
        wanted = frozenset(group_ids)
        if wanted not in self._groups:
            self._groups[wanted] = await super().groups_of(user_id, wanted)
        return self._groups[wanted]

    async def _after_open_requests(self) -> None:
        """Wait for the open requests: what leaves their list comes into those of what people have."""
        if self._begun is not None:
            await self.open_requests(self._begun)

    async def _holders(self, package_id: str) -> Sequence[AccessPackageAssignment] | None:
        await self._after_open_requests()
        return await self.shared.holders.get(package_id, since=self.since)

    async def holdings(self, user_id: str) -> list[AccessPackageAssignment] | None:
        if self._holdings is None and not self.shared.refuses_holdings:
            await self._after_open_requests()
            self._holdings = await super().holdings(user_id)
            self.shared.refuses_holdings = self._holdings is None
        return self._holdings

    async def beside(
        self, package_id: str, user_id: str, known: Collection[str]
    ) -> tuple[tuple[NamedObject, ...], tuple[NamedObject, ...]]:
        if await self._holders(package_id) is not None:
            exclusions = await self.packages_excluding(package_id)
            if not exclusions.ids:
                # Then it does not matter what else they have.
                return (), ()
        return await super().beside(package_id, user_id, known)

    async def access_to(self, package_id: str, user_id: str) -> list[AccessPackageAssignment]:
        """
        Return the assignments of a package that the person has, or is about to have.

        Raises:
            NotClear: Graph shows an assignment, and not whose it is, or of what; or one of theirs, in a state that is not known.
            GraphError: It could not be read.
        """
        found = await self._holders(package_id)
        if found is None:
            found = await self.holdings(user_id)
        if found is None:
            found = await self._graph.assignments.list(package_id=package_id, user_id=user_id)
        live = [each for each in found if not is_over(each)]
        if any(each.target is None or each.access_package is None for each in live):
            raise NotClear("Microsoft Entra shows an assignment, and not whose it is, or of what.")
        theirs = [
            each
            for each in live
            if each.target is not None
            and each.target.object_id == user_id
            and each.access_package is not None
            and each.access_package.id == package_id
        ]
        if not all(each.is_access for each in theirs):
            raise NotClear("Microsoft Entra shows this access in a state that I do not know.")
        return theirs
