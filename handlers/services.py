"""Name the services that the handlers call."""

from dataclasses import dataclass

from bot.accounts.connecting import Connecting
from bot.approvals.delegations import DelegationService
from bot.approvals.questioning import QuestionService
from bot.approvals.review import ReviewCards
from bot.approvals.service import ApprovalService
from bot.approvals.signed import SignedApprovals
from bot.approvals.signed_delegations import SignedDelegations
from bot.assignments.lists import AssignmentLists
from bot.assignments.openings import AccessOpenings
from bot.assignments.service import AssignmentService
from bot.console.exports import Exports
from bot.console.views import ConsoleViews
from bot.drift.service import DriftService
from bot.emergencies.service import EmergencyService
from bot.people.guard import Guard
from bot.requests.asking.forms import RequestForms
from bot.requests.changes import RequestChanges
from bot.requests.lists import RequestLists
from bot.requests.removals import Removals
from bot.requests.service import RequestService


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that people can do from Slack, by subject."""

    guard: Guard
    requests: RequestService
    request_forms: RequestForms
    request_changes: RequestChanges
    request_lists: RequestLists
    approvals: ApprovalService
    questions: QuestionService
    assignments: AssignmentService
    assignment_lists: AssignmentLists
    openings: AccessOpenings
    console: ConsoleViews
    reviews: ReviewCards
    removals: Removals
    exports: Exports
    delegations: DelegationService
    accounts: Connecting
    drift: DriftService
    emergencies: EmergencyService
    signed_approvals: SignedApprovals
    signed_delegations: SignedDelegations
