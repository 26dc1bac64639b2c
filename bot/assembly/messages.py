"""Make what people are told by: messages that are owed, reminders, digests and the Home tab."""

from dataclasses import dataclass

from bot.assembly.outside import Outside
from bot.assembly.people import PeopleParts
from bot.notifications.accounts.account_news import AccountNews
from bot.notifications.accounts.account_requests import AccountRequests
from bot.notifications.accounts.second_accounts import SecondAccountNews
from bot.notifications.admins.digests import Digests
from bot.notifications.admins.drift_notices import DriftNews
from bot.notifications.admins.emergencies import EmergencyNotices
from bot.notifications.admins.trouble_notices import TroubleNews
from bot.notifications.announcing import Announcer
from bot.notifications.approvals.card_news import CardNews
from bot.notifications.approvals.click_answers import ClickAnswers
from bot.notifications.approvals.delegation_news import DelegationNews
from bot.notifications.approvals.late_replies import LateReplies
from bot.notifications.approvals.nudges import Nudges
from bot.notifications.approvals.question_news import QuestionNews
from bot.notifications.assignments.expiries import Ends
from bot.notifications.assignments.reminder_times import ReminderPlan
from bot.notifications.home import Homes
from bot.notifications.outbox import Sending
from bot.notifications.owed import Notices, Senders
from bot.notifications.redrawing import Redrawing
from bot.notifications.requests.outcome_news import OutcomeNews
from bot.packages.catalog import OfferedPackages
from graph.clouds import my_access_of


@dataclass(frozen=True, kw_only=True)
class MessageParts:
    """The parts that tell people something."""

    notices: Notices
    click_answers: ClickAnswers
    redrawing: Redrawing
    ends: Ends
    digests: Digests
    homes: Homes
    late_replies: LateReplies
    plan: ReminderPlan


def make_messages(outside: Outside, people: PeopleParts, offering: OfferedPackages) -> MessageParts:
    """Return the parts that tell people something."""
    settings, store, slack = outside.settings, outside.store, outside.slack
    package_settings, admin_channel = outside.package_settings, outside.admin_channel
    languages = people.languages
    sending = Sending(store=store, slack=slack, admin_channel=admin_channel, languages=languages)
    late_replies = LateReplies()
    plan = ReminderPlan(rungs=settings.reminder_rungs, package_settings=package_settings)
    announcer = Announcer(store=store, sending=sending, languages=languages)
    click_answers = ClickAnswers(
        store=store,
        slack=slack,
        late_replies=late_replies,
        languages=languages,
        my_access=my_access_of(settings.graph_url),
    )
    senders = Senders(
        click_answers=click_answers,
        cards=CardNews(
            store=store,
            sending=sending,
            announcer=announcer,
            package_settings=package_settings,
            admin_channel=admin_channel,
        ),
        outcomes=OutcomeNews(
            store=store,
            announcer=announcer,
            package_settings=package_settings,
            admin_channel=admin_channel,
            plan=plan,
        ),
        nudges=Nudges(
            store=store,
            sending=sending,
            zones=people.zones,
            package_settings=package_settings,
            admin_channel=admin_channel,
            admins_decide=settings.admins_decide == "always",
        ),
        emergencies=EmergencyNotices(
            store=store,
            sending=sending,
            package_settings=package_settings,
            admin_channel=admin_channel,
        ),
        delegations=DelegationNews(
            store=store,
            sending=sending,
            delegates=people.delegates,
            limits=package_settings.delegation_limits(),
        ),
        sign_ins=AccountNews(store=store, sending=sending),
        account_requests=AccountRequests(
            announcer=announcer, my_access=my_access_of(settings.graph_url)
        ),
        questions=QuestionNews(store=store, sending=sending),
        second_accounts=SecondAccountNews(
            store=store, announcer=announcer, admin_channel=admin_channel
        ),
        troubles=TroubleNews(store=store, announcer=announcer, admin_channel=admin_channel),
        drift=DriftNews(store=store, sending=sending, admin_channel=admin_channel),
    )
    return MessageParts(
        notices=Notices(
            store=store,
            slack=slack,
            sending=sending,
            languages=languages,
            admin_channel=admin_channel,
            senders=senders,
        ),
        click_answers=click_answers,
        redrawing=Redrawing(
            store=store,
            slack=slack,
            sending=sending,
            languages=languages,
            plan=plan,
            admin_channel=admin_channel,
        ),
        ends=Ends(store=store, slack=slack, sending=sending, plan=plan, languages=languages),
        digests=Digests(
            store=store,
            slack=slack,
            sending=sending,
            zones=people.zones,
            package_settings=package_settings,
            languages=languages,
            newer_blocks=settings.slack_blocks == "newer",
            kept=settings.retention.requests,
        ),
        homes=Homes(
            store=store,
            slack=slack,
            permissions=people.permissions,
            offering=offering,
            installation=outside.installation,
            languages=languages,
            offers_accounts=people.accounts.connecting.is_offered,
            limits=package_settings.delegation_limits(),
        ),
        late_replies=late_replies,
        plan=plan,
    )
