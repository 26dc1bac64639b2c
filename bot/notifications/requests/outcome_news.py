"""Tell everybody whom it concerns what became of a request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot import clock
from bot.approvals.model import Decision
from bot.approvals.store import decisions
from bot.assignments.model import ENDED_WITHOUT_US, Assignment, AssignmentState
from bot.assignments.store import assignments
from bot.assignments.transactions import holder_to_tell
from bot.database import Store, Transaction
from bot.messages.requests.asking_again import RefusalExplained
from bot.notifications.announcing import Announcer, count, when_unfinished
from bot.notifications.assignments.reminder_times import ReminderPlan
from bot.notifications.assignments.reminders import will_remind
from bot.notifications.model import Notice
from bot.notifications.outcome_notices import (
    NOT_UNDERSTOOD,
    OwedNotice,
    notices_for_begin,
    notices_for_request,
)
from bot.notifications.requests import card_threads
from bot.notifications.store import notices
from bot.packages.local_links import openings_of
from bot.packages.model import Package
from bot.packages.offers import lets_return
from bot.packages.opening import Opening
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.store import catalog
from bot.requests.model import Kind, Request, State
from bot.requests.package_settings import settings_of
from bot.requests.store import request_lists, requests
from bot.slack.rate_limits import Urgency

# What a removal comes to is looked at again so soon, for whoever wanted the access longer.
LOOK_AT_REMOVAL: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class _Ended:
    """
    A request that has ended, and what there is to say about it, read at one moment.

    Attributes:
        decided: The decisions that counted.
        cards: Its cards in channels.
        package: None: it is not known any more.
        other_account, kept, ended: As `notices_for_request` takes them.
        is_being_removed: The removal for which it was canceled, an extension, is still under way.
    """

    decided: Sequence[Decision]
    will_be_reminded: bool
    cards: Sequence[Notice]
    package: Package | None
    other_account: str | None
    ended: Assignment | None
    is_being_removed: bool
    kept: Assignment | None


class OutcomeNews:
    """Tells of requests that have ended."""

    def __init__(
        self,
        *,
        store: Store,
        announcer: Announcer,
        package_settings: PackageSettingsFile,
        admin_channel: str,
        plan: ReminderPlan,
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._package_settings = package_settings
        self._admin_channel = admin_channel
        self._plan = plan

    async def send(self, request: Request) -> int:
        """Tell everybody whom it concerns what became of a request, or from when on they have what it asks for."""
        if request.is_open:
            return await self._say_when_it_begins(request)
        read = await self._store.read(_read, request, self._plan)
        settings = settings_of(request, self._package_settings)
        openings = self._openings(request, read.package)
        held_under = read.package.held_under if read.package else {}
        policy_id = request.terms.policy_id if request.terms else None
        explained = self._explained(request, read.package, channel=settings.channel)

        def make() -> list[OwedNotice]:
            owed = notices_for_request(
                request,
                decided=read.decided,
                admin_channel=self._admin_channel,
                will_remind=read.will_be_reminded,
                delivery_note=settings.delivery_note,
                openings=openings,
                may_return=lets_return(held_under, policy_id),
                explained=explained,
                is_offered=read.package is not None and read.package.can_be_asked_for,
                other_account=read.other_account,
                kept=read.kept,
                ended=read.ended,
            )
            return owed + card_threads.ending_replies(request, read.decided, read.cards)

        keys = [notice.key for notice, _ in make()]
        sent = await self._announcer.announce(
            make,
            lambda db: _close_outcome(db, request, keys, is_being_removed=read.is_being_removed),
            Urgency.SOON,
        )
        for notice, is_sent in sent:
            if notice.kind == NOT_UNDERSTOOD and not is_sent:
                # Said today already: it counts this one, too.
                await self._store.run(notices.mark_stale, notice.key)
        return count(sent)

    async def _say_when_it_begins(self, request: Request) -> int:
        counted = await self._store.read(decisions.accepted_of, request)

        def make() -> list[OwedNotice]:
            return notices_for_begin(request, counted)

        keys = [notice.key for notice, _ in make()]
        sent = await self._announcer.announce(
            make,
            lambda db: requests.schedule_notices(db, request, news=when_unfinished(db, keys)),
            Urgency.SOON,
        )
        return count(sent)

    def _openings(self, request: Request, package: Package | None) -> tuple[Opening, ...]:
        """Return what whoever has got access can open; nothing where that is not what has happened."""
        is_given = request.state is State.DELIVERED and request.kind is Kind.ADD
        return openings_of(package, self._package_settings) if package and is_given else ()

    def _explained(
        self, request: Request, package: Package | None, *, channel: str | None
    ) -> RefusalExplained | None:
        """Return what there is to say about a refusal besides its reason; None where nobody has to be helped."""
        if request.state is not State.REFUSED or request.kind is Kind.REMOVE:
            return None
        return RefusalExplained.about(request, package, channel=channel or self._admin_channel)


def _read(db: Transaction, request: Request, plan: ReminderPlan) -> _Ended:
    is_being_removed, kept = _after_removal(db, request)
    return _Ended(
        decided=decisions.accepted_of(db, request),
        will_be_reminded=will_remind(db, request, plan),
        cards=notices.cards_in_channels(db, request.id),
        package=catalog.find(db, request.package_id),
        other_account=_other_account(db, request),
        ended=_ended_without_us(db, request),
        is_being_removed=is_being_removed,
        kept=kept,
    )


def _other_account(db: Transaction, request: Request) -> str | None:
    """Return where messages about access went that its holder has given back by another Slack account; None if by that one."""
    if not request.is_given_back or request.state is not State.DELIVERED:
        return None
    if _ended_without_us(db, request) is not None:
        return None
    row = assignments.find(db, request.assignment_id or "")
    told = holder_to_tell(db, row) if row is not None else None
    return told if told != request.holder else None


def _ended_without_us(db: Transaction, request: Request) -> Assignment | None:
    """Return the access that a removal was to end if it had ended already; None if it had not."""
    if request.kind is not Kind.REMOVE or request.state is not State.DELIVERED:
        return None
    row = assignments.find(db, request.assignment_id or "")
    return row if row is not None and row.ended_why in ENDED_WITHOUT_US else None


def _after_removal(db: Transaction, request: Request) -> tuple[bool, Assignment | None]:
    """
    Return how it stands with the removal for which an extension was canceled; (False, None) for all else.

    That is whether it is still under way, and the access that is there although it is not.
    """
    if not request.is_canceled_for_removal or request.assignment_id is None:
        return False, None
    if request_lists.being_removed(db, [request.assignment_id]):
        return True, None
    row = assignments.find(db, request.assignment_id)
    if row is None or row.state is not AssignmentState.LIVE:
        return False, None
    # What has run out meanwhile is not there either; the sync may not have seen that yet.
    has_run_out = row.ends_at is not None and row.ends_at <= clock.now()
    return False, None if has_run_out else row


def _close_outcome(
    db: Transaction, request: Request, keys: Sequence[str], *, is_being_removed: bool
) -> None:
    news = when_unfinished(db, keys)
    if is_being_removed and news is None:
        # Whoever wanted it longer hears of a removal that comes to nothing.
        news = clock.real() + LOOK_AT_REMOVAL
    requests.schedule_notices(db, request, news=news)
