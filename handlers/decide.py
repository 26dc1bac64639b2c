"""The Approve and Deny buttons, and the form that asks for a reason."""

import functools
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.desk import Desk
from bot.messages import forms
from bot.people.model import Verb
from handlers.background import After
from handlers.errors import explained
from handlers.interaction import read_click, teller
from handlers.routes import Deeds


def register(deeds: Deeds, *, desk: Desk, after: After) -> None:
    async def decide(
        verb: Verb, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """Take the click down; who clicked is judged right after, with what Slack and Entra say by then."""
        click = read_click(body, action)
        say = teller(after, click)
        async with explained(say):
            draft = await desk.decide(
                ask_id=click.value,
                verb=verb,
                slack_user=click.user,
                team=click.team,
                channel=click.channel,
            )
            if draft is not None:
                after.open_form(
                    trigger_id=click.trigger_id,
                    view=forms.reason(draft.decision, draft.request),
                    channel=click.channel,
                    user=click.user,
                    unless=functools.partial(desk.is_refused, draft),
                )
        await ack()

    @deeds.action("latchkey_approve")
    async def approve(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await decide(Verb.APPROVE, ack, body, action)

    @deeds.action("latchkey_deny")
    async def deny(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await decide(Verb.DENY, ack, body, action)

    @deeds.view("latchkey_reason")
    async def explain(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """The reason has come: now the decision is whole."""

        async def complain(message: Mapping[str, Any]) -> None:
            await ack(response_action="errors", errors={"reason": str(message["text"])[:2000]})

        async with explained(complain):
            reason = forms.reason_in(view)
            if not reason:
                await complain({"text": "Please give a reason."})
                return
            await desk.explain(
                decision_id=view["private_metadata"], slack_user=body["user"]["id"], reason=reason
            )
            await ack()
