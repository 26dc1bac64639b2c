"""Graph's packages and assignments, copied to where answers must not wait for Graph; Graph is the truth."""

from collections.abc import Mapping, Sequence

import structlog

from bot import eligibility, naming, policy
from bot.bounds import EVERYWHERE, Bounds
from bot.holdings import Holdings
from bot.links import Links
from bot.models import Package
from bot.pacing import WAITS, Waits
from bot.people import People
from bot.store import Store, assignments, catalog
from graph import Graph
from graph.models import AccessPackage

log = structlog.get_logger(__name__)


class Mirror:
    """Copies what is offered and what is held, and notices what has ended."""

    def __init__(
        self,
        *,
        store: Store,
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
        await self._store.run(catalog.replace, mirrored_packages(packages, kept=kept))
        await self._holdings.sweep(packages, outside=outside)
        await self._links.refresh()


def mirrored_packages(
    packages: Sequence[AccessPackage], *, kept: Mapping[str, str] | None = None
) -> list[Package]:
    """What the workspace offers, from what Graph has; *kept* are the slugs in use, by id."""
    names = [(each.id, each.display_name or "") for each in packages]
    slugs = naming.slugs_for(names, kept=kept)
    return [_mirrored(each, slug=slugs[each.id]) for each in packages]


def _mirrored(package: AccessPackage, *, slug: str) -> Package:
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
    )
