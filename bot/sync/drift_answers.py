"""Carry out what admins have pressed on a card of drift, once it is known that they may."""

from datetime import timedelta
from typing import Final

import structlog

from bot import clock
from bot.database import Store, Transaction
from bot.drift.model import DriftKind, DriftState, Mismatch
from bot.drift.store import mismatches, wanted_answers
from bot.drift.transactions import why_not
from bot.people.actors import Permissions
from bot.people.interaction_audit import record_refusal
from bot.people.model import Verb
from bot.people.permissions import Actor
from bot.requests.retry import pause_after
from bot.slack.errors import SlackError
from graph import Graph
from graph.errors import GraphError

log = structlog.get_logger(__name__)

CLAIM_LEASE: Final = timedelta(minutes=2)
MOST_TRIES: Final = 12
BECOMES: Final = {Verb.ADOPT: DriftState.ADOPTED, Verb.IGNORE: DriftState.IGNORED}
NOT_CHECKED: Final = "It could not be checked who pressed that. Please press again."


class DriftAnswers:
    """Reads afresh who has pressed Adopt or Ignore, and does it if they may."""

    def __init__(self, *, store: Store, graph: Graph, permissions: Permissions) -> None:
        self._store = store
        self._graph = graph
        self._permissions = permissions

    async def work(self) -> None:
        """Carry out all that is wanted; what cannot be checked now is tried again, and not for ever."""
        claimed = await self._store.run(wanted_answers.claim_wanted, lease=CLAIM_LEASE)
        for mismatch, tries in claimed:
            if mismatch.wanted_by is None or mismatch.wanted is None:
                await self._store.run(wanted_answers.clear_wanted, mismatch)
                continue
            try:
                actor = await self._permissions.actor(mismatch.wanted_by)
                is_theirs = await self._is_theirs(mismatch, actor)
            except (GraphError, SlackError) as error:
                log.warning("drift-answer-waits", error=type(error).__name__)
                if tries < MOST_TRIES:
                    at = clock.real() + pause_after(error, attempts=tries)
                    await self._store.run(wanted_answers.reschedule, mismatch, at=at)
                else:
                    await self._store.run(wanted_answers.decline, mismatch, NOT_CHECKED)
                continue
            await self._store.run(
                _carry_out, mismatch.id, mismatch.wanted, actor, is_theirs=is_theirs
            )

    async def _is_theirs(self, mismatch: Mismatch, actor: Actor) -> bool:
        """Tell whether a group within a group gives access to whoever has pressed."""
        if mismatch.kind is not DriftKind.NESTED or actor.entra_id is None:
            return False
        return bool(await self._graph.users.member_of(actor.entra_id, [mismatch.entra_id]))


def _carry_out(
    db: Transaction, mismatch_id: str, verb: Verb, actor: Actor, *, is_theirs: bool
) -> None:
    mismatch = mismatches.find(db, mismatch_id)
    if mismatch is None or mismatch.wanted is not verb or mismatch.wanted_by != actor.slack_user:
        # Somebody has pressed something else meanwhile.
        return
    why = why_not(db, mismatch, verb, actor, is_theirs=is_theirs)
    if why is not None:
        record_refusal(db, actor.slack_user, mismatch.id, why)
        wanted_answers.decline(db, mismatch, why)
        return
    is_done = mismatches.settle(
        db,
        mismatch,
        BECOMES[verb],
        by=actor.slack_user,
        by_entra_id=actor.entra_id,
        until=mismatch.wanted_until,
        why=mismatch.why,
    )
    if not is_done:
        # It has passed, or somebody was faster: the card says so, and nothing is left to do.
        wanted_answers.clear_wanted(db, mismatch)
