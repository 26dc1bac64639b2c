"""Open the form in which people choose packages and ask for them."""

from collections.abc import Mapping
from typing import Any

from bot.messages import request_form
from bot.requests.service import RequestService
from handlers.background import Background


def open_request_form(
    *,
    requests: RequestService,
    background: Background,
    trigger_id: str,
    user: str,
    channel: str | None,
    reason: str | None = None,
) -> None:
    """
    Open the form, after the answer to Slack.

    Args:
        channel: Where to say it if Slack does not open the form; None: in a direct message.
        reason: What they have said already.
    """

    async def form() -> Mapping[str, Any]:
        refusal = await requests.find_form_refusal(slack_user=user)
        if refusal is not None:
            return request_form.refused_form(refusal)
        return request_form.menu_form((), reason=reason)

    background.open_form(trigger_id=trigger_id, view=form, channel=channel, user=user)
