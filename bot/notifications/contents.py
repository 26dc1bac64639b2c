"""Say what a message that was sent must say now, by its kind."""

from datetime import timedelta

from bot.approvals.store import recipients
from bot.assignments.store import assignments, troubles
from bot.database import Transaction
from bot.drift.store import mismatches
from bot.messages.admins import alarms, repairing
from bot.messages.approvals import card_threads
from bot.messages.assignments import endings
from bot.messages.blocks.parts import Message, message
from bot.notifications import outcome_notices
from bot.notifications.accounts import account_news
from bot.notifications.admins import drift_notices, emergencies, trouble_notices
from bot.notifications.approvals import delegation_news, nudges, question_news
from bot.notifications.approvals.card_contents import drawn
from bot.notifications.assignments.reminder_times import ReminderPlan
from bot.notifications.assignments.reminders import ReminderWords, end_key, overtaken
from bot.notifications.model import CARD, Notice
from bot.notifications.requests import given_for_others, progress
from bot.notifications.store import notices
from bot.packages.store import catalog
from bot.people.model import CONNECTED_ELSEWHERE
from bot.people.store import people
from bot.requests.model import Request, State
from bot.requests.store import holds, request_lists, requests
from bot.words import _


def content_of(
    db: Transaction, notice: Notice, plan: ReminderPlan, admin_channel: str
) -> Message | None:
    """Return what a sent message should say now."""
    if notice.kind == CARD and notice.request_id is not None:
        request = requests.find(db, notice.request_id)
        if request is None:
            return None
        if notice.dropped_why == recipients.WITHDRAWN:
            return card_threads.no_longer_asked()
        gave = request.state is State.DELIVERED and notice.to == admin_channel
        access = assignments.find(db, request.assignment_id or "") if gave else None
        return drawn(db, request, notice, admin_channel=admin_channel, access=access)
    if notice.kind == nudges.KIND:
        return nudges.content_of(db, notice)
    if notice.kind == emergencies.KIND:
        return emergencies.content_of(db, notice)
    if notice.kind == delegation_news.KIND:
        limits = plan.package_settings.delegation_limits()
        return delegation_news.content_of(db, notice, limits=limits)
    if notice.kind == account_news.KIND:
        return account_news.content_of(db, notice)
    if notice.kind == question_news.KIND:
        return question_news.content_of(db, notice)
    if notice.kind == progress.KIND:
        return progress.content_of(db, notice)
    if notice.kind == outcome_notices.FOR_OTHER:
        request = requests.find(db, notice.request_id or "")
        return outcome_notices.content_for_other(notice, request) if request else None
    if notice.kind == outcome_notices.GIVEN_FOR_OTHER:
        return given_for_others.content_of(db, notice, plan)
    if notice.kind == outcome_notices.ENDED_EXTENDING:
        request = requests.find(db, notice.request_id or "")
        access = assignments.find(db, notice.assignment_id or "")
        return endings.ended_while_extending(access, request) if access and request else None
    if notice.kind == outcome_notices.NOT_UNDERSTOOD and notice.request_id is not None:
        request = requests.find(db, notice.request_id)
        return alarms.not_understood(request, others=_others(db, request)) if request else None
    if notice.kind == notices.ON_HOLD:
        hold = holds.find(db, notice.key.removeprefix(f"{notices.ON_HOLD}:"))
        request = requests.find(db, hold.request_id) if hold else None
        return repairing.card(hold, request) if hold and request else None
    if notice.kind == troubles.NOTICE:
        trouble = troubles.find(db, notice.key.removeprefix(f"{troubles.NOTICE}:"))
        return (
            trouble_notices.card(trouble, trouble_notices.read_facts(db, trouble))
            if trouble
            else None
        )
    if notice.kind == mismatches.NOTICE:
        return drift_notices.content_of(db, notice)
    if notice.kind == "reminder" and notice.channel and notice.ts:
        known = people.known_as(db, notice.to)
        if known is not None and known.is_proven_elsewhere:
            # What becomes of it is for the account by which they have signed in since.
            return message(_(CONNECTED_ELSEWHERE))
        together = notices.in_message(db, channel=notice.channel, ts=notice.ts)
        ids = [each.assignment_id for each in together if each.assignment_id]
        rows = assignments.by_ids(db, ids)
        keys = [each.key for each in together]
        moved = [row.id for row in rows if not any(key.startswith(end_key(row)) for key in keys)]
        words = ReminderWords.read(
            db, ids, held_under=catalog.held_under(db, plan.package_settings)
        )
        return words.reminder(rows, moved=moved, overtaken=overtaken(db, rows, keys, plan))
    return None


def _others(db: Transaction, request: Request) -> int:
    """Count how many more requests of the same day were refused for the same package's rules."""
    day = (request.ended_at or request.updated_at).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    until = day + timedelta(days=1)
    return request_lists.count_not_understood(db, request.package_id, since=day, until=until) - 1
