"""Tell of emergencies: loudly when one begins, to those who review it until they have, and to the holder at the end."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from bot import clock
from bot.database import Store, Transaction
from bot.emergencies.model import Emergency, ReviewFinding
from bot.emergencies.store import emergencies, findings
from bot.messages.blocks.parts import Message
from bot.messages.emergencies import emergency as cards
from bot.messages.emergencies import emergency_review as words
from bot.notifications.model import Notice
from bot.notifications.outbox import Content, Sending
from bot.notifications.store import notices
from bot.packages.settings.file import PackageSettingsFile
from bot.requests.model import Request
from bot.requests.package_settings import settings_of
from bot.requests.store import requests

KIND: Final = emergencies.NOTICE
AGAIN: Final = timedelta(seconds=10)
# Once it is overdue, until it is closed; before that, once, when half of the time is over.
EVERY: Final = timedelta(days=1)


class EmergencyNotices:
    """Sends what is owed about emergencies, each once."""

    def __init__(
        self,
        *,
        store: Store,
        sending: Sending,
        package_settings: PackageSettingsFile,
        admin_channel: str,
    ) -> None:
        self._store = store
        self._sending = sending
        self._package_settings = package_settings
        self._admin_channel = admin_channel

    async def remind(self) -> int:
        """Note of which reviews somebody is to be reminded now; return of how many."""
        done = 0
        for each in await self._store.read(emergencies.to_remind):
            done += await self._store.run(_remind, each)
        return done

    async def send(self, emergency: Emergency) -> int:
        """Send all that is owed about one emergency; return how many messages went out."""
        request = await self._store.read(requests.get, emergency.request_id)
        owed = self._owed(emergency, request)
        sent = 0
        for notice, content in owed:
            sent += await self._sending.send([notice], content)
        keys = [notice.key for notice, _ in owed]
        done = await self._store.read(notices.finished_keys, keys)
        again = None if done == set(keys) else clock.real() + AGAIN
        await self._store.run(emergencies.schedule_news, emergency, news=again)
        return sent

    async def answer(self, said: ReviewFinding) -> int:
        """Tell somebody why what they said does not count."""
        request = await self._store.read(requests.get, said.request_id)
        notice = Notice(
            key=f"finding:{said.id}", kind="news", to=said.slack_user, request_id=request.id
        )
        sent = await self._sending.send([notice], lambda db: words.not_counted(said, request))
        done = await self._store.read(notices.finished_keys, [notice.key])
        again = None if done else clock.real() + AGAIN
        await self._store.run(findings.answered, said, again_at=again)
        return sent

    def _owed(self, emergency: Emergency, request: Request) -> Sequence[tuple[Notice, Content]]:
        channel = settings_of(request, self._package_settings).channel
        places = [channel or self._admin_channel]
        if emergency.escalated_at is not None:
            places.append(self._admin_channel)
        if emergency.is_open:
            # Who is asked only now, after it was closed, has nothing to do.
            places += emergency.reviewers
        owed: list[tuple[Notice, Content]] = [
            (_notice("emergency", request, to=to), _content_for(request.id))
            for to in dict.fromkeys(places)
        ]
        if emergency.is_open and emergency.reminders:
            told = dict.fromkeys((*emergency.reviewers, *places[:1], self._admin_channel))
            overdue = emergency.escalated_at is not None
            for to in told:
                if overdue or to in emergency.reviewers or to == places[0]:
                    key = f"review-reminder-{emergency.reminders}"
                    owed.append((_notice(key, request, to=to), _reminder_for(request.id)))
        if not emergency.is_open:
            closed = Notice(
                key=f"reviewed:{request.id}",
                kind="news",
                to=emergency.holder,
                request_id=request.id,
            )
            owed.append((closed, lambda db: cards.told_holder(emergency, request)))
        return owed


def content_of(db: Transaction, notice: Notice) -> Message | None:
    """Return what a sent message about an emergency says now."""
    return _content_for(notice.request_id or "")(db)


def _content_for(request_id: str) -> Callable[[Transaction], Message | None]:
    def content(db: Transaction) -> Message | None:
        emergency, request = emergencies.find(db, request_id), requests.find(db, request_id)
        if emergency is None or request is None:
            return None
        return cards.card(emergency, request, now=clock.now())

    return content


def _reminder_for(request_id: str) -> Callable[[Transaction], Message | None]:
    def content(db: Transaction) -> Message | None:
        emergency, request = emergencies.find(db, request_id), requests.find(db, request_id)
        if emergency is None or request is None or not emergency.is_open:
            return None
        return words.reminder(emergency, request, now=clock.now())

    return content


def _notice(prefix: str, request: Request, *, to: str) -> Notice:
    return Notice(key=f"{prefix}:{request.id}:{to}", kind=KIND, to=to, request_id=request.id)


def _remind(db: Transaction, emergency: Emergency) -> bool:
    request = requests.get(db, emergency.request_id)
    return emergencies.remind(db, emergency, request, next_at=_next_at(emergency, clock.now()))


def _next_at(emergency: Emergency, now: datetime) -> datetime:
    return emergency.review_by if now < emergency.review_by else now + EVERY
