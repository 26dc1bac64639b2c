"""Ask people to connect their Microsoft account, without which Entra cannot be asked in their name; and once more a day later."""

from datetime import timedelta
from functools import partial
from typing import Final

from bot import clock
from bot.messages import connecting
from bot.notifications.announcing import Announcer, count
from bot.notifications.model import Notice
from bot.notifications.outbox import nothing
from bot.notifications.outcome_notices import OwedNotice
from bot.requests.model import Request
from bot.requests.transitions import account_needed_by

REMIND_AFTER: Final = timedelta(days=1)


class AccountRequests:
    """Asks for the accounts that requests wait for."""

    def __init__(self, *, announcer: Announcer) -> None:
        self._announcer = announcer

    async def send(self, request: Request) -> int:
        """Ask whoever asked for something to connect their account, and remind them once."""
        return count(await self._announcer.announce(partial(notices_for, request), nothing))


def notices_for(request: Request) -> list[OwedNotice]:
    """Make what is owed about a request that waits for an account, once for each time that it does."""
    since = request.needs_account_at
    if since is None:
        return []
    until = account_needed_by(request, since)
    if since + REMIND_AFTER > clock.now() or until <= since + REMIND_AFTER:
        return [(_notice(request, "connect"), connecting.connect_to_ask(request))]
    return [(_notice(request, "connect-again"), connecting.connect_before(request, until))]


def _notice(request: Request, kind: str) -> Notice:
    since = request.needs_account_at
    key = f"{kind}:{request.id}:{since.timestamp() if since else 0:.0f}"
    return Notice(key=key, kind="connect", to=request.asked_by, request_id=request.id)
