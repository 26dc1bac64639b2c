"""``/request-access <package> [because …]``, and the form where no package is named."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.errors import (
    FormNeeded,
    ReasonIncomplete,
    ReasonNeeded,
    SeenBefore,
    UnknownPackage,
    WhichPackage,
)
from bot.messages import asking
from bot.messages.pages import read_page
from bot.messages.parts import Message
from bot.requests.service import RequestService
from handlers.deduplicate import RecentKeys, key_of
from handlers.errors import NOT_READ, REQUEST_NOT_SAVED, explain_errors
from handlers.replies import Replies
from handlers.request_opening import open_request_form
from handlers.routes import Routes


def register(routes: Routes, *, requests: RequestService, replies: Replies) -> None:
    # Opening a form writes nothing, and Slack opens it once: what a replica remembers is enough.
    opened = RecentKeys()

    @routes.command("/request-access")
    async def request_access(ack: AsyncAck, command: dict[str, Any]) -> None:
        """Answer once, after the request is on disk."""

        async def say(message: Mapping[str, Any]) -> None:
            await ack(**message)

        if not (command.get("text") or "").strip():
            await ack()
            key = key_of(command)
            if key is None or opened.is_new(key):
                open_request_form(requests=requests, reply=replies.to_command(command))
            return
        wants_list = read_page(command.get("text") or "") is not None
        busy = NOT_READ if wants_list else REQUEST_NOT_SAVED
        async with explain_errors(say, busy=busy):
            try:
                submitted = await requests.ask(
                    slack_user=command["user_id"],
                    text=command.get("text") or "",
                    key=key_of(command),
                )
            except SeenBefore:
                await ack()
            except UnknownPackage as unknown:
                await say(await _offered(requests, unknown))
            except WhichPackage as which:
                await say(asking.which_package(which.asked, which.choices))
            except FormNeeded as form:
                about = await requests.keep_reason(
                    slack_user=command["user_id"], package_id=form.package_id, reason=form.reason
                )
                await say(asking.form_needed(about, str(form)))
            except ReasonIncomplete as incomplete:
                about = await requests.keep_reason(
                    slack_user=command["user_id"],
                    package_id=incomplete.package_id,
                    reason=incomplete.reason,
                )
                await say(asking.reason_needed(about, incomplete.package_name, str(incomplete)))
            except ReasonNeeded as needed:
                await say(asking.reason_needed(needed.package_id, needed.package_name, str(needed)))
            else:
                await say(asking.asked(submitted.request, is_new=submitted.created))


async def _offered(requests: RequestService, unknown: UnknownPackage) -> Message:
    """Offer packages to choose from when the text names none, or one that does not exist."""
    page = read_page(unknown.asked)
    if page is None and unknown.near:
        return asking.near(unknown.asked, unknown.near, more=unknown.more)
    offer = await requests.offered_packages()
    if page is not None:
        return asking.offer(offer, page=page)
    return asking.offer(offer, intro=asking.no_such_package(unknown.asked))
