"""Graph's packages and assignments, copied to where answers must not wait for Graph; Graph is the truth."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog

from bot import clock, eligibility, naming, policy
from bot.holdings import Holdings
from bot.models import Package
from bot.pacing import WAITS, Waits
from bot.people import People
from bot.slack import SlackError
from bot.store import Store, assignments, catalog, people
from graph import Graph
from graph.errors import NotFound
from graph.models import AccessPackage

log = structlog.get_logger(__name__)

# users.lookupByEmail allows about 50 calls a minute.
LOOKUPS_A_SWEEP: Final = 40
LOOK_AGAIN_AFTER: Final = timedelta(days=1)


class Mirror:
    """Copies what is offered and what is held, and notices what has ended."""

    def __init__(self, *, store: Store, graph: Graph, people: People, waits: Waits = WAITS) -> None:
        self._store = store
        self._graph = graph
        self._people = people
        self._holdings = Holdings(store=store, graph=graph, waits=waits)

    async def sweep(self) -> None:
        """
        Make the tables say what Graph says; what cannot be read stays as it was, and keeps nothing else from it.

        Raises:
            GraphError: Graph could not be read at all, or not to the end.
        """
        packages = await self._graph.packages.list()
        known = await self._store.read(catalog.everything)
        kept = {package.id: package.slug for package in known}
        await self._store.run(catalog.replace, mirrored_packages(packages, kept=kept))
        await self._holdings.sweep(packages)
        await self._find_holders()

    async def _find_holders(self) -> None:
        """Find in Slack those whose access was given elsewhere, so that they can see and extend it."""
        before = clock.real() - LOOK_AGAIN_AFTER
        unknown = await self._store.read(
            assignments.without_holder, looked_up_before=before, limit=LOOKUPS_A_SWEEP
        )
        for entra_id in dict.fromkeys(row.entra_id for row in unknown):
            try:
                await self._find_holder(entra_id)
            except SlackError as error:
                log.warning("holders-not-found", slack=str(error))
                return

    async def _find_holder(self, entra_id: str) -> None:
        bound = await self._store.read(people.of_entra, entra_id)
        if len(bound) == 1:
            holder: str | None = bound[0].slack_user
            name: str | None = bound[0].entra_name
        else:
            try:
                user = await self._graph.directory.user(entra_id)
            except NotFound:
                user = None
            profile = await self._people.in_slack(user) if user else None
            holder = profile.id if profile else None
            name = (user.display_name if user else None) or (profile.name if profile else None)
        await self._store.run(assignments.looked_up, entra_id, holder=holder, holder_name=name)


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
