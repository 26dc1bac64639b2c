"""
Nudge those who have not decided, and escalate what nobody decides.

What is due is worked out from the row of the request, the package's settings and what was sent already; no timer runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

import structlog

from bot import clock
from bot.approvals.model import has_voice
from bot.approvals.store import approver_questions, decisions, recipients
from bot.database import Store, Transaction
from bot.messages.approvals import approval_card, nudging
from bot.messages.approvals.card_threads import no_longer_asked
from bot.messages.blocks.parts import Message, in_thread, message
from bot.notifications.approvals.nudge_times import Reader, moment_to_nudge, occasions
from bot.notifications.model import Notice, Occasion, is_channel
from bot.notifications.outbox import Content, Sending
from bot.notifications.requests.card_threads import REPLY
from bot.notifications.store import notices
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.settings.model import PackageSettings
from bot.requests.model import Request, State
from bot.requests.package_settings import settings_of
from bot.requests.store import current_stage, request_lists, requests
from bot.slack.errors import SlackError
from bot.slack.rate_limits import Urgency
from bot.slack.zones import Zones

log = structlog.get_logger(__name__)

KIND: Final = "nudge"
# In business time, as all of this.
LEASE: Final = timedelta(minutes=5)
AT_ONCE: Final = 50
AGAIN: Final = timedelta(minutes=1)
# Somebody may have joined, or moved; or their card is still on its way.
LOOK_AGAIN: Final = timedelta(hours=1)
LOOK_AGAIN_FOR_CARDS: Final = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class PlannedNudge:
    """
    List what one place is to be told now, in one message.

    Attributes:
        notices: Those that it settles, the one that says why last.
    """

    notices: tuple[Notice, ...]
    content: Content


class Nudges:
    """Sends nudges; each once, from however many replicas."""

    def __init__(
        self,
        *,
        store: Store,
        sending: Sending,
        zones: Zones,
        package_settings: PackageSettingsFile,
        admin_channel: str,
        admins_decide: bool,
    ) -> None:
        """
        Make the sender of nudges.

        Args:
            admins_decide: An admin may decide any request, so that what nobody decides is shown to the admins.
        """
        self._store = store
        self._sending = sending
        self._zones = zones
        self._package_settings = package_settings
        self._admin_channel = admin_channel
        self._admins_decide = admins_decide

    async def claim(self) -> list[Request]:
        """Take the requests of which somebody may have to be nudged."""
        return await self._store.run(request_lists.claim_nudges, lease=LEASE, limit=AT_ONCE)

    async def send(self, request: Request) -> int:
        """Nudge whoever is due to be about a request, and say when to look again; return how many messages went out."""
        settings = settings_of(request, self._package_settings)
        if await self._escalate(request, settings):
            # Whom to ask is found anew; the row has been changed.
            return 0
        try:
            planned, again_at = await self._plan(request, settings, now=clock.now())
        except SlackError as error:
            log.warning("nudge-postponed", request=request.id, slack=str(error))
            planned, again_at = [], clock.now() + AGAIN
        sent = 0
        for each in planned:
            sent += await self._sending.send(each.notices, each.content, urgency=Urgency.SOON)
        keys = [notice.key for each in planned for notice in each.notices]
        if len(await self._store.read(notices.finished_keys, keys)) < len(keys):
            again_at = clock.now() + AGAIN
        await self._store.run(current_stage.schedule_nudge, request, at=again_at)
        return sent

    async def _escalate(self, request: Request, settings: PackageSettings) -> bool:
        """Let the policy's own alternate approvers decide, if it has some and their time has come; True if done now."""
        if not _has_alternates(request) or request.escalated:
            return False
        due = _escalates_at(request, settings)
        if due is None or due > clock.now():
            return False
        done = await self._store.run(current_stage.escalate, request)
        await self._store.run(current_stage.schedule_nudge, request, at=clock.now() + AGAIN)
        return done

    async def _plan(
        self, request: Request, settings: PackageSettings, *, now: datetime
    ) -> tuple[list[PlannedNudge], datetime]:
        """Return what is to be sent now, and when there may be more."""
        escalates_at = _escalates_at(request, settings)
        if _has_alternates(request) or self._admins_decide:
            # They are told instead of those who were asked.
            settings = replace(settings, escalate_after=None)
        else:
            escalates_at = None
        planned, later = [], [now + LOOK_AGAIN]
        places, is_incomplete = await self._store.read(_places, request)
        if is_incomplete:
            later.append(now + LOOK_AGAIN_FOR_CARDS)
        for place, asked_at in places.items():
            reader = await self._reader(place, asked_at, settings)
            due = {}
            for occasion, moment in occasions(request, settings, reader).items():
                at = moment_to_nudge(moment, reader, deadline=request.lapses_at, now=now)
                if at is not None and at <= now:
                    due[occasion] = _notice(request, occasion, to=place)
                elif at is not None:
                    later.append(at)
            planned += await self._unsent(request, due.values())
        if (
            told := await self._store.read(_owed_about_nobody, request, self._admin_channel)
        ) is not None:
            planned += await self._unsent(request, [told])
        if escalates_at is not None and escalates_at <= now:
            if not _has_alternates(request):
                told = _notice(request, Occasion.ESCALATION, to=self._admin_channel)
                planned += await self._unsent(request, [told])
        elif escalates_at is not None:
            later.append(escalates_at)
        return planned, min(later)

    async def _reader(self, place: str, asked_at: datetime, settings: PackageSettings) -> Reader:
        if is_channel(place):
            return Reader(asked_at=asked_at, zone=UTC, quiet=None)
        zone = await self._zones.find(place)
        return Reader(asked_at=asked_at, zone=zone, quiet=settings.quiet_hours)

    async def _unsent(self, request: Request, due: Iterable[Notice]) -> list[PlannedNudge]:
        wanted = list(due)
        finished = await self._store.read(notices.finished_keys, [notice.key for notice in wanted])
        left = tuple(notice for notice in wanted if notice.key not in finished)
        if not left:
            return []
        say = left[-1]

        def content(db: Transaction) -> Message | None:
            return _first_content(db, request, say)

        return [PlannedNudge(notices=left, content=content)]


