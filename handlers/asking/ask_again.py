"""Ask once more for what was refused, denied or has expired, and explain a refusal."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.messages.requests.asking_again import explanation
from bot.messages.requests.request_form.form import request_form
from bot.requests.asking.forms import RequestForms
from handlers.replying.errors import NOT_READ, explain_errors
from handlers.replying.replies import Replies
from handlers.replying.request_opening import emergency_choice
from handlers.routes import Routes


def register(routes: Routes, *, forms: RequestForms, replies: Replies) -> None:
    @routes.action("latchkey_ask_again")
    async def ask_again(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the form with what was said before."""
        await ack()
        reply = replies.to_click(body, action)
        async with explain_errors(reply.say, busy=NOT_READ):
            again = await forms.find_to_ask_again(slack_user=reply.user, request_id=reply.value)

            async def form() -> Mapping[str, Any]:
                policies, locale = again.package.policies, None
                if not again.request.is_on_behalf:
                    offered = await forms.find_policies(
                        slack_user=reply.user, package=again.package
                    )
                    policies, locale = tuple(offered.policies), offered.locale
                wanted = again.request.wanted_policy_id
                return request_form(
                    again.package,
                    policies=policies,
                    chosen=next((each for each in policies if each.id == wanted), None),
                    locale=locale,
                    reason=again.request.justification,
                    reason_hint=forms.reason_hint(again.package),
                    emergency=emergency_choice(forms, again.package),
                    answers=again.request.answers,
                    for_others=again.request.is_on_behalf,
                    wanted_for=again.request.wanted_for,
                    reader=reply.user,
                )

            reply.open_form(form)

    @routes.action("latchkey_why")
    async def explain(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the explanation of a refusal."""
        await ack()
        reply = replies.to_click(body, action)
        async with explain_errors(reply.say, busy=NOT_READ):
            reply.open_form(
                explanation(
                    await forms.explain_refusal(slack_user=reply.user, request_id=reply.value)
                )
            )
