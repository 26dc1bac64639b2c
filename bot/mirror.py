"""Graph's packages and assignments, copied to where answers must not wait for Graph; Graph is the truth."""

from collections.abc import Mapping, Sequence

import structlog

from bot import eligibility, naming, policy
from bot.bounds import EVERYWHERE, Bounds
from bot.holdings import Holdings
from bot.links import Links
from bot.mirrored_policies import offered
from bot.models import Package
from bot.pacing import WAITS, Waits
from bot.people import People
from bot.store import assignments, catalog
from bot.sweeps import Transactions
from graph import Graph
from graph.errors import GraphError, NotAllowed
from graph.models import AccessPackage, AssignmentPolicy

log = structlog.get_logger(__name__)


class Mirror:
    """Copies what is offered and what is held, and notices what has ended."""

    def __init__(
        self,
        *,
        store: Transactions,
        graph: Graph,
        people: People,
        waits: Waits = WAITS,
        bounds: Bounds = EVERYWHERE,
    ) -> None:
        self._store = store
        self._graph = graph
        self._holdings = Holdings(store=store, graph=graph, waits=waits)
        self._links = Links(store=store, graph=graph, people=people)
        self._bounds = bounds

    async def sweep(self) -> None:
        """
        Make the tables say what Graph says; what cannot be read stays as it was, and keeps nothing else from it.

        Raises:
            GraphError: Graph could not be read at all, or not to the end.
        """
        everything = await self._graph.packages.list()
        packages = self._bounds.within(everything)
        outside = frozenset(each.id for each in everything) - {each.id for each in packages}
        if outside:
            # Their bounds may have been wider once.
            await self._store.run(assignments.forget, outside)
        known = await self._store.read(catalog.everything)
        kept = {package.id: package.slug for package in known}
        unread: GraphError | None = None
        try:
            whole = await self._whole_policies(packages)
            mirrored = mirrored_packages(packages, kept=kept, whole=whole)
            await self._store.run(catalog.replace, mirrored)
        except GraphError as error:
            # What is offered stays as it was; what people hold does not wait for it.
            log.warning("policies-not-read", status=error.status, code=error.code)
            unread = error
        await self._holdings.sweep(packages, outside=outside)
        await self._links.refresh()
        if unread is not None:
            raise unread

    async def _whole_policies(
        self, packages: Sequence[AccessPackage]
    ) -> dict[str, AssignmentPolicy]:
        """
        The policies under which people ask, with their questions, by id; those that we may read.

        Raises:
            GraphError: Graph does not answer; nothing is known then.
        """
        try:
            return {each.id: each for each in await self._graph.policies.list(with_questions=True)}
        except NotAllowed:
            # With only a catalog-scoped role, Graph shows policies one by one.
            ids = [
                each.id
                for package in packages
                for each in package.assignment_policies
                if eligibility.is_for_asking(each)
            ]
        try:
            found = await self._graph.policies.each(ids) if ids else []
        except NotAllowed as refused:
            log.warning("policies-not-read", status=refused.status, code=refused.code)
            return {}
        return {each.id: each for each in found if isinstance(each, AssignmentPolicy)}


def mirrored_packages(
    packages: Sequence[AccessPackage],
    *,
    kept: Mapping[str, str] | None = None,
    whole: Mapping[str, AssignmentPolicy] | None = None,
) -> list[Package]:
    """
    What the workspace offers, from what Graph has.

    Args:
        kept: The slugs in use, by id.
        whole: The policies that were read with their questions, by id.
    """
    names = [(each.id, each.display_name or "") for each in packages]
    slugs = naming.slugs_for(names, kept=kept)
    return [_mirrored(each, slug=slugs[each.id], whole=whole or {}) for each in packages]


def _mirrored(
    package: AccessPackage, *, slug: str, whole: Mapping[str, AssignmentPolicy]
) -> Package:
    policies = [each for each in package.assignment_policies if eligibility.is_for_asking(each)]
    periods = dict.fromkeys(policy.lasts(each.expiration) for each in policies)
    return Package(
        id=package.id,
        slug=slug,
        name=package.display_name or slug,
        catalog=(package.catalog.display_name if package.catalog else None) or "",
        description=package.description or "",
        contents=policy.contents(package),
        lasts=" or ".join(periods),
        can_be_asked_for=eligibility.is_offered(package),
        is_hidden=bool(package.is_hidden),
        # Only where every way in wants a reason: the one that applies is known when the person is.
        needs_reason=bool(policies) and all(policy.needs_reason(each) for each in policies),
        needs_approval=any(
            policy.stages_for(each, extending=False, always=False) for each in policies
        ),
        can_extend=tuple(
            sorted(
                each.id for each in package.assignment_policies if eligibility.is_extendable(each)
            )
        ),
        automatic=eligibility.automatic_policies(package),
        policies=offered(package, whole),
    )
