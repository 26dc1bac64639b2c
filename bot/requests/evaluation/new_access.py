"""Evaluate a request for access that somebody does not have yet."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot import clock
from bot.assignments.model import Assignment, AssignmentState
from bot.assignments.sightings import progress_of
from bot.assignments.store import assignments
from bot.database import Store
from bot.packages import eligibility, policy_terms
from bot.packages.eligibility import Refusal
from bot.packages.facts import allows_requests_for_others, is_request_for, read_case
from bot.packages.model import Terms
from bot.packages.offered_policies import offered_policy
from bot.packages.offers import find_wrong_dates
from bot.packages.settings.file import PackageSettingsFile
from bot.people.actors import Permissions
from bot.people.identity import Identity
from bot.requests.approver_defaults import ApproverDefaults
from bot.requests.evaluation.emergencies import EmergencyEvaluator
from bot.requests.evaluation.facts import RequestFacts
from bot.requests.evaluation.rules import (
    Evaluation,
    Refused,
    check_deciders,
    refused,
    with_settings,
)
from bot.requests.model import Kind, Request
from bot.requests.store import removals, request_lists
from bot.words import N_
from graph.models import AccessPackage, AssignmentPolicy

ONLY_FOR_ONESELF: Final = N_(
    "Microsoft Entra decides about that package, and there I can only pass on what people ask for themselves. "
    "Please have them ask, or ask in My Access."
)
ONLY_IN_MY_ACCESS: Final = N_(
    "Microsoft Entra decides about that package, and there I can only pass on what people ask for themselves. "
    "Please ask in My Access."
)


class NewAccessEvaluator:
    """Evaluates requests for access, by the package's policies and what the person has already."""

    def __init__(
        self,
        *,
        store: Store,
        permissions: Permissions,
        always_approve: bool,
        removed_for: timedelta,
        package_settings: PackageSettingsFile,
        emergencies: EmergencyEvaluator,
        approver_defaults: ApproverDefaults,
    ) -> None:
        """
        Args:
            always_approve: An admin approves where the policy wants no approval.
            removed_for: For so long an admin must agree before somebody gets back what an admin has removed.
        """
        self._store = store
        self._permissions = permissions
        self._always = always_approve
        self._removed_for = removed_for
        self._package_settings = package_settings
        self._emergencies = emergencies
        self._defaults = approver_defaults

    async def evaluate(
        self, request: Request, identity: Identity, package: AccessPackage, facts: RequestFacts
    ) -> Evaluation:
        """
        Return the terms under which the person would get the package.

        Raises:
            Refused: They may not have it.
        """
        if facts.asker is not None:
            facts.asker.check_package(package)
        # Of somebody else a sentence says who it is.
        whose = identity.person.entra_name if facts.asker else None
        known = await self._store.read(
            request_lists.known_to_have, identity.user.id, but=request.id
        )
        case = await read_case(
            facts, package, identity.user, known=known, is_asked_for=facts.asker is not None
        )
        agreed = request.terms.policy_id if request.terms else None
        admitted = eligibility.evaluate_request(
            case, wanted=request.wanted_policy_id, agreed=agreed
        )
        if isinstance(admitted, Refusal):
            raise refused(admitted, whose=whose)
        if facts.asker is not None:
            facts.asker.check_policy(admitted.policy)
        lacking = eligibility.find_missing_details(
            admitted, justification=request.justification, answers=request.answers
        )
        if lacking is not None:
            raise refused(lacking, whose=whose)
        if not request.emergency:
            # What is given in an emergency begins at once, and its end is ours.
            _check_dates(request, package, admitted.policy)
        _check_approved_end(request)
        terms = policy_terms.terms_of(
            package,
            admitted.policy,
            extending=False,
            always=self._always,
            hidden_by_default=await self._defaults.hides(
                [admitted.policy], readers=[identity.user]
            ),
            questions=admitted.questions,
            answers=request.answers,
            starts_at=request.starts_at,
            excluded=case.excluded,
            agreed=request.terms,
        )
        terms = with_settings(terms, self._package_settings, package, agreed=request.terms)
        if terms.entra_decides and request.is_on_behalf:
            may_ask = eligibility.lets_ask_for_oneself(admitted.policy)
            raise Refused(ONLY_FOR_ONESELF if may_ask else ONLY_IN_MY_ACCESS)
        terms = await self._after_a_removal(terms, request, identity)
        if facts.asker is not None:
            terms = replace(terms, asker=facts.asker.named)
        identified = replace(request, entra_id=identity.user.id, terms=terms)
        await check_deciders(self._permissions, identified, terms)
        ends_at = request.ends_at
        if request.emergency:
            terms, ends_at = await self._emergencies.evaluate(
                identified, identity, terms, admitted.policy, facts
            )
        return Evaluation(
            identity=identity,
            terms=terms,
            ends_at=ends_at,
            on_behalf=allows_requests_for_others(package),
        )

    async def _after_a_removal(self, terms: Terms, request: Request, identity: Identity) -> Terms:
        """Let an admin decide about what an admin has removed for a reason."""
        if not self._removed_for or terms.entra_decides:
            return terms
        # By when it was asked for: the terms must not change because days pass.
        removal = await self._store.read(
            removals.removal_of,
            identity.user.id,
            request.package_id,
            since=request.asked_at - self._removed_for,
        )
        return terms if removal is None else policy_terms.after_removal(terms, removal)

    async def check_no_existing_access(
        self, request: Request, evaluation: Evaluation, facts: RequestFacts
    ) -> None:
        """
        Insist that the person neither has the package nor has asked for it in Entra.

        Raises:
            Refused: They do, or have.
        """
        entra_id = evaluation.identity.user.id
        live = await facts.access_to(request.package_id, entra_id)
        if live:
            await self._store.run(
                assignments.save_live,
                Assignment(
                    id=live[0].id,
                    entra_id=entra_id,
                    package_id=request.package_id,
                    package_name=request.package_name,
                    policy_id=live[0].assignment_policy.id if live[0].assignment_policy else None,
                    state=AssignmentState.LIVE,
                    holder=request.wanted_for or request.holder,
                    holder_name=evaluation.identity.person.entra_name,
                    starts_at=live[0].schedule.start_date_time if live[0].schedule else None,
                    ends_at=live[0].ends_at(),
                    progress=progress_of(live[0]),
                ),
            )
            person = evaluation.identity.person.entra_name
            removal = await self._store.read(
                request_lists.open_of_user, entra_id, request.package_id, Kind.REMOVE
            )
            if removal is not None:
                raise Refused(
                    N_(
                        "{person} still has it, and it is being removed. Please ask again once it is gone."
                    ).format(person=person)
                    if request.is_on_behalf
                    else N_(
                        "You still have it, and it is being removed. Please ask again once it is gone."
                    )
                )
            raise Refused(
                N_("{person} has it already.").format(person=person)
                if request.is_on_behalf
                else N_("You have it already. /my-access shows until when.")
            )
        for other in await facts.open_requests(request.package_id):
            if other.is_partially_delivered:
                continue
            if is_request_for(other, entra_id, on_behalf=evaluation.on_behalf):
                raise Refused(
                    N_(
                        "It has been asked for in Entra already; that request is still under way there."
                    )
                    if request.is_on_behalf
                    else N_(
                        "You have already asked for it in Entra; that request is still under way there."
                    )
                )


def _check_approved_end(request: Request) -> None:
    """Insist that there is time left until the end that an approver has set."""
    end, now = request.approved_until, clock.now()
    if end is not None and end <= max(request.starts_at or now, now):
        raise Refused(
            N_(
                "It was approved for a shorter time, which is over before the access could begin. "
                "Please ask again."
            )
        )


def _check_dates(request: Request, package: AccessPackage, under: AssignmentPolicy) -> None:
    """Insist that the dates that were asked for are still within the policy."""
    if request.starts_at is None and request.ends_at is None:
        return
    now = clock.now()
    # While it waited for a decision its start may have passed: then it begins at once.
    start = request.starts_at if request.starts_at and request.starts_at > now else None
    wrong = find_wrong_dates(
        offered_policy(package, under), start=start, end=request.ends_at, now=now
    )
    if wrong:
        why = " ".join(dict.fromkeys(wrong.values()))
        raise Refused(
            N_("The dates that you asked for do not go. {why} Please ask again.").format(why=why)
        )
