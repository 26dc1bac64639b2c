"""Open the form in which people choose packages and ask for them."""

from collections.abc import Mapping
from typing import Any

from bot.messages import request_form
from bot.requests.service import RequestService
from handlers.replies import Reply


def open_request_form(*, requests: RequestService, reply: Reply, reason: str | None = None) -> None:
    """
    Open the form, after the answer to Slack.

    Args:
        reply: Answers whoever wants it, and says so if Slack does not open the form.
        reason: What they have said already.
    """

    async def form() -> Mapping[str, Any]:
        refusal = await requests.find_form_refusal(slack_user=reply.user)
        if refusal is not None:
            return request_form.refused_form(refusal)
        return request_form.menu_form((), reason=reason)

    reply.open_form(form)
