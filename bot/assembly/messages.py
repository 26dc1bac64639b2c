"""Make what people are told by: messages that are owed, reminders, digests and the Home tab."""

from dataclasses import dataclass

from bot.assembly.outside import Outside
from bot.assembly.people import PeopleParts
from bot.notifications.account_news import AccountNews
from bot.notifications.delegation_news import DelegationNews
from bot.notifications.digests import Digests
from bot.notifications.emergencies import EmergencyNotices
from bot.notifications.expiries import Ends
from bot.notifications.home import Homes
from bot.notifications.late_replies import LateReplies
from bot.notifications.nudges import Nudges
from bot.notifications.outbox import Sending
from bot.notifications.owed import Notices
from bot.notifications.question_news import QuestionNews
from bot.notifications.reminder_times import ReminderPlan
from bot.packages.catalog import OfferedPackages


@dataclass(frozen=True, kw_only=True)
class MessageParts:
    """The parts that tell people something."""

    notices: Notices
    ends: Ends
    digests: Digests
    homes: Homes
    late_replies: LateReplies


def make_messages(outside: Outside, people: PeopleParts, offering: OfferedPackages) -> MessageParts:
    """Return the parts that tell people something."""
    settings, store, slack = outside.settings, outside.store, outside.slack
    package_settings, admin_channel = outside.package_settings, outside.admin_channel
    languages = people.languages
    sending = Sending(store=store, slack=slack, admin_channel=admin_channel, languages=languages)
    late_replies = LateReplies()
    plan = ReminderPlan(rungs=settings.reminder_rungs, package_settings=package_settings)
    notices = Notices(
        store=store,
        slack=slack,
        sending=sending,
        admin_channel=admin_channel,
        plan=plan,
        package_settings=package_settings,
        late_replies=late_replies,
        languages=languages,
        account_news=AccountNews(store=store, sending=sending),
        emergency_notices=EmergencyNotices(
            store=store,
            sending=sending,
            package_settings=package_settings,
            admin_channel=admin_channel,
        ),
        delegation_news=DelegationNews(store=store, sending=sending, delegates=people.delegates),
        question_news=QuestionNews(store=store, sending=sending),
        nudges=Nudges(
            store=store,
            sending=sending,
            zones=people.zones,
            package_settings=package_settings,
            admin_channel=admin_channel,
            admins_decide=settings.admins_decide == "always",
        ),
    )
    return MessageParts(
        notices=notices,
        ends=Ends(store=store, slack=slack, sending=sending, plan=plan, languages=languages),
        digests=Digests(
            store=store,
            slack=slack,
            sending=sending,
            zones=people.zones,
            package_settings=package_settings,
            languages=languages,
            newer_blocks=settings.slack_blocks == "newer",
        ),
        homes=Homes(
            store=store,
            slack=slack,
            permissions=people.permissions,
            offering=offering,
            installation=outside.installation,
            languages=languages,
            offers_accounts=people.accounts.connecting.is_offered,
        ),
        late_replies=late_replies,
    )
