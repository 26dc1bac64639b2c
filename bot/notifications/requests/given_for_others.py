"""Redraw the news of access that somebody asked for for another, once it ends or is being taken away."""

from bot.approvals.store import decisions
from bot.assignments.model import AssignmentState
from bot.assignments.store import assignments
from bot.database import Transaction
from bot.messages.blocks.parts import Message
from bot.messages.requests import on_behalf
from bot.notifications.assignments.reminder_times import ReminderPlan
from bot.notifications.assignments.reminders import will_remind
from bot.notifications.model import Notice
from bot.notifications.outcome_notices import given_for_other
from bot.packages.local_links import openings_of
from bot.packages.offers import lets_return
from bot.packages.store import catalog
from bot.requests.package_settings import settings_of
from bot.requests.store import requests


def content_of(db: Transaction, notice: Notice, plan: ReminderPlan) -> Message | None:
    """Return what the news of its delivery says now; None if nothing is known of the access."""
    request = requests.find(db, notice.request_id or "")
    access = assignments.find(db, request.assignment_id or "") if request else None
    if request is None or access is None:
        return None
    if access.state is AssignmentState.ENDED:
        return on_behalf.ended(request)
    package = catalog.find(db, request.package_id)
    return given_for_other(
        request,
        decisions.accepted_of(db, request),
        will_remind=will_remind(db, request, plan),
        note=settings_of(request, plan.package_settings).delivery_note,
        openings=openings_of(package, plan.package_settings) if package else (),
        may_return=access.state is AssignmentState.LIVE
        and lets_return(package.held_under if package else {}, access.policy_id),
    )
