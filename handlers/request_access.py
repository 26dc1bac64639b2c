"""``/request-access <package> [because …]``, and the form behind the Ask buttons."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.access import Desk
from bot.errors import ReasonNeeded, UnknownPackage, WhichPackage
from bot.messages import asking, forms
from bot.messages.pages import read_page
from bot.messages.parts import Message
from handlers.after import After
from handlers.clicks import read_click, teller
from handlers.deeds import Deeds
from handlers.errors import explained


def register(deeds: Deeds, *, desk: Desk, after: After) -> None:
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
                await say(await _offered(desk, unknown))
            except WhichPackage as which:
                await say(asking.which_package(which.asked, which.choices))
            except ReasonNeeded as needed:
                await say(asking.reason_needed(needed.package_id, needed.package_name, str(needed)))
            else:
                await say(asking.asked(taken.request, is_new=taken.is_new))

    @deeds.action("latchkey_ask")
    async def open_form(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """An Ask button: open the form with room for a reason."""
        await ack()
        click = read_click(body, action)
        say = teller(after, click)
        async with explained(say):
            package = await desk.package(click.value)
            if package is None:
                await say({"text": "That package is not offered any more."})
            else:
                after.open_form(
                    trigger_id=click.trigger_id,
                    view=forms.ask(package),
                    channel=click.channel,
                    user=click.user,
                )

    @deeds.view("latchkey_request")
    async def submit_form(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """The form: the same as the command, with the reason from its field."""
        user = body["user"]["id"]

        async def complain(message: Mapping[str, Any]) -> None:
            await ack(response_action="errors", errors={"reason": str(message["text"])[:2000]})

        async with explained(complain):
            package = await desk.package(view["private_metadata"])
            if package is None:
                await complain({"text": "That package is not offered any more."})
                return
            try:
                taken = await desk.ask_for(
                    slack_user=user, package_id=package.id, reason=forms.reason_in(view)
                )
            except ReasonNeeded:
                await complain({"text": "Please say why you need it."})
            else:
                await ack()
                after.whisper(
                    channel=None,
                    user=user,
                    message=asking.asked(taken.request, is_new=taken.is_new),
                )


async def _offered(desk: Desk, unknown: UnknownPackage) -> Message:
    """What to choose from when no package was named, or none that there is."""
    page = read_page(unknown.asked)
    if page is None and unknown.near:
        return asking.near(unknown.asked, unknown.near, more=unknown.more)
    offer = await desk.offer()
    if page is not None:
        return asking.offer(offer, page=page)
    return asking.offer(offer, intro=asking.no_such_package(unknown.asked))
