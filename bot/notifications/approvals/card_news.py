"""Send the cards of pending requests, and what is said while a request waits for a decision."""

from collections.abc import Callable, Sequence
from functools import partial

from bot.approvals.store import recipients
from bot.database import Store, Transaction
from bot.messages.blocks.parts import Message
from bot.notifications.announcing import Announcer, count, when_unfinished
from bot.notifications.approvals.card_contents import drawn
from bot.notifications.model import CARD, Notice
from bot.notifications.outbox import Close, Sending
from bot.notifications.outcome_notices import notices_while_pending
from bot.notifications.requests import card_threads, progress
from bot.notifications.store import notices
from bot.packages.settings.file import PackageSettingsFile
from bot.requests.model import Request, State
from bot.requests.package_settings import settings_of
from bot.requests.store import requests


class CardNews:
    """Tells those who decide, and whoever asked, of a pending request."""

    def __init__(
        self,
        *,
        store: Store,
        sending: Sending,
        announcer: Announcer,
        package_settings: PackageSettingsFile,
        admin_channel: str,
    ) -> None:
        self._store = store
        self._sending = sending
        self._announcer = announcer
        self._package_settings = package_settings
        self._admin_channel = admin_channel

    def asked(self, request: Request) -> list[str]:
        """
        Return where the cards about *request* go: its channel, and those who decide.

        What only an admin can decide is shown in the admins' channel, too.
        """
        channels = [settings_of(request, self._package_settings).channel or self._admin_channel]
        if _needs_admin(request):
            channels.append(self._admin_channel)
        return list(dict.fromkeys((*channels, *request.deciders)))

    async def send_card(self, request: Request, card: Notice) -> bool:
        def content(db: Transaction) -> Message | None:
            now = requests.find(db, request.id)
            if (
                now is None
                or now.state is not State.PENDING
                or not recipients.asks_about(now, card)
            ):
                # Decided on another card, while this one waited: there is nothing left for them to decide.
                return None
            # A card that comes only now says itself what is decided.
            notices.supersede(db, card_threads.step_replies(now, [card.to]))
            return drawn(db, now, card, admin_channel=self._admin_channel)

        return await self._sending.send([card], content, close=self._closing_cards(request))

    async def send_step_reply(self, request: Request, reply: Notice) -> bool:
        """Say below the card of a channel that the next stage is there, once that card is."""
        card = await self._store.read(notices.find, recipients.card_key(request, reply.to))
        if card is None or not card.is_finished:
            # It is on its way, or the channel takes none; either is tried again.
            return False

        def content(db: Transaction) -> Message | None:
            return card_threads.step_reply(db, reply, request)

        return await self._sending.send([reply], content, close=self._closing_cards(request))

    async def send_progress(self, request: Request, notice: Notice) -> bool:
        """Tell whoever asked that a step is approved, and for whom it waits now."""

        def content(db: Transaction) -> Message | None:
            return progress.first_content(db, notice)

        return await self._sending.send([notice], content, close=self._closing_cards(request))

    async def send_while_pending(self, request: Request) -> int:
        make = partial(notices_while_pending, request)
        return count(await self._announcer.announce(make, self._closing_cards(request)))

    def _closing_cards(self, request: Request) -> Close:
        also = [notice.key for notice, _ in notices_while_pending(request)]
        return lambda db: _close_cards(db, request, self.asked, also)


def _close_cards(
    db: Transaction,
    request: Request,
    asked: Callable[[Request], Sequence[str]],
    also: Sequence[str],
) -> None:
    """Note that nothing is owed any more if everybody has a card who is asked by now; somebody may have joined."""
    now = recipients.locked(db, request)
    if now.version == request.version:
        places = asked(now)
        keys = [recipients.card_key(now, to) for to in places]
        keys += [reply.key for reply in card_threads.step_replies(now, places)]
        progressed = progress.progress_notice(now)
        if progressed is not None:
            keys.append(progressed.key)
        requests.schedule_notices(db, request, cards=when_unfinished(db, [*keys, *also]))


def card_for(request: Request, to: str) -> Notice:
    """Return the card about *request* that *to* is owed."""
    return Notice(key=recipients.card_key(request, to), kind=CARD, to=to, request_id=request.id)


def _needs_admin(request: Request) -> bool:
    """Tell whether nobody but an admin can decide: the stage names nobody, or is the admins' own after a removal."""
    stage = request.current_stage
    return request.unnamed or (stage is not None and stage.is_admins_own)
