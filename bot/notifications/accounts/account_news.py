"""Tell those concerned how a sign-in to Microsoft ended: that an account is connected, or that it was somebody else's."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot import clock
from bot.accounts.model import SignIn, SignInOutcome
from bot.accounts.store import sign_ins
from bot.database import Store, Transaction
from bot.messages.accounts import connecting
from bot.messages.blocks.parts import Message
from bot.notifications.model import Notice
from bot.notifications.outbox import Sending
from bot.notifications.store import notices
from bot.people.store import people

KIND: Final = "account"
AGAIN: Final = timedelta(minutes=1)


class AccountNews:
    """Tells of sign-ins that have ended."""

    def __init__(self, *, store: Store, sending: Sending) -> None:
        self._store = store
        self._sending = sending

    async def send(self, sign_in: SignIn) -> int:
        """Tell those concerned; return how many messages went out."""
        owed = await self._store.read(_owed, sign_in)
        sent = 0
        for notice in owed:
            sent += await self._sending.send([notice], partial(content_of, notice=notice))
        keys = [notice.key for notice in owed]
        done = len(await self._store.read(notices.finished_keys, keys)) == len(keys)
        again_at: datetime | None = None if done else clock.real() + AGAIN
        await self._store.run(sign_ins.schedule_news, sign_in, news=again_at)
        return sent


def content_of(db: Transaction, notice: Notice) -> Message | None:
    """Return what a message about a sign-in says."""
    _, sign_in_id, to = notice.key.split(":")
    found = sign_ins.find(db, sign_in_id)
    if found is None:
        return None
    if found.outcome is SignInOutcome.CONNECTED:
        return connecting.connected()
    if found.outcome is SignInOutcome.MISMATCH:
        if to == found.slack_user:
            return connecting.mismatch(found.purpose)
        return connecting.used_by(found.slack_user, found.purpose)
    return None


def _owed(db: Transaction, sign_in: SignIn) -> list[Notice]:
    """Return who is to be told: whoever began it, and whose Microsoft account was signed in to, as far as we know them."""
    told = [sign_in.slack_user]
    if sign_in.other_entra_id is not None:
        told += [each.slack_user for each in people.for_entra_id(db, sign_in.other_entra_id)]
    return [Notice(key=f"{KIND}:{sign_in.id}:{to}", kind=KIND, to=to) for to in dict.fromkeys(told)]
