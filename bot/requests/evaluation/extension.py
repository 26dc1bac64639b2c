"""Evaluate a request to extend access, by the policy of the assignment itself."""

from dataclasses import replace
from datetime import datetime

from bot import clock
from bot.packages import eligibility, policy_terms
from bot.packages.eligibility import Refusal
from bot.packages.facts import read_extension_case
from bot.packages.settings.file import PackageSettingsFile
from bot.people.actors import Permissions
from bot.people.identity import Identity
from bot.requests.approver_defaults import ApproverDefaults
from bot.requests.evaluation.rules import (
    AccessEnded,
    Evaluation,
    Refused,
    check_deciders,
    check_whose,
    refused,
    with_settings,
)
from bot.requests.model import Request
from bot.words import N_
from graph import Graph
from graph.errors import NotFound
from graph.models import AccessPackage, AccessPackageAssignment, AssignmentPolicy


class ExtensionEvaluator:
    """Evaluates requests to extend access."""

    def __init__(
        self,
        *,
        graph: Graph,
        permissions: Permissions,
        always_approve: bool,
        package_settings: PackageSettingsFile,
        approver_defaults: ApproverDefaults,
    ) -> None:
        self._package_settings = package_settings
        self._defaults = approver_defaults
        self._graph = graph
        self._permissions = permissions
        self._always = always_approve

    async def evaluate(
        self, request: Request, identity: Identity, package: AccessPackage
    ) -> Evaluation:
        """
        Return the terms and the end that the assignment would get.

        Raises:
            Refused: It cannot be extended.
        """
        assignment = await self._assignment(request, identity)
        case, under = await read_extension_case(self._graph, package, identity.user, assignment)
        admitted = eligibility.evaluate_extension(case, assignment, under)
        if isinstance(admitted, Refusal):
            raise refused(admitted)
        lacking = eligibility.find_missing_reason(admitted, justification=request.justification)
        if lacking is not None:
            raise refused(lacking)
        terms = policy_terms.terms_of(
            package,
            admitted.policy,
            extending=True,
            always=self._always,
            hidden_by_default=await self._defaults.hides(
                [admitted.policy], readers=[identity.user]
            ),
            questions=admitted.questions,
            agreed=request.terms,
        )
        terms = with_settings(terms, self._package_settings, package, agreed=request.terms)
        identified = replace(request, entra_id=identity.user.id)
        await check_deciders(self._permissions, identified, terms)
        # Once promised, the end stays: a request that waited for approval gets what was shown.  Under other
        # terms nothing was promised.
        is_as_agreed = request.terms_hash in (None, policy_terms.hash_of(terms))
        ends_at = _later_end(
            request, assignment, admitted.policy, promised=request.ends_at if is_as_agreed else None
        )
        return Evaluation(identity=identity, terms=terms, ends_at=ends_at)

    async def _assignment(self, request: Request, identity: Identity) -> AccessPackageAssignment:
        """
        Return the assignment that the request is about.

        Raises:
            AccessEnded: It has ended.
            Refused: It is not all there, or is somebody else's.
            NotClear: Graph does not say whose it is.
        """
        try:
            found = await self._graph.assignments.get(request.assignment_id or "")
        except NotFound:
            found = None
        if found is None or found.is_expired or found.is_failed:
            raise AccessEnded(N_("That access has already ended. You can ask for it again."))
        if not found.is_delivered:
            raise Refused(
                N_(
                    "Microsoft Entra is still at work on that access, so it cannot be extended just now. "
                    "Nothing has changed; please try again in an hour."
                )
            )
        check_whose(found, identity.user.id)
        return found


def _later_end(
    request: Request,
    assignment: AccessPackageAssignment,
    under: AssignmentPolicy,
    *,
    promised: datetime | None,
) -> datetime:
    current = assignment.ends_at()
    wanted = promised or policy_terms.extended_end(
        under.expiration, now=clock.now(), current=current
    )
    agreed = min((each for each in (wanted, request.approved_until) if each), default=None)
    # An earlier POST of ours may have brought the agreed end already; else it must be later than now.
    brought = request.intent_at is not None and agreed == current
    if wanted is None or agreed is None or current is None or (agreed <= current and not brought):
        raise Refused(N_("It cannot be made any longer than it is."))
    return wanted
