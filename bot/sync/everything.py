"""Sync packages and assignments from Graph, for answers that must not wait for it; Graph is the truth."""

import asyncio
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

import structlog

from bot import clock
from bot.assignments.model import TroubleKind
from bot.assignments.store import assignments, troubles
from bot.database import Transaction
from bot.packages import eligibility, policy_terms
from bot.packages import names as package_names
from bot.packages.bounds import EVERYWHERE, Bounds
from bot.packages.model import Package
from bot.packages.offered_policies import not_offered, offered
from bot.packages.opening import Opening, Openings
from bot.packages.settings.bindings import (
    BindingProblem,
    EntryBinding,
    ListedPackage,
    ProblemKind,
    Rebinding,
)
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.store import catalog, settings_bindings
from bot.people.identity import People
from bot.requests.approver_defaults import ApproverDefaults
from bot.sync import approver_visibility
from bot.sync.assignments import MISSES_BEFORE_ALARM, AssignmentSync
from bot.sync.link_facts import LinkFactReader
from bot.sync.links import HolderLinks
from bot.sync.turns import Transactions
from bot.timing import WAITS, Waits
from graph import Graph
from graph.clouds import GLOBAL
from graph.errors import BadAnswer, Forbidden, GraphError
from graph.models import AccessPackage, AssignmentPolicy

log = structlog.get_logger(__name__)

# Packages that are looked through before others have their turn: a few milliseconds.
PACKAGES_A_TURN: Final = 20
TROUBLES_OF_SETTINGS: Final[Mapping[ProblemKind, TroubleKind]] = {
    ProblemKind.RENAMED: TroubleKind.SETTINGS_RENAMED,
    ProblemKind.TAKEN: TroubleKind.SETTINGS_TAKEN,
    ProblemKind.NOBODY: TroubleKind.SETTINGS_NOBODY,
}


