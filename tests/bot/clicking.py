"""Clicks on Approve and Deny for tests: asked about, made, judged and read again."""

from typing import Final

import sqlalchemy as sa

from bot.approvals.model import Decision
from bot.approvals.store import decisions
from bot.database.tables import decisions as decision_table
from bot.people.model import Verb
from bot.requests.model import Request, State
from tests.bot.samples import click
from tests.harness.by_hand import BotHarness

# A call of those that judge a click: somebody may act while it is under way.
READ_PEOPLE: Final = "GET .*/users"


async def asked(harness: BotHarness, text: str = "finance-reports because Q4") -> Request:
    """Ann asks for what somebody must decide."""
    request = await harness.ask(text)
    assert request.state is State.PENDING
    return request


async def press(harness: BotHarness, request: Request, **facts: object) -> Decision:
    """Save a click that is ready to be processed, whether or not a reason would have been asked for first."""
    pressed = click(request, **facts)
    holder = {"holder": request.holder, "holder_entra_id": request.entra_id}
    await harness.store.run(decisions.add, pressed, **holder, is_draft=False)
    return pressed


async def clicks(harness: BotHarness, request: Request) -> list[Decision]:
    """Return what is known of every click about a request, the oldest first."""
    query = sa.select(*decisions.COLUMNS).where(decision_table.c.request_id == request.id)

    def read(db: sa.Connection) -> list[Decision]:
        return [
            Decision(**row) for row in db.execute(query.order_by(decision_table.c.at)).mappings()
        ]

    return await harness.store.run(read)


async def found(harness: BotHarness, pressed: Decision) -> Decision:
    """A click as it is known now."""
    return next(
        each
        for each in await clicks(harness, await harness.request(pressed.request_id))
        if each.id == pressed.id
    )


async def processed(
    harness: BotHarness, request: Request, **facts: object
) -> tuple[Decision, Request]:
    """Return what is known of a click, and of its request, after it was processed."""
    pressed = await press(harness, request, **facts)
    await harness.decision_processor.process(pressed)
    return await found(harness, pressed), await harness.request(request.id)


async def decide(
    harness: BotHarness,
    request: Request,
    user: str,
    verb: Verb = Verb.APPROVE,
    *,
    reason: str | None = None,
    team: str = "T0LATCH",
) -> Request:
    """Click on a card in the admins' channel, give the reason if one is wanted, and have it processed."""
    draft = await harness.approvals.decide(
        ask_id=request.ask_id, verb=verb, slack_user=user, team=team, channel="C0APPROVALS"
    )
    if draft is not None and reason is not None:
        await harness.approvals.explain(
            decision_id=draft.decision.id, slack_user=user, reason=reason
        )
    await harness.work()
    return await harness.request(request.id)
