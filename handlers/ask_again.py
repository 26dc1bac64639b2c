"""Ask once more for what was refused, denied or has expired, and explain a refusal."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.messages import request_form
from bot.messages.asking_again import explanation
from bot.requests.service import RequestService
from handlers.background import Background
from handlers.errors import NOT_READ, explain_errors
from handlers.interaction import ephemeral_reply, read_click
from handlers.routes import Routes


def register(routes: Routes, *, requests: RequestService, background: Background) -> None:
    @routes.action("latchkey_ask_again")
    async def ask_again(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the form with what was said before."""
        await ack()
        click = read_click(body, action)
        async with explain_errors(ephemeral_reply(background, click), busy=NOT_READ):
            again = await requests.find_to_ask_again(slack_user=click.user, request_id=click.value)

            async def form() -> Mapping[str, Any]:
                offered = await requests.find_policies(slack_user=click.user, package=again.package)
                wanted = again.request.wanted_policy_id
                return request_form.request_form(
                    again.package,
                    policies=offered.policies,
                    chosen=next((each for each in offered.policies if each.id == wanted), None),
                    locale=offered.locale,
                    reason=again.request.justification,
                    reason_hint=requests.reason_hint(again.package),
                    answers=again.request.answers,
                )

            background.open_form(
                trigger_id=click.trigger_id, view=form, channel=click.channel, user=click.user
            )

    @routes.action("latchkey_why")
    async def explain(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the explanation of a refusal."""
        await ack()
        click = read_click(body, action)
        async with explain_errors(ephemeral_reply(background, click), busy=NOT_READ):
            explained = await requests.explain_refusal(
                slack_user=click.user, request_id=click.value
            )
            background.open_form(
                trigger_id=click.trigger_id,
                view=explanation(explained),
                channel=click.channel,
                user=click.user,
            )
