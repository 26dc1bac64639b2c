"""Run what somebody asked for if they may do it, and write down in the audit log if they may not."""

import asyncio
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from bot.database import Busy, Store, Transaction
from bot.database.replicas import deduplication
from bot.errors import NotAllowed, SeenBefore
from bot.patience import in_time
from bot.people.actors import Permissions
from bot.people.interaction_audit import record_refusal
from bot.people.model import Verb
from bot.people.permissions import may
from bot.requests.model import Request
from bot.slack.errors import SlackError
from bot.timing import EARLY_SECONDS
from graph.errors import GraphError

P = ParamSpec("P")
R = TypeVar("R")


class Guard:
    """
    Stand before every operation that not everybody may do; nothing remote.

    The keys here tell one command or click from every other.
    """

    def __init__(self, *, store: Store, permissions: Permissions) -> None:
        self._store = store
        self._permissions = permissions

    async def is_new(self, key: str) -> bool:
        """Note that something came in; False if it has come in before."""
        return await self._store.run(deduplication.is_new, key)

    async def note(self, key: str | None, *, again: bool = False) -> None:
        """
        Note that something came in; None if it has been noted already.

        Raises:
            SeenBefore: It came in before; unless it may have been noted *again*.
        """
        if key is not None and not await self.is_new(key) and not again:
            raise SeenBefore

    def is_admin(self, slack_user: str) -> bool:
        """Return True for an admin, by what was read lately."""
        return self._permissions.is_known_admin(slack_user)

    def may_admins_decide(self, request: Request) -> bool:
        """Tell whether admins may decide a request, by what is known here; for what they are shown, not for their right."""
        return not request.entra_decides and self._permissions.may_admins_decide(request)

    def may_admins_always_decide(self, request: Request) -> bool:
        """Tell whether admins may decide a request, whomever its policy names."""
        return not request.entra_decides and self._permissions.may_admins_always_decide(request)

    async def check_admin(
        self, slack_user: str, about_id: str | None = None, *, key: str | None = None
    ) -> None:
        """
        Insist on an admin, by what was read lately.

        Args:
            about_id: What their button named.
            key: Noted with a refusal, unless it has been noted already.

        Raises:
            NotAllowed: Not an admin.
            SeenBefore: They were refused, and this has come in before.
        """
        try:
            self._permissions.check_may_list(slack_user)
        except NotAllowed as refused:
            await self._store.run(record_refusal, slack_user, about_id, str(refused), key)
            raise

    async def find_reason_against(
        self, slack_user: str, verb: Verb, *, seconds: float = EARLY_SECONDS
    ) -> str | None:
        """
        Return why somebody may not do what only admins may; None if they may, or that is not known within *seconds*.

        Reads Slack and Entra: for after the answer to Slack, never before it.  Nothing is written down.
        """
        try:
            async with asyncio.timeout(seconds):
                actor = await self._permissions.actor(slack_user)
        except (Busy, GraphError, SlackError, TimeoutError):
            return None
        return may(actor, verb, holder=None, holder_entra_id=None)

    async def refused(self, slack_user: str, why: str) -> None:
        """Write down that somebody was refused; of many in an hour, how many there were."""
        await self._store.run(record_refusal, slack_user, None, why)

    async def check_admin_once(self, slack_user: str, *, key: str | None) -> None:
        """
        Insist on an admin, and note that this came in.

        Raises:
            NotAllowed: Not an admin.
            SeenBefore: This has come in before.
        """
        await self.check_admin(slack_user, key=key)
        await self.note(key)

    async def run(
        self,
        work: Callable[Concatenate[Transaction, str, str, P], R],
        slack_user: str,
        about_id: str,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """
        Run a transaction that only some people may do; of a refusal nothing stays but its audit row.

        Raises:
            NotAllowed: They may not.
            TooLate: They have given up waiting.
        """
        try:
            return await self._store.run(in_time(work), slack_user, about_id, *args, **kwargs)
        except NotAllowed as refused:
            await self._store.run(record_refusal, slack_user, about_id, str(refused))
            raise
