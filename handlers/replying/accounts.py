"""Connect and disconnect somebody's own Microsoft account, wherever they have asked for it."""

from typing import Any

from bot.accounts.browser import SignInFailed
from bot.accounts.connecting import SCOPES, Connecting
from bot.messages.accounts import connecting as words
from bot.words import translate
from handlers.replying.errors import CHANGE_NOT_SAVED, explain_errors
from handlers.replying.replies import Reply


async def connect_account(accounts: Connecting, reply: Reply) -> None:
    """Answer with a link to the sign-in; with a code in a modal where no browser comes back to us."""
    async with explain_errors(reply.say, busy=CHANGE_NOT_SAVED):
        if accounts.is_offered and accounts.uses_codes:

            async def form() -> dict[str, Any]:
                try:
                    typed = await accounts.begin_code(reply.user)
                except SignInFailed as failed:
                    return words.code_refused(translate(str(failed)))
                return words.code(typed.code, typed.url, int(typed.takes.total_seconds() // 60))

            reply.open_form(form)
            return
        url = await accounts.link(reply.user)
        known = await accounts.account(reply.user)
        may_wait = known is None and await accounts.decides_in_entra(reply.user)
        only_to_ask = await accounts.link(reply.user, scopes=SCOPES) if may_wait else None
        await reply.say(words.link(url, account=known, only_to_ask=only_to_ask))


async def disconnect_account(accounts: Connecting, reply: Reply) -> None:
    """Delete what is kept of an account, and say so."""
    async with explain_errors(reply.say, busy=CHANGE_NOT_SAVED):
        was_connected = await accounts.disconnect(reply.user, by=reply.user)
        await reply.done(words.disconnected(was_connected=was_connected))
