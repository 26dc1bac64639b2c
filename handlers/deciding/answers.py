"""Show every answer in full, from the "All answers" button of a card."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.messages.approvals.answers import all_answers
from bot.requests.asking.forms import RequestForms
from handlers.replying.errors import NOT_READ, explain_errors
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(routes: Routes, *, forms: RequestForms, replies: Replies) -> None:
    @routes.action("latchkey_answers")
    async def show_answers(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=NOT_READ):
            request = await forms.read_answers(slack_user=reply.user, request_id=reply.value)
            reply.open_form(all_answers(request))
