"""App Home: somebody has opened it."""

from collections.abc import Callable
from typing import Any

from bot.database import Busy
from bot.notifications.home import Homes
from handlers.errors import log
from handlers.routes import Deeds


def register(deeds: Deeds, *, homes: Homes, publish: Callable[[], None]) -> None:
    @deeds.event("app_home_opened")
    async def opened(event: dict[str, Any]) -> None:
        """The page is owed from now on; it is published right after, and whenever it changes."""
        if event.get("tab") != "home":
            return
        homes.look_at(event.get("view"))
        try:
            await homes.opened(event["user"])
            publish()
        except Busy:
            # Slack would deliver the event again, but the next opening is sooner.
            log.warning("home-not-noted")
