"""Connect and disconnect somebody's own Microsoft account: by buttons."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.accounts.connecting import Connecting
from handlers.replying.accounts import connect_account, disconnect_account
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(routes: Routes, *, accounts: Connecting, replies: Replies) -> None:
    @routes.action("latchkey_connect")
    async def connect(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Give a link, or a code, to whoever presses."""
        await connect_account(accounts, replies.to_click(body, action))
        await ack()

    @routes.action("latchkey_sign_in")
    async def opened(ack: AsyncAck) -> None:
        """Acknowledge that a link was opened: the browser goes there by itself."""
        await ack()

    @routes.action("latchkey_disconnect")
    async def disconnect(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Delete what is kept of the account of whoever presses."""
        await disconnect_account(accounts, replies.to_click(body, action))
        await ack()