class TenantSync:
    """Copies what is offered and what is held, and notices what has ended."""

    def __init__(
        self,
        *,
        store: Transactions,
        graph: Graph,
        people: People,
        waits: Waits = WAITS,
        bounds: Bounds = EVERYWHERE,
        package_settings: PackageSettingsFile | None = None,
        openings: Openings | None = None,
    ) -> None:
        """
        Args:
            openings: Tells what resources open as; only what takes no tenant's id, if that is not said.
        """
        self._store = store
        self._graph = graph
        self._assignments = AssignmentSync(store=store, graph=graph, waits=waits)
        self._links = HolderLinks(store=store, graph=graph, people=people)
        self._link_facts = LinkFactReader(
            graph=graph, openings=openings or Openings(GLOBAL, tenant_id=None)
        )
        self._approver_defaults = ApproverDefaults(graph)
        self._bounds = bounds
        self._package_settings = package_settings or PackageSettingsFile()
        # In how many syncs in a row a package could not be read.
        self._misses: dict[str, int] = {}

    async def run(self) -> frozenset[str]:
        """
        Make the tables say what Graph says; what cannot be read stays as it was, and keeps nothing else from it.

        Returns the ids of packages whose assignments could not be read.

        Raises:
            GraphError: Graph could not be read at all, or not to the end.
        """
        listed = await self._graph.packages.list_readable()
        packages = self._bounds.within(listed.objects)
        outside = frozenset(each.id for each in listed.objects) - {each.id for each in packages}
        if outside:
            # Their bounds may have been wider once.
            await self._store.run(assignments.forget, outside)
        known = {each.id: each for each in await self._store.read(catalog.list_all)}
        unreadable = listed.unreadable
        offered: list[Package] = []
        unread: GraphError | None = None
        try:
            whole, unsupported = await self._whole_policies(packages)
            unreadable |= {each.id for each in packages if _asks_under(each, unsupported)}
            policies = _policies(packages, whole)
            hidden_by_default = await self._approver_defaults.hides(policies)
            offered = await self._offer(
                packages, known, unreadable, whole, hidden_by_default=hidden_by_default
            )
            await self._store.run(
                approver_visibility.hide_by_now,
                policies,
                hidden_by_default=await self._approver_defaults.is_known_to_hide(policies),
            )
        except GraphError as error:
            # What is offered stays as it was; what people hold does not wait for it.
            log.warning("policies-not-read", status=error.status, code=error.code)
            unread = error
        await self._bind_settings(listed.objects, known, listed.unreadable)
        if self._bounds.are_set:
            # Whether they are within the bounds is known of those only that were once.
            outside |= listed.unreadable - known.keys()
        kept = [known[each] for each in sorted(listed.unreadable & known.keys())]
        not_read = await self._assignments.run(packages, kept=kept, outside=outside)
        await self._links.refresh()
        readable = [each for each in packages if each.id not in unreadable]
        await self._read_openings(readable, offered)
        if unread is not None:
            raise unread
        return not_read

    async def _offer(
        self,
        packages: Sequence[AccessPackage],
        known: Mapping[str, Package],
        unreadable: frozenset[str],
        whole: Mapping[str, AssignmentPolicy],
        *,
        hidden_by_default: bool,
    ) -> list[Package]:
        """Offer what can be read as it is now, and what cannot be read as it was; return what is offered."""
        readable = [each for each in packages if each.id not in unreadable]
        kept = [known[each] for each in sorted(unreadable & known.keys())]
        slugs = package_names.slugs_for(
            [
                *((each.id, each.display_name or "") for each in readable),
                *((each.id, each.name) for each in kept),
            ],
            kept={each.id: each.slug for each in known.values()},
        )
        opens = self._link_facts.opened(readable, known)
        found = [replace(each, slug=slugs[each.id]) for each in kept]
        for number, each in enumerate(readable, start=1):
            found.append(
                package_row(
                    each,
                    slug=slugs[each.id],
                    whole=whole,
                    opens=opens[each.id],
                    hidden_by_default=hidden_by_default,
                )
            )
            if number % PACKAGES_A_TURN == 0:
                await asyncio.sleep(0)
        for package_id in sorted(unreadable):
            log.warning("package-not-readable", package=package_id)
        self._misses = {each: self._misses.get(each, 0) + 1 for each in unreadable}
        alarming = {each for each, misses in self._misses.items() if misses >= MISSES_BEFORE_ALARM}
        await self._store.run(_write, found, unreadable=unreadable, alarming=alarming)
        return found

    async def _read_openings(
        self, packages: Sequence[AccessPackage], offered: Sequence[Package]
    ) -> None:
        """Read what links take, behind all that people wait for, and write the packages that open something else now."""
        if not offered:
            return
        await self._link_facts.refresh(packages)
        opens = self._link_facts.opened(packages, {each.id: each for each in offered})
        linked = [replace(each, opens=opens.get(each.id, each.opens)) for each in offered]
        if linked != list(offered):
            await self._store.run(catalog.replace, linked)

    async def _bind_settings(
        self,
        listed: Sequence[AccessPackage],
        known: Mapping[str, Package],
        unreadable: frozenset[str],
    ) -> None:
        """Note which entry of the package settings is which package's, and tell the admins where the two do not agree."""
        file = self._package_settings
        # Also those out of bounds: the file may be written for several installations.
        packages = [
            *(
                ListedPackage(
                    id=each.id,
                    name=each.display_name or "",
                    catalog=(each.catalog.display_name if each.catalog else None) or "",
                )
                for each in listed
            ),
            *(
                ListedPackage(id=each, name=known[each].name, catalog=known[each].catalog)
                for each in sorted(unreadable & known.keys())
            ),
        ]
        bound = await self._store.run(_bind, file, packages)
        file.bindings.know(bound)

    async def _whole_policies(
        self, packages: Sequence[AccessPackage]
    ) -> tuple[dict[str, AssignmentPolicy], frozenset[str]]:
        """
        Return the policies under which people ask, with their questions, by id; and the ids of those that cannot be read.

        Policies that we may not read are in neither.

        Raises:
            GraphError: Graph does not answer; nothing is known then.
        """
        try:
            listed = await self._graph.policies.list_readable(with_questions=True)
        except Forbidden:
            # With only a catalog-scoped role, Graph shows policies one by one.
            ids = [
                each.id
                for package in packages
                for each in package.assignment_policies
                if eligibility.is_requestable(each)
            ]
        else:
            return {each.id: each for each in listed.objects}, listed.unreadable
        try:
            found = await self._graph.policies.each(ids) if ids else []
        except Forbidden as refused:
            log.warning("policies-not-read", status=refused.status, code=refused.code)
            return {}, frozenset()
        unreadable = {
            policy_id
            for policy_id, each in zip(ids, found, strict=True)
            if isinstance(each, BadAnswer)
        }
        read = {each.id: each for each in found if isinstance(each, AssignmentPolicy)}
        return read, frozenset(unreadable)


