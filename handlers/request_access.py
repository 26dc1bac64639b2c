"""``/request-access <package> [because …]``."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.access import Desk
from bot.errors import FormNeeded, ReasonNeeded, UnknownPackage
from bot.messages import asking
from handlers.deeds import Deeds
from handlers.errors import explained


def register(deeds: Deeds, *, desk: Desk) -> None:
    @deeds.command("/request-access")
    async def request_access(ack: AsyncAck, command: dict[str, Any]) -> None:
        """One answer, and by then the request is on disk."""

        async def say(message: Mapping[str, Any]) -> None:
            await ack(**message)

        async with explained(say):
            try:
                taken = await desk.ask(
                    slack_user=command["user_id"], text=command.get("text") or ""
                )
            except UnknownPackage as unknown:
                offer = await desk.offer()
                await say(asking.unknown_package(unknown.asked, unknown.nearest, offer))
            except FormNeeded as form:
                about = await desk.keep_said(
                    slack_user=command["user_id"], package_id=form.package_id, reason=form.reason
                )
                await say(asking.form_needed(about, str(form)))
            except ReasonNeeded as needed:
                await say(asking.reason_needed(needed.package_id, needed.package_name, str(needed)))
            else:
                await say(asking.asked(taken.request, is_new=taken.is_new))
