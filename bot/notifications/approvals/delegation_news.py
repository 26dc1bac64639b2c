"""Tell those concerned of a delegation, once it is known that both people can be told in Slack and Entra."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot import clock
from bot.approvals.store import recipients
from bot.database import Store, Transaction
from bot.database.audit_log import audit
from bot.messages.approvals import delegating, proving
from bot.messages.blocks.parts import Message
from bot.notifications.model import Notice
from bot.notifications.outbox import Sending
from bot.notifications.store import notices
from bot.packages.settings.model import DelegationLimits
from bot.people.delegates import Delegates
from bot.people.model import Delegation
from bot.people.store import delegations
from bot.slack.errors import SlackError
from graph.errors import GraphError

log = structlog.get_logger(__name__)

KIND: Final = "delegation"
# The step of which both are told once its giver has signed in for it, and once more for each authentication context.
PROVEN: Final = "proven"
AGAIN: Final = timedelta(minutes=1)


class DelegationNews:
    """Checks new delegations, and tells of them and of their early ends."""

    def __init__(
        self, *, store: Store, sending: Sending, delegates: Delegates, limits: DelegationLimits
    ) -> None:
        """
        Args:
            limits: What the package settings take from delegates.
        """
        self._limits = limits
        self._store = store
        self._sending = sending
        self._delegates = delegates

    async def send(self, delegation: Delegation) -> int:
        """Tell those concerned; return how many messages went out."""
        if delegation.canceled_at is None and not await self._is_of_use(delegation):
            return 0
        owed = await self._store.read(_owed, delegation, self._limits)
        keys = [notice.key for together in owed for notice in together]
        before = await self._store.read(notices.finished_keys, keys)
        sent = 0
        for together in owed:
            content = _content(delegation, together[0], self._limits)
            sent += await self._sending.send(together, content)
        done = len(await self._store.read(notices.finished_keys, keys)) == len(keys)
        again_at = None if done else clock.real() + AGAIN
        await self._store.run(_close, delegation, self._limits, again_at, fresh=set(keys) - before)
        return sent

    async def _is_of_use(self, delegation: Delegation) -> bool:
        """Return True if both can be told in Slack and Entra; what is of no use is canceled, and that told."""
        try:
            for slack_user in (delegation.delegator, delegation.delegate):
                if await self._delegates.find_person(slack_user) is None:
                    await self._store.run(_cancel_useless, delegation)
                    return False
        except (SlackError, GraphError) as error:
            log.warning("delegation-not-checked", error=type(error).__name__)
            again_at = clock.real() + (getattr(error, "retry_after", None) or AGAIN)
            await self._store.run(delegations.schedule_news, delegation, news=again_at)
            return False
        return True


def _cancel_useless(db: Transaction, delegation: Delegation) -> None:
    canceled = delegations.cancel(
        db, delegation.id, by=audit.LATCHKEY, at=clock.now(), why=delegating.NOT_KNOWN
    )
    if canceled is not None:
        recipients.look_again_at_delegate(db, canceled)


def content_of(db: Transaction, notice: Notice, *, limits: DelegationLimits) -> Message | None:
    """Return what a message about a delegation says now; *limits* as for `DelegationNews`."""
    _, delegation_id, step = notice.key.removesuffix(f":{notice.to}").split(":", 2)
    found = delegations.find(db, delegation_id)
    if found is None:
        return None
    if step == "canceled":
        return delegating.canceled(found, reader=notice.to)
    if found.canceled_why == delegations.SUPERSEDED:
        return delegating.replaced(found, reader=notice.to)
    if not found.is_in_force(clock.now()):
        return delegating.over(found, reader=notice.to)
    if step.startswith(PROVEN):
        told = proving.told_delegate if notice.to == found.delegate else proving.told_delegator
        return told(found, limits)
    if notice.to == found.delegate:
        return delegating.told_delegate(found, limits=limits)
    return delegating.told_delegator(found, limits=limits)


def _content(
    delegation: Delegation, notice: Notice, limits: DelegationLimits
) -> Callable[[Transaction], Message | None]:
    def content(db: Transaction) -> Message | None:
        now = delegations.find(db, delegation.id)
        if now is None or (now.canceled_at is None) is not (delegation.canceled_at is None):
            return None
        return content_of(db, notice, limits=limits)

    return content


def _owed(
    db: Transaction, delegation: Delegation, limits: DelegationLimits
) -> list[Sequence[Notice]]:
    """
    Return who is to be told: of its making all but who made it; that it is proven, both; of its early end, who had been told or
    made it. Each with what one message tells.
    """
    if delegation.canceled_at is None:
        both = {delegation.delegate, delegation.delegator}
        made: list[Sequence[Notice]] = [
            [_notice(delegation, "made", to=each)] for each in sorted(both - {delegation.made_by})
        ]
        if delegation.proof is None:
            return made
        steps = _steps_of_proof(delegation, limits)
        proven = [
            [_notice(delegation, step, to=each) for step in steps[1:] or steps]
            for each in sorted(both)
        ]
        return [*made, *proven]
    if delegation.canceled_why == delegations.SUPERSEDED:
        return []
    first = [
        _notice(delegation, "made", to=each) for each in (delegation.delegate, delegation.delegator)
    ]
    sent = notices.sent_keys(db, [notice.key for notice in first])
    told = {notice.to for notice in first if notice.key in sent}
    told |= {delegation.made_by, delegation.delegator}
    return [
        [_notice(delegation, "canceled", to=each)]
        for each in sorted(told - {delegation.canceled_by or ""})
    ]


def _steps_of_proof(delegation: Delegation, limits: DelegationLimits) -> list[str]:
    """Return the steps in which its sign-ins are told: without an authentication context first, then one for each that counts."""
    shown = [each for each in limits.contexts if each in delegation.proven_contexts]
    return [PROVEN, *(f"{PROVEN}-{each}" for each in shown)]


def _notice(delegation: Delegation, step: str, *, to: str) -> Notice:
    return Notice(key=f"{KIND}:{delegation.id}:{step}:{to}", kind=KIND, to=to)


def _close(
    db: Transaction,
    delegation: Delegation,
    limits: DelegationLimits,
    again_at: datetime | None,
    *,
    fresh: Collection[str],
) -> None:
    now = delegations.find(db, delegation.id)
    if now is not None and (now.canceled_at, now.proof) == (
        delegation.canceled_at,
        delegation.proof,
    ):
        delegations.schedule_news(db, delegation, news=again_at)
    # What was said before is not so any more.
    steps = ["made", *_steps_of_proof(delegation, limits)]
    if delegation.canceled_at is not None or delegation.proof is not None:
        both = (delegation.delegate, delegation.delegator)
        said = {_notice(delegation, step, to=to).key for to in both for step in steps}
        notices.mark_stale(db, *(said - set(fresh)))
