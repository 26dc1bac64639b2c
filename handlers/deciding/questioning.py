"""Let whoever decides ask a question first, and whoever wants the access answer it."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.approvals.questioning import QuestionService
from bot.messages.approvals import approver_questions as words
from bot.messages.blocks.modals import said_in_modal
from bot.messages.blocks.parts import message
from bot.messages.blocks.sentences import escape_sentence
from bot.words import _, pgettext, translate
from handlers.replying.errors import CHANGE_NOT_SAVED, explain_errors
from handlers.replying.form_answers import FormAnswers
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(routes: Routes, *, questions: QuestionService, replies: Replies) -> None:
    answers = FormAnswers()

    @routes.action("latchkey_ask_question")
    async def ask(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the form for a question, unless it is known in time that this person may not ask."""
        reply = replies.to_click(body, action)

        async def is_refused() -> bool:
            why = await questions.find_reason_against(
                ask_id=reply.value, slack_user=reply.user, team=reply.team
            )
            if why is not None:
                await reply.refuse(message(escape_sentence(translate(why))))
            return why is not None

        async with explain_errors(reply.refuse, busy=CHANGE_NOT_SAVED):
            begun = await questions.begin(ask_id=reply.value, slack_user=reply.user)
            form = words.ask_form(begun.request, begun.counted, begun.questions)
            reply.open_form(form, unless=is_refused)
        await ack()

    @routes.view(words.ASK_CALLBACK)
    async def asked(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Save the question; whether this person may ask is checked right after."""
        user = body["user"]

        async with explain_errors(_errors(ack), busy=CHANGE_NOT_SAVED):
            text = words.typed(view)
            if not text:
                await _errors(ack)({"text": _("Please write your question.")})
                return
            question, request = await questions.ask(
                ask_id=view["private_metadata"],
                slack_user=user["id"],
                team=user.get("team_id"),
                text=text,
            )
            await ack(response_action="update", view=words.question_saved(question, request))

    @routes.action("latchkey_answer_question")
    async def answer(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the form for the answer."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=CHANGE_NOT_SAVED):
            question, request = await questions.find_open(
                slack_user=reply.user, question_id=reply.value
            )
            key = answers.keep(reply) if reply.is_in_list else None
            reply.open_form(words.answer_form(question, request, key=key))
        await ack()

    @routes.view(words.ANSWER_CALLBACK)
    async def answered(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Save the answer, and have the list that it was given from show so; whoever asked is told right after."""
        question_id, key = words.answered_about(view)
        async with explain_errors(_errors(ack), busy=CHANGE_NOT_SAVED):
            text = words.typed(view)
            if not text:
                await _errors(ack)({"text": _("Please write your answer.")})
                return
            question, request = await questions.answer(
                slack_user=body["user"]["id"], question_id=question_id, text=text
            )
            saved, pressed = words.answer_saved(question, request), answers.take(key)
            if pressed is not None:
                await pressed.finish(ack, view, saved)
                return
            said = said_in_modal(saved, title=pgettext("title", "Answer"))
            await ack(response_action="update", view=said)


def _errors(ack: AsyncAck) -> Any:
    """Return what says at the form's field what is wrong."""

    async def show(said: Mapping[str, Any]) -> None:
        await ack(response_action="errors", errors={words.FIELD: str(said["text"])[:2000]})

    return show
