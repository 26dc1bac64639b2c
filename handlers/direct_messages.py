"""Take what people write to the bot in their direct messages with it."""

from typing import Any

from handlers.routes import Routes


def register(routes: Routes) -> None:
    @routes.event("message")
    async def written(event: dict[str, Any]) -> None:
        """Acknowledge a message, so that Slack does not send the event three times more."""
