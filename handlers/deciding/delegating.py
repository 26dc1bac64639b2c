"""Let somebody decide for oneself, by a form, and end what somebody decides for another."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.accounts.browser import SignInFailed
from bot.approvals.delegations import DelegationService
from bot.approvals.signed_delegations import SignedDelegations
from bot.database import Busy
from bot.messages.approvals import delegating, proving
from bot.messages.blocks.modals import said_in_modal
from bot.words import _, translate
from handlers.replying.errors import CHANGE_NOT_SAVED, explain_errors, not_done
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(
    routes: Routes,
    *,
    delegations: DelegationService,
    signed: SignedDelegations,
    replies: Replies,
) -> None:
    @routes.action("latchkey_delegate")
    async def open_form(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the form that asks who, and until when."""
        replies.to_click(body, action).open_form(delegating.form(delegations.limits))
        await ack()

    @routes.view(delegating.CALLBACK)
    async def submit(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Save who decides for whoever sent the form, until when."""
        user = body["user"]["id"]

        async def show_error(message: Mapping[str, Any]) -> None:
            await ack(
                response_action="errors", errors={delegating.WHO: str(message["text"])[:2000]}
            )

        async with explain_errors(show_error, busy=CHANGE_NOT_SAVED):
            delegate, ends_at = delegating.read_form(view)
            if delegate is None or ends_at is None:
                await show_error({"text": _("Please say who decides for you, and until when.")})
                return
            made = await delegations.delegate(delegator=user, delegate=delegate, ends_at=ends_at)
            said = delegating.made(made, reader=user, limits=delegations.limits)
            await ack(response_action="update", view=said_in_modal(said, title=_(delegating.TITLE)))

    @routes.action("latchkey_prove_delegation")
    async def prove(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the links by which whoever lets somebody decide signs in to Microsoft for it."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=CHANGE_NOT_SAVED):
            given = await signed.check(slack_user=reply.user, delegation_id=reply.value)

            async def form() -> dict[str, Any]:
                try:
                    links = await signed.links(given)
                except SignInFailed as failed:
                    return proving.not_possible(translate(str(failed)))
                except Busy as error:
                    return proving.not_possible(_(not_done(error, busy=CHANGE_NOT_SAVED)))
                return proving.form(given, [(each.url, each.context) for each in links])

            reply.open_form(form)
        await ack()

    @routes.action("latchkey_undelegate")
    async def cancel(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """End a delegation: the approver, the delegate, or an admin."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=CHANGE_NOT_SAVED):
            canceled = await delegations.cancel(slack_user=reply.user, delegation_id=reply.value)
            await reply.done(delegating.canceled(canceled, reader=reply.user))
        await ack()
