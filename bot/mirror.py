"""Graph's packages and assignments, copied to where answers must not wait for Graph; Graph is the truth."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog

from bot import clock, eligibility, naming, policy
from bot.bounds import EVERYWHERE, Bounds
from bot.models import Assignment, AssignmentState, Ended, Kind, Package
from bot.people import People
from bot.slack import SlackError
from bot.store import Store, Transaction, assignments, catalog, people, request_lists
from graph import Graph
from graph.errors import NotAllowed, NotFound
from graph.models import AccessPackage
from graph.models import Assignment as GraphAssignment

log = structlog.get_logger(__name__)

# users.lookupByEmail allows about 50 calls a minute.
LOOKUPS_A_SWEEP: Final = 40
LOOK_AGAIN_AFTER: Final = timedelta(days=1)
# Rows a transaction: few enough that a command hardly waits for it.
SEEN_TOGETHER: Final = 200


class Mirror:
    """Copies what is offered and what is held, and notices what has ended."""

    def __init__(
        self, *, store: Store, graph: Graph, people: People, bounds: Bounds = EVERYWHERE
    ) -> None:
        self._store = store
        self._graph = graph
        self._people = people
        self._bounds = bounds

    async def sweep(self) -> None:
        """
        Make the tables say what Graph says.

        Raises:
            GraphError: It could not be read; the tables stay as they were.
        """
        everything = await self._graph.packages.list()
        packages = self._bounds.within(everything)
        outside = frozenset(each.id for each in everything) - {each.id for each in packages}
        if outside:
            # Their bounds may have been wider once.
            await self._store.run(assignments.forget, outside)
        known = await self._store.run(catalog.everything)
        kept = {package.id: package.slug for package in known}
        await self._store.run(catalog.replace, mirrored_packages(packages, kept=kept))
        await self._sweep_assignments(packages, outside=outside)
        await self._find_holders()

    async def _sweep_assignments(
        self, packages: Sequence[AccessPackage], *, outside: Collection[str]
    ) -> None:
        started = clock.real()
        made = [_row(held, packages) for held in await self._held(packages)]
        rows = [row for row in made if row is not None and row.package_id not in outside]
        for first in range(0, len(rows), SEEN_TOGETHER):
            some = rows[first : first + SEEN_TOGETHER]
            for row in await self._store.run(assignments.news_of, some):
                await self._store.run(assignments.save_live, row, read_at=started)
        for assignment_id in await self._store.run(assignments.live_ids, not_seen_since=started):
            await self._check(assignment_id, packages)

    async def _held(self, packages: Sequence[AccessPackage]) -> list[GraphAssignment]:
        try:
            return await self._graph.assignments.list(state="delivered")
        except NotAllowed:
            # With only a catalog-scoped role, Graph wants every list filtered by package.
            return [
                held
                for package in packages
                for held in await self._graph.assignments.list(
                    package_id=package.id, state="delivered"
                )
            ]

    async def _check(self, assignment_id: str, packages: Sequence[AccessPackage]) -> None:
        """A row that the list did not have: lists may lag, so ask for it by id before saying it ended."""
        read_at = clock.real()
        try:
            held = await self._graph.assignments.get(assignment_id)
        except NotFound:
            held = None
        if held is not None and held.is_delivered:
            row = _row(held, packages)
            if row is not None:
                await self._store.run(assignments.save_live, row, read_at=read_at)
            return
        if held is not None and not held.is_expired:
            return
        known = await self._store.run(assignments.get, assignment_id)
        if (
            known is None
            or known.state is AssignmentState.REMOVING
            or await self._store.run(_may_be_removed_by_us, assignment_id)
        ):
            # Our own removal: the request about it tells the story.
            return
        ran_out = known.ends_at is not None and known.ends_at <= clock.now()
        why = Ended.RAN_OUT if ran_out else Ended.OUTSIDE
        at = known.ends_at if ran_out and known.ends_at else clock.now()
        await self._store.run(assignments.end, assignment_id, why=why, at=at)

    async def _find_holders(self) -> None:
        """Find in Slack those whose access was given elsewhere, so that they can see and extend it."""
        before = clock.real() - LOOK_AGAIN_AFTER
        unknown = await self._store.run(
            assignments.without_holder, looked_up_before=before, limit=LOOKUPS_A_SWEEP
        )
        for entra_id in dict.fromkeys(row.entra_id for row in unknown):
            try:
                await self._find_holder(entra_id)
            except SlackError as error:
                log.warning("holders-not-found", slack=str(error))
                return

    async def _find_holder(self, entra_id: str) -> None:
        bound = await self._store.run(people.of_entra, entra_id)
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


def _may_be_removed_by_us(db: Transaction, assignment_id: str) -> bool:
    """Whether a removal of ours has been posted, and its answer is still open."""
    return any(
        each.kind is Kind.REMOVE and each.intent_at is not None
        for each in request_lists.open_for_assignment(db, assignment_id)
    )


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
    )


def _row(held: GraphAssignment, packages: Sequence[AccessPackage]) -> Assignment | None:
    package_id = held.access_package.id if held.access_package else None
    entra_id = held.target.object_id if held.target else None
    if package_id is None or entra_id is None or not held.is_delivered:
        return None
    names = {each.id: each.display_name for each in packages}
    own_name = held.access_package.display_name if held.access_package else None
    return Assignment(
        id=held.id,
        entra_id=entra_id,
        package_id=package_id,
        package_name=names.get(package_id) or own_name or package_id,
        policy_id=held.assignment_policy.id if held.assignment_policy else None,
        state=AssignmentState.LIVE,
        holder_name=held.target.display_name if held.target else None,
        starts_at=held.schedule.start_date_time if held.schedule else None,
        ends_at=held.ends_at(),
    )