def _write(
    db: Transaction,
    found: Sequence[Package],
    *,
    unreadable: Collection[str],
    alarming: Collection[str],
) -> None:
    catalog.replace(db, found)
    for package_id in sorted(alarming):
        troubles.open_one(db, TroubleKind.PACKAGE, package_id, package=package_id)
    troubles.close_all_but(db, TroubleKind.PACKAGE, unreadable)


def _bind(
    db: Transaction, file: PackageSettingsFile, packages: Sequence[ListedPackage]
) -> tuple[EntryBinding, ...]:
    before = settings_bindings.list_all(db)
    rebound = Rebinding(said=file.entries, listed=packages, before=before).result()
    settings_bindings.replace(db, before, rebound.bindings)
    told: dict[TroubleKind, set[str]] = {kind: set() for kind in TROUBLES_OF_SETTINGS.values()}
    for problem in rebound.problems:
        kind, about = TROUBLES_OF_SETTINGS[problem.kind], _about(problem)
        told[kind].add(about)
        ids = {"package": problem.package_id} if problem.package_id else {}
        why = ", ".join(f"“{each}”" for each in problem.entries)
        if troubles.open_one(db, kind, about, why=why, **ids):
            log.warning("package-settings-differ", reason=problem.kind, package=problem.package_id)
    for kind, about_those in told.items():
        troubles.close_all_but(db, kind, about_those)
    return rebound.bindings


def _about(problem: BindingProblem) -> str:
    if problem.package_id is not None:
        return problem.package_id
    place = f"{problem.section}: {', '.join(problem.entries)}"
    return hashlib.sha256(place.encode()).hexdigest()


def _policies(
    packages: Sequence[AccessPackage], whole: Mapping[str, AssignmentPolicy]
) -> list[AssignmentPolicy]:
    """Return the policies of the packages, as whole as they could be read."""
    return [
        whole.get(each.id, each) for package in packages for each in package.assignment_policies
    ]


def _asks_under(package: AccessPackage, policy_ids: Collection[str]) -> bool:
    """Tell whether one of these is a policy under which people ask for the package."""
    return any(
        each.id in policy_ids and eligibility.is_requestable(each)
        for each in package.assignment_policies
    )


def package_row(
    package: AccessPackage,
    *,
    slug: str,
    whole: Mapping[str, AssignmentPolicy],
    opens: tuple[Opening, ...] = (),
    hidden_by_default: bool = False,
) -> Package:
    """
    Return what the workspace offers of a package of Graph's.

    Args:
        whole: The policies that were read with their questions, by id.
        opens: What of it can be opened.
        hidden_by_default: Whoever asks does not see who decides, where a policy leaves that to the tenant.
    """
    now = clock.now()
    policies = eligibility.askable_policies(package, at=now)
    own = [each for each in policies if eligibility.lets_ask_for_oneself(each)] or policies
    periods = dict.fromkeys(policy_terms.lasts(each.expiration) for each in policies)
    return Package(
        id=package.id,
        slug=slug,
        name=package.display_name or slug,
        catalog=(package.catalog.display_name if package.catalog else None) or "",
        description=package.description or "",
        contents=policy_terms.contents(package),
        lasts=" or ".join(periods),
        can_be_asked_for=eligibility.is_offered(package, at=now),
        is_hidden=bool(package.is_hidden),
        # Only where every way in wants a reason: the one that applies is known when the person is.
        needs_reason=bool(own) and all(policy_terms.needs_reason(each) for each in own),
        needs_approval=any(
            policy_terms.stages_for(each, extending=False, always=False) for each in policies
        ),
        can_extend=tuple(
            sorted(
                each.id for each in package.assignment_policies if eligibility.is_extendable(each)
            )
        ),
        automatic=eligibility.automatic_policies(package),
        policies=offered(package, whole, at=now, hidden_by_default=hidden_by_default),
        opens=opens,
        other_policies=not_offered(package, at=now, hidden_by_default=hidden_by_default),
    )
