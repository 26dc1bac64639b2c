"""Approve several requests for one package at once, by a form that lists each."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.approvals.review import ReviewCards
from bot.approvals.service import ApprovalService
from bot.errors import WrongFields
from bot.messages.approvals import approving_several, forms
from bot.messages.blocks.modals import said_in_modal
from bot.words import _, translate
from handlers.replying.errors import DECISION_NOT_SAVED, NOT_READ, explain_errors
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(
    routes: Routes, *, approvals: ApprovalService, reviews: ReviewCards, replies: Replies
) -> None:
    @routes.action("latchkey_approve_all")
    @routes.action("latchkey_approve_all_2")
    @routes.action("latchkey_approve_all_3")
    @routes.action("latchkey_approve_all_4")
    @routes.action("latchkey_approve_all_5")
    async def choose(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the form."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=NOT_READ):
            found = await reviews.find_several(slack_user=reply.user, ask_ids=reply.value.split())
            reply.open_checked(lambda: reviews.several(found, team=reply.team))
        await ack()

    @routes.view(approving_several.CALLBACK)
    async def approve(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Save an approval of each request that was chosen; each is judged by itself."""

        async def show_error(message: Mapping[str, Any]) -> None:
            errors = {approving_several.CHOSEN: str(message["text"])[:2000]}
            await ack(response_action="errors", errors=errors)

        async with explain_errors(show_error, busy=DECISION_NOT_SAVED):
            chosen = approving_several.chosen_in(view)
            if not chosen:
                await show_error({"text": _("Please choose at least one.")})
                return
            try:
                count = await approvals.approve_several(
                    ask_ids=chosen,
                    slack_user=body["user"]["id"],
                    team=body["user"].get("team_id"),
                    reason=forms.reason_in(view),
                )
            except WrongFields as wrong:
                await ack(
                    response_action="errors",
                    errors={field: translate(why) for field, why in wrong.fields.items()},
                )
                return
            said = said_in_modal(approving_several.saved(count), title=_("Approve several"))
            await ack(response_action="update", view=said)
