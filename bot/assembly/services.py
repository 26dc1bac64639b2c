"""Make what handlers call: one service for each thing that people do in Slack."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import handlers
from bot.approvals.delegations import DelegationService
from bot.approvals.questioning import QuestionService
from bot.approvals.reach import DelegationReach
from bot.approvals.review import ReviewCards
from bot.approvals.service import ApprovalService
from bot.approvals.signed import SignedApprovals
from bot.approvals.signed_delegations import SignedDelegations
from bot.assembly.messages import MessageParts
from bot.assembly.outside import Outside
from bot.assembly.people import PeopleParts
from bot.assembly.processing import ProcessingParts
from bot.assignments.lists import AssignmentLists
from bot.assignments.openings import AccessOpenings
from bot.assignments.search import PersonSearch
from bot.assignments.service import AssignmentService
from bot.console.exports import Exports
from bot.console.views import ConsoleViews
from bot.drift.service import DriftService
from bot.emergencies.service import EmergencyService
from bot.notifications.assignments import reminders
from bot.packages.catalog import OfferedPackages
from bot.requests.asking.forms import RequestForms
from bot.requests.asking.policy_choice import FormPolicyFinder
from bot.requests.changes import RequestChanges
from bot.requests.lists import RequestLists
from bot.requests.removals import Removals
from bot.requests.service import RequestService


def make_services(
    outside: Outside,
    people: PeopleParts,
    messages: MessageParts,
    processing: ProcessingParts,
    offering: OfferedPackages,
    wake: Callable[[], None],
) -> handlers.Services:
    """
    Return what handlers call.

    Args:
        wake: Has the jobs look at once for what a service has written.
    """
    settings, store, slack, graph = outside.settings, outside.store, outside.slack, outside.graph
    guard, permissions, accounts = people.guard, people.permissions, people.accounts
    limits = outside.package_settings.delegation_limits()
    request_lists = RequestLists(
        store=store,
        guard=guard,
        offering=offering,
        are_whole=not outside.package_settings.entra_decides(),
        kept=settings.retention.requests,
    )
    assignment_lists = AssignmentLists(
        store=store,
        guard=guard,
        whom=PersonSearch(
            store=store, slack=slack, graph=graph, people=people.people, bounds=outside.bounds
        ),
        offering=offering,
    )
    drift = DriftService(store=store, guard=guard, wake=wake)
    return handlers.Services(
        drift=drift,
        guard=guard,
        requests=RequestService(
            store=store,
            guard=guard,
            offering=offering,
            wake=wake,
            asks_an_hour=settings.asks_an_hour,
            package_settings=outside.package_settings,
            removed_for=timedelta(days=settings.removed_days),
        ),
        request_forms=RequestForms(
            store=store,
            guard=guard,
            policy_finder=FormPolicyFinder(slack=slack, graph=graph, people=people.people),
            offering=offering,
            package_settings=outside.package_settings,
            help_channel=outside.admin_channel,
            removed_for=timedelta(days=settings.removed_days),
        ),
        request_changes=RequestChanges(
            store=store, guard=guard, wake=wake, package_settings=outside.package_settings
        ),
        request_lists=request_lists,
        accounts=accounts.connecting,
        signed_approvals=SignedApprovals(store=store, browsers=accounts.browsers, wake=wake),
        delegations=DelegationService(
            store=store,
            guard=guard,
            permissions=permissions,
            zones=people.zones,
            wake=wake,
            reach=DelegationReach(
                store=store,
                graph=graph,
                people=people.people,
                package_settings=outside.package_settings,
            ),
            limits=limits,
        ),
        signed_delegations=SignedDelegations(
            store=store,
            guard=guard,
            browsers=accounts.browsers,
            people=people.people,
            contexts=limits.contexts,
            wake=wake,
        ),
        approvals=ApprovalService(
            store=store,
            processor=processing.decision_processor,
            wake=wake,
            late_replies=messages.late_replies,
        ),
        questions=QuestionService(
            store=store, guard=guard, processor=processing.question_processor, wake=wake
        ),
        assignments=AssignmentService(
            store=store,
            guard=guard,
            wake=wake,
            is_reminder_to_come=partial(reminders.is_to_come, plan=messages.plan),
        ),
        emergencies=EmergencyService(
            store=store, guard=guard, processor=processing.finding_processor, wake=wake
        ),
        assignment_lists=assignment_lists,
        openings=AccessOpenings(offering=offering),
        exports=Exports(store=store, slack=slack, permissions=permissions, guard=guard),
        removals=Removals(store=store, guard=guard, offering=offering, wake=wake),
        reviews=ReviewCards(store=store, guard=guard, processor=processing.decision_processor),
        console=ConsoleViews(
            store=store,
            guard=guard,
            requests=request_lists,
            assignments=assignment_lists,
            drift=drift,
            offering=offering,
        ),
    )
