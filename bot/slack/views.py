"""
Slack's calls about App Home and modals.

Source: docs.slack.dev, Web API methods; none of them needs a scope.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from bot.slack.calls import SlackCalls
from bot.slack.errors import SlackUnsure

# A trigger lives 3 s; what is not open by then will not open.
OPEN_VIEW_TIMEOUT_SECONDS: Final = 2.5


class SlackViews:
    """App Home and modals."""

    def __init__(self, calls: SlackCalls) -> None:
        self._calls = calls

    async def publish_home(self, user_id: str, view: Mapping[str, Any]) -> None:
        """Replace somebody's App Home.  No scope needed."""
        await self._calls.call("views.publish", user_id=user_id, view=dict(view))

    async def open(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        """Open a modal for whoever just clicked; return its id.  No scope needed."""
        try:
            async with asyncio.timeout(OPEN_VIEW_TIMEOUT_SECONDS):
                shown = await self._calls.call("views.open", trigger_id=trigger_id, view=dict(view))
        except TimeoutError as error:
            raise SlackUnsure("views.open took too long") from error
        return str(shown["view"]["id"])

    async def lay_over(
        self, trigger_id: str, view: Mapping[str, Any], *, over: Mapping[str, Any]
    ) -> str:
        """
        Lay a modal over the one that was clicked in; return its id.  No scope needed.

        Over a third one Slack lays no fourth ("push_limit_reached"): there it takes the third one's place,
        and has its id: `view["id"]` of what is sent then is that of the modal that was clicked in.

        Args:
            over: The modal that was clicked in, as Slack has sent it.
        """
        if is_third(over):
            await self.update(str(over["id"]), view)
            return str(over["id"])
        try:
            async with asyncio.timeout(OPEN_VIEW_TIMEOUT_SECONDS):
                shown = await self._calls.call("views.push", trigger_id=trigger_id, view=dict(view))
        except TimeoutError as error:
            raise SlackUnsure("views.push took too long") from error
        return str(shown["view"]["id"])

    async def update(
        self, view_id: str, view: Mapping[str, Any], *, hash: str | None = None
    ) -> None:
        """
        Replace what an open modal shows; what was typed under the same ids stays.  No scope needed.

        Args:
            hash: Of the view as it was known: Slack refuses with "hash_conflict" if it has changed meanwhile.
        """
        known = {"hash": hash} if hash else {}
        await self._calls.call("views.update", view_id=view_id, view=dict(view), **known)


def is_third(modal: Mapping[str, Any]) -> bool:
    """
    Tell whether a modal is the third of a stack, which is as high as Slack lets one be.

    Source: docs.slack.dev, "Modals": "up to 3 views"; `previous_view_id` is the one below, `root_view_id` the lowest.
    """
    below = modal.get("previous_view_id")
    return below is not None and below != modal.get("root_view_id")
