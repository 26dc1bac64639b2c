"""
Tell people of what they do in Entra in their own name: which account that needs, once more a day later, and what is not canceled.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot import clock
from bot.database.audit_log.audit import LATCHKEY
from bot.messages.accounts import connecting
from bot.messages.assignments import blocked_removals
from bot.notifications.announcing import Announcer, count
from bot.notifications.model import Notice
from bot.notifications.outbox import nothing
from bot.notifications.outcome_notices import OwedNotice
from bot.requests.model import Kind, Request, State
from bot.requests.state_machine import account_needed_by

REMIND_AFTER: Final = timedelta(days=1)


class AccountRequests:
    """Tells whoever asked what their request in Entra waits for, and what is not canceled there."""

    def __init__(self, *, announcer: Announcer, my_access: str | None) -> None:
        self._announcer = announcer
        self._my_access = my_access

    async def send(self, request: Request) -> int:
        """Ask whoever asked for something to connect their account, and remind them once."""
        return count(
            await self._announcer.announce(partial(notices_for, request, self._my_access), nothing)
        )


def notices_for(request: Request, my_access: str | None = None) -> list[OwedNotice]:
    """Make what is owed about a request that waits for an account, or is not canceled, once for each time that it is so."""
    if request.not_canceled_why is not None and request.cancel_wanted_at is not None:
        notice = _notice(request, "not-canceled", request.cancel_wanted_at)
        return [(notice, connecting.not_canceled(request))]
    since = request.needs_account_at
    if since is None:
        return []
    if request.kind is Kind.REMOVE:
        # Once, however often it is tried: its key says nothing of when.
        key = f"removal-waits:{request.id}"
        notice = Notice(key=key, kind="connect", to=request.asked_by, request_id=request.id)
        is_told = request.asked_by != LATCHKEY
        return [(notice, blocked_removals.removal_waits(request))] if is_told else []
    if request.is_being_canceled:
        return [
            (
                _notice(request, "connect", since),
                connecting.connect_to_cancel(request, my_access=my_access),
            )
        ]
    if request.state is not State.APPROVED:
        # It is in Entra, and has begun since it was to be canceled there: nothing waits for an account any more.
        return []
    until = account_needed_by(request, since)
    if since + REMIND_AFTER > clock.now() or until <= since + REMIND_AFTER:
        return [(_notice(request, "connect", since), connecting.connect_to_ask(request))]
    return [(_notice(request, "connect-again", since), connecting.connect_before(request, until))]


def _notice(request: Request, kind: str, since: datetime) -> Notice:
    key = f"{kind}:{request.id}:{since.timestamp():.0f}"
    return Notice(key=key, kind="connect", to=request.asked_by, request_id=request.id)