def content_of(db: Transaction, notice: Notice) -> Message | None:
    """Return what a nudge that was sent should say now."""
    request = requests.find(db, notice.request_id or "")
    if request is None:
        return None
    is_current = notice.key.startswith(_prefix(request))
    if is_current and request.state is State.PENDING and not _is_asked(request, notice.to):
        counted = decisions.accepted_of(db, request)
        if has_voice(counted, request.stage, notice.to):
            questions = approver_questions.accepted_of(db, request.id)
            return approval_card.card(request, counted, questions=questions, reader=notice.to)
        return no_longer_asked()
    return _drawn(db, request, notice, is_current=is_current)


def _first_content(db: Transaction, request: Request, notice: Notice) -> Message | None:
    """Return what a nudge says when it is sent; None if nothing waits for its reader any more."""
    now = requests.find(db, request.id)
    if now is None or now.state is not State.PENDING or now.ask_id != request.ask_id:
        return None
    if not _is_asked(now, notice.to):
        return None
    if notice.kind != REPLY:
        return _drawn(db, now, notice, is_current=True)
    said = _said_in_channel(now, _occasion(notice))
    if said is None:
        return None
    for card in notices.cards_in_channels(db, now.id):
        if card.to == notice.to and card.ts:
            return in_thread(message(said), card.ts)
    return nudging.with_card(
        said,
        now,
        decisions.accepted_of(db, now),
        questions=approver_questions.accepted_of(db, now.id),
        reader=None,
    )


def _said_in_channel(request: Request, occasion: Occasion) -> str | None:
    """Return what is said below a channel's card; None if it is not so any more."""
    if occasion is Occasion.NOBODY:
        return nudging.nobody_left() if request.nobody_left else None
    if occasion is Occasion.SOMEBODY:
        return None if request.nobody_left else nudging.somebody_again()
    if occasion is Occasion.ESCALATION:
        return nudging.escalated(request)
    return nudging.waits(request)


def _drawn(db: Transaction, request: Request, notice: Notice, *, is_current: bool) -> Message:
    return nudging.nudge(
        request,
        decisions.accepted_of(db, request),
        questions=approver_questions.accepted_of(db, request.id),
        occasion=_occasion(notice),
        reader=None if is_channel(notice.to) else notice.to,
        asked=is_current,
    )


def _is_asked(request: Request, place: str) -> bool:
    return is_channel(place) or place in request.deciders


def _places(db: Transaction, request: Request) -> tuple[dict[str, datetime], bool]:
    """
    Return where to nudge: those who have not decided this stage and have its card, each with when it came; or else its channels.

    Beside that, whether somebody's card is still on its way.
    """
    counted = [each for each in decisions.accepted_of(db, request) if each.stage == request.stage]
    done = {who for each in counted for who in (each.slack_user, each.for_user)}
    left = {
        recipients.card_key(request, each): each for each in request.deciders if each not in done
    }
    if request.deciders:
        sent = notices.sent_at(db, list(left))
        return {left[key]: at for key, at in sent.items()}, len(sent) < len(left)
    since = request.waits_since or request.updated_at
    cards = notices.cards_in_channels(db, request.id)
    return {card.to: since for card in cards}, True


def _owed_about_nobody(db: Transaction, request: Request, to: str) -> Notice | None:
    """
    Return what the admins are to be told: that nobody is left who can decide, or that somebody is again; None: nothing new.

    Each time has keys of its own: it may be so, and over, more than once.
    """

    def notice(occasion: Occasion, number: int) -> Notice:
        return _notice(request, occasion, to=to, once=f":{number}" if number else "")

    known = notices.finished_about(db, request.id)
    times = next(each for each in count() if notice(Occasion.NOBODY, each).key not in known)
    last = times - 1
    are_told = (
        times > 0
        and known[notice(Occasion.NOBODY, last).key]
        and notice(Occasion.SOMEBODY, last).key not in known
    )
    if are_told == request.nobody_left:
        return None
    return notice(Occasion.SOMEBODY, last) if are_told else notice(Occasion.NOBODY, times)


def _has_alternates(request: Request) -> bool:
    stage = request.current_stage
    return stage is not None and bool(stage.escalation or stage.fallback_escalation)


def _escalates_at(request: Request, settings: PackageSettings) -> datetime | None:
    """Return when the package's settings escalate the current stage."""
    if settings.escalate_after is None or request.escalated or request.entra_decides:
        return None
    return (request.waits_since or request.updated_at) + settings.escalate_after


def _prefix(request: Request) -> str:
    return f"nudge:{request.ask_id}:"


def _notice(request: Request, occasion: Occasion, *, to: str, once: str = "") -> Notice:
    """Return the notice of a nudge: once for each occasion, stage and reader; of reminders, once for each."""
    if occasion is Occasion.REMIND and request.reminded_at is not None:
        once = f":{request.reminded_at:%Y%m%dT%H%M%S}"
    return Notice(
        key=f"{_prefix(request)}{occasion}{once}:{to}",
        kind=REPLY if is_channel(to) else KIND,
        to=to,
        request_id=request.id,
    )


def _occasion(notice: Notice) -> Occasion:
    return Occasion(notice.key.split(":")[2])
