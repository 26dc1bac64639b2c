"""Save what somebody decides with Approve, Deny and the form that asks for a reason."""

import functools
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.approvals.ends import WrongEnd
from bot.approvals.service import ApprovalService
from bot.approvals.signed import SignedApprovals
from bot.approvals.transactions import IncompleteDecision, lacks_reason
from bot.messages.approvals import approving_for_less, forms, review, signing
from bot.messages.phrases.shorter_ends import wrong_end
from bot.people.model import Verb
from bot.words import _
from handlers.replying.errors import DECISION_NOT_SAVED, explain_errors
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(
    routes: Routes, *, approvals: ApprovalService, signed: SignedApprovals, replies: Replies
) -> None:
    async def form_for(
        draft: IncompleteDecision, *, for_less: bool, card: str | None
    ) -> dict[str, Any]:
        """
        Make the form that asks for what a click lacks.

        Args:
            card: The id of the modal whose card was clicked in; None: it was clicked elsewhere.
        """
        if for_less or lacks_reason(draft.decision, draft.request):
            make = approving_for_less.form if for_less else forms.reason
            form = make(draft.decision, draft.request, draft.counted, draft.questions)
            about = forms.written_about(draft.decision.id, card=card)
            return {**form, "private_metadata": about}
        return signing.form(await signed.link(draft), draft.request)

    async def close(ack: AsyncAck, view: Mapping[str, Any]) -> None:
        """
        Close a form, and say in the card that it was opened from, where that is in a modal, that it is decided: its buttons are over.

        Where the form has taken the place of that modal, it is said in the form's place: what lies below is no card.
        """
        _decision_id, card = forms.read_about(view)
        if card is not None and card == view.get("id"):
            await ack(response_action="update", view=review.decision_saved())
            return
        await ack()
        if card is not None and card == view.get("previous_view_id"):
            replies.update_view(card, review.decision_saved())

    async def decide(
        verb: Verb,
        ack: AsyncAck,
        body: dict[str, Any],
        action: dict[str, Any],
        for_less: bool = False,
    ) -> None:
        """Save the click; whether this person may decide is checked right after, with fresh facts from Slack and Entra."""
        reply = replies.to_click(body, action)
        clicked_in = body.get("view") or {}
        card = clicked_in.get("id") if clicked_in.get("callback_id") == review.CALLBACK else None
        async with explain_errors(reply.refuse, busy=DECISION_NOT_SAVED):
            draft = await approvals.decide(
                ask_id=reply.value,
                verb=verb,
                slack_user=reply.user,
                team=reply.team,
                channel=reply.channel,
                later=reply.later,
                for_less=for_less,
            )
            if draft is not None:
                reply.open_form(
                    functools.partial(form_for, draft, for_less=for_less, card=card),
                    unless=functools.partial(approvals.refuse_early, draft),
                )
            elif card is not None:
                replies.update_view(card, review.decision_saved())
        await ack()

    @routes.action("latchkey_approve")
    async def approve(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await decide(Verb.APPROVE, ack, body, action)

    @routes.action("latchkey_deny")
    async def deny(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await decide(Verb.DENY, ack, body, action)

    @routes.action("latchkey_approve_for_less")
    async def approve_for_less(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the form that asks for a shorter end."""
        await decide(Verb.APPROVE, ack, body, action, for_less=True)

    @routes.view(approving_for_less.CALLBACK)
    async def approve_until(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Complete an approval with its shorter end."""

        async def show_error(message: Mapping[str, Any]) -> None:
            errors = {approving_for_less.END: str(message["text"])[:2000]}
            await ack(response_action="errors", errors=errors)

        async with explain_errors(show_error, busy=DECISION_NOT_SAVED):
            end = approving_for_less.end_in(view)
            if end is None:
                await show_error({"text": _("Please choose a moment.")})
                return
            decision_id, _card = forms.read_about(view)
            wrong = await approvals.approve_until(
                decision_id=decision_id,
                slack_user=body["user"]["id"],
                end=end,
                reason=forms.reason_in(view),
            )
            if isinstance(wrong, WrongEnd):
                await show_error({"text": wrong_end(wrong.why, wrong.bound)})
            elif wrong is not None:
                await ack(
                    response_action="update",
                    view=signing.form(await signed.link(wrong), wrong.request),
                )
            else:
                await close(ack, view)

    @routes.view("latchkey_reason")
    async def explain(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Complete a decision with its reason."""

        async def show_error(message: Mapping[str, Any]) -> None:
            await ack(response_action="errors", errors={"reason": str(message["text"])[:2000]})

        async with explain_errors(show_error, busy=DECISION_NOT_SAVED):
            reason = forms.reason_in(view)
            if not reason:
                await show_error({"text": _("Please give a reason.")})
                return
            decision_id, _card = forms.read_about(view)
            draft = await approvals.explain(
                decision_id=decision_id, slack_user=body["user"]["id"], reason=reason
            )
            if draft is not None:
                await ack(
                    response_action="update",
                    view=signing.form(await signed.link(draft), draft.request),
                )
                return
            await close(ack, view)
