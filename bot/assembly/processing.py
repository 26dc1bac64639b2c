"""Make what works on requests: checks them, processes decisions, sends to Entra and confirms."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

from bot.approvals.admin_checks import AdminChecks
from bot.approvals.admins_left import AdminsLeft
from bot.approvals.in_entra import EntraApprovals
from bot.approvals.processing import DecisionProcessor
from bot.approvals.questioning import QuestionProcessor
from bot.approvals.recipients import Recipients
from bot.assembly.connections import connect_on_call
from bot.assembly.outside import Outside
from bot.assembly.people import PeopleParts
from bot.emergencies.processing import FindingProcessor
from bot.emergencies.reviewers import Reviewers
from bot.requests.evaluation.emergencies import EmergencyEvaluator
from bot.requests.evaluation.evaluator import RequestEvaluator
from bot.requests.evaluation.sign_ins import SignInRule
from bot.requests.holder_lists import HolderLists
from bot.requests.in_entra.canceling import EntraCanceler
from bot.requests.in_entra.confirmation import Delivery
from bot.requests.in_entra.following import EntraFollower
from bot.requests.in_entra.submission import Submitter


@dataclass(frozen=True, kw_only=True)
class ProcessingParts:
    """The parts that bring a request from one state to the next."""

    evaluator: RequestEvaluator
    recipients: Recipients
    decision_processor: DecisionProcessor
    admin_checks: AdminChecks
    question_processor: QuestionProcessor
    submitter: Submitter
    delivery: Delivery
    follower: EntraFollower
    canceler: EntraCanceler
    finding_processor: FindingProcessor
    reviewers: Reviewers


def make_processing(
    outside: Outside, people: PeopleParts, stack: AsyncExitStack
) -> ProcessingParts:
    """Return the parts that bring a request from one state to the next."""
    settings, store, graph, waits = outside.settings, outside.store, outside.graph, outside.waits
    permissions, home_team = people.permissions, outside.home_team
    tokens = people.accounts.tokens
    holders = HolderLists(graph)
    evaluator = RequestEvaluator(
        store=store,
        graph=graph,
        people=people.people,
        permissions=permissions,
        holders=holders,
        always_approve=settings.approval == "always",
        bounds=outside.bounds,
        removed_for=timedelta(days=settings.removed_days),
        emergencies=EmergencyEvaluator(
            store=store,
            package_settings=outside.package_settings,
            on_call=connect_on_call(settings, outside.machine, stack),
        ),
        waits=waits,
        package_settings=outside.package_settings,
    )
    recipients = Recipients(
        store=store,
        slack=outside.slack,
        people=people.people,
        approvers=people.approvers,
        delegates=people.delegates,
        admins_left=AdminsLeft(store=store, permissions=permissions),
        begin_anew_if_changed=evaluator.begin_anew_if_changed,
    )
    sign_ins = SignInRule(store=store, package_settings=outside.package_settings)
    decision_processor = DecisionProcessor(
        store=store,
        permissions=permissions,
        home_team=home_team,
        in_entra=EntraApprovals(graph=graph, tokens=tokens),
        sign_ins=sign_ins,
        find_refusal=evaluator.find_refusal,
        read_terms=evaluator.read_terms,
    )
    follower = EntraFollower(
        store=store,
        graph=graph,
        tokens=tokens,
        sign_ins=sign_ins,
        read_terms=evaluator.read_terms_again,
    )
    return ProcessingParts(
        evaluator=evaluator,
        recipients=recipients,
        decision_processor=decision_processor,
        admin_checks=AdminChecks(store=store, permissions=permissions),
        question_processor=QuestionProcessor(store=store, processor=decision_processor),
        submitter=Submitter(
            store=store, graph=graph, recheck=evaluator.recheck, tokens=tokens, waits=waits
        ),
        delivery=Delivery(
            store=store, graph=graph, holders=holders, follower=follower, waits=waits
        ),
        follower=follower,
        canceler=EntraCanceler(store=store, graph=graph, tokens=tokens, follower=follower),
        finding_processor=FindingProcessor(
            store=store, permissions=permissions, home_team=home_team
        ),
        reviewers=Reviewers(
            store=store,
            recipients=recipients,
            approvers=people.approvers,
            delegates=people.delegates,
        ),
    )
