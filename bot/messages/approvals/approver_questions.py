"""Ask whoever wants access a question before deciding, and answer it: the forms, and what each of the two reads."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.approvals.model import ApproverQuestion, Decision
from bot.messages.approvals import approval_card
from bot.messages.blocks.modals import said_in_modal
from bot.messages.blocks.pages import VIEW
from bot.messages.blocks.parts import (
    Block,
    Message,
    about_person,
    actions,
    bold,
    button,
    context,
    in_thread,
    message,
    moment,
    person,
    plain,
    section,
)
from bot.messages.blocks.quotes import as_written, quoted
from bot.messages.blocks.sentences import escape_sentence
from bot.packages.names import LONGEST_REASON
from bot.people.model import NamedAs
from bot.requests.model import Kind, Request, State, hides_deciders, may_see_deciders
from bot.words import _, pgettext, translate
from bot.words.formats import all_of

ASK_CALLBACK: Final = "latchkey_question"
ANSWER_CALLBACK: Final = "latchkey_answer"
FIELD: Final = "text"

View = dict[str, Any]


def ask_form(
    request: Request, counted: Sequence[Decision], questions: Sequence[ApproverQuestion]
) -> View:
    """Ask for the question, below all that the card says, which the form covers."""
    below = [*_deadline(request), _field(_("Your question"), hint=_ask_hint(request))]
    facts = approval_card.facts(request, counted, questions=questions, room=VIEW.less(below))
    return _form(
        _("Ask a question"),
        pgettext("question", "Ask"),
        callback_id=ASK_CALLBACK,
        about_id=request.ask_id,
        blocks=[*facts, *below],
    )


def question_saved(question: ApproverQuestion, request: Request) -> View:
    """Say in the form's place that the question is saved; whether its asker may decide is checked right after."""
    said = _(
        "Your question is saved. I check with Slack and Entra that you may decide this request, and then send it to "
        "{people}. The answer comes to you in a direct message, and onto the card."
    ).format(people=_who_answer(question))
    saved = message(said, [section(said), *_deadline(request)])
    return said_in_modal(saved, title=_("Ask a question"))


def answer_form(question: ApproverQuestion, request: Request, *, key: str | None = None) -> View:
    """
    Ask for the answer, below the question.

    Args:
        key: Tells how to answer the press in a list that has opened it.
    """
    sentence = (
        _("An approver asks about the request for {package}:")
        if hides_deciders(request, question.stage)
        else _("{person} asks about the request for {package}:")
    )
    asks = sentence.format(person=person(question.slack_user), package=bold(request.package_name))
    hint = _("Everybody who decides the request reads it, and it is kept with the request.")
    return _form(
        pgettext("title", "Answer"),
        _("Send answer"),
        callback_id=ANSWER_CALLBACK,
        about_id=" ".join(filter(None, (question.id, key))),
        blocks=[section(asks), quoted(question.question), _field(_("Your answer"), hint=hint)],
    )


def answered_about(view: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the id of the question that a form answers, and how to answer the press that has opened it."""
    question_id, _, key = str(view["private_metadata"]).partition(" ")
    return question_id, key or None


def typed(view: Mapping[str, Any]) -> str:
    """Return what was typed into one of the two forms; empty if nothing."""
    field = view.get("state", {}).get("values", {}).get(FIELD, {}).get(FIELD, {})
    return str(field.get("value") or "").strip()


def told_requester(question: ApproverQuestion, request: Request, *, reader: str) -> Message:
    """Show a question to whoever may answer it: with a button, until it is answered or nothing waits any more."""
    intro = asks_about(question, request, reader=reader)
    blocks = [section(intro), quoted(question.question)]
    if question.answer is not None and question.answered_at is not None:
        blocks += [context(_answered(question, reader=reader)), quoted(question.answer)]
    elif request.comes_to_a_decision:
        blocks.append(
            context(
                _(
                    "That request is being checked again. You can answer once somebody has to decide it."
                )
            )
        )
    elif request.state is not State.PENDING:
        blocks.append(
            context(_("Nobody has to decide that request any more: no answer is needed."))
        )
    else:
        answer = answer_button(question, request)
        blocks += [actions(answer, block_id=f"question:{question.id}"), *_deadline(request)]
    return message(intro, blocks)


def answer_button(question: ApproverQuestion, request: Request) -> Block:
    """Make the button that opens the form for the answer."""
    about = about_person(request.holder_name, request.package_name)
    return button(_("Answer"), "answer_question", question.id, style="primary", about=about)


def told_asker(
    question: ApproverQuestion,
    request: Request,
    counted: Sequence[Decision],
    *,
    questions: Sequence[ApproverQuestion],
    named_as: NamedAs | None,
    card: bool,
    review: bool,
) -> Message:
    """
    Bring the answer to whoever asked; with the card, as long as it is theirs to decide, and then with where that stands.

    Args:
        named_as: Why they are asked to decide, if that is known.
        card: They have a part in what is decided now, so that its card follows, which has the answer.
        review: They have no card of their own, but may be shown it.
    """
    intro = _answered_what(question, request)
    if request.state is State.PENDING and card:
        drawn = approval_card.card(
            request, counted, questions=questions, reader=question.slack_user, named_as=named_as
        )
        short = _("{person} answered your question; the card has the answer.").format(
            person=person(question.answered_by)
        )
        return message(intro, [section(short), *drawn["blocks"]])
    blocks = [
        section(intro),
        context(_("You asked:")),
        quoted(question.question),
        context(_("The answer:")),
        quoted(question.answer or ""),
    ]
    if request.state is State.PENDING and review:
        about = about_person(request.holder_name, request.package_name)
        shows = button(_("Review"), "review", request.id, about=about)
        blocks.append(actions(shows, block_id=f"answered:{question.id}"))
    else:
        blocks += approval_card.standing(request, counted, reader=question.slack_user)
    return message(intro, blocks)


def not_sent(question: ApproverQuestion, request: Request) -> Message:
    """Tell whoever asked why their question is not sent to anybody."""
    said = _("Your question about {package} for {holder} was not sent. {why}").format(
        package=bold(request.package_name),
        holder=person(request.holder, request.holder_name),
        why=escape_sentence(translate(question.why or "")),
    )
    return message(said)


def asked_in_thread(question: ApproverQuestion, thread_ts: str) -> Message:
    """Say below a channel's card what somebody has asked."""
    said = _("{person} asks {requester}: {question}").format(
        person=person(question.slack_user),
        requester=_who_answer(question),
        question=as_written(question.question),
    )
    return in_thread(message(said), thread_ts)


def answered_in_thread(question: ApproverQuestion, thread_ts: str) -> Message:
    """Say below a channel's card what was answered."""
    said = _("{person} answers {asker}: {answer}").format(
        person=person(question.answered_by),
        asker=person(question.slack_user),
        answer=as_written(question.answer or ""),
    )
    return in_thread(message(said), thread_ts)


def answer_saved(question: ApproverQuestion, request: Request) -> Message:
    """Say that an answer is on its way."""
    if hides_deciders(request, question.stage):
        return message(_("Your answer is saved. The approver gets it now, and it is on the card."))
    return message(
        _("Your answer is saved. {person} gets it now, and it is on the card.").format(
            person=person(question.slack_user)
        )
    )


def asks_about(question: ApproverQuestion, request: Request, *, reader: str) -> str:
    """Say who asks about which request, to whoever may answer."""
    parts = {
        "person": person(question.slack_user),
        "package": bold(request.package_name),
        "holder": person(request.holder, request.holder_name),
        "requester": person(question.requester),
    }
    if not may_see_deciders(request, question.stage, reader):
        return _unnamed_asks_about(request, reader=reader).format(**parts)
    if reader != request.holder:
        return _(
            "{person} decides about your request for {package} for {holder}, and asks:"
        ).format(**parts)
    if request.is_on_behalf:
        return _(
            "{requester} has asked for {package} for you. {person} decides about that, and asks:"
        ).format(**parts)
    if request.kind is Kind.EXTEND:
        return _("{person} decides about your request to extend {package}, and asks:").format(
            **parts
        )
    return _("{person} decides about your request for {package}, and asks:").format(**parts)


def _unnamed_asks_about(request: Request, *, reader: str) -> str:
    if reader != request.holder:
        return _("An approver decides about your request for {package} for {holder}, and asks:")
    if request.is_on_behalf:
        return _(
            "{requester} has asked for {package} for you. An approver decides about that, and asks:"
        )
    if request.kind is Kind.EXTEND:
        return _("An approver decides about your request to extend {package}, and asks:")
    return _("An approver decides about your request for {package}, and asks:")


def _answered_what(question: ApproverQuestion, request: Request) -> str:
    parts = {
        "person": person(question.answered_by),
        "package": bold(request.package_name),
        "holder": person(request.holder, request.holder_name),
    }
    if question.answered_by == request.holder:
        return _("{person} answered your question about the request for {package}.").format(**parts)
    return _("{person} answered your question about {package} for {holder}.").format(**parts)


def _answered(question: ApproverQuestion, *, reader: str) -> str:
    if question.answered_by == reader:
        return _("You answered:")
    return _("{person} answered:").format(person=person(question.answered_by))


def _ask_hint(request: Request) -> str:
    asker = request.terms.asker if request.terms and request.is_on_behalf else None
    hint = (
        _(
            "{name} reads it without your name, and everybody who decides with it. It is kept with the request."
        )
        if hides_deciders(request, request.stage)
        else _(
            "{name} reads it with your name, and so does everybody who decides. It is kept with the request."
        )
    )
    return hint.format(name=asker.name if asker else request.holder_name or _("Whoever asked"))


def _deadline(request: Request) -> list[Block]:
    """Say that a question moves no deadline, where there is one."""
    if request.lapses_at is None:
        return []
    return [
        context(
            _(
                "A question moves no deadline: the request expires {moment} unless it is decided before."
            ).format(moment=moment(request.lapses_at))
        )
    ]


def _who_answer(question: ApproverQuestion) -> str:
    return all_of([person(each) for each in question.readers])


def _field(label: str, *, hint: str) -> Block:
    return {
        "type": "input",
        "block_id": FIELD,
        "label": plain(label),
        "hint": plain(hint),
        "element": {
            "type": "plain_text_input",
            "action_id": FIELD,
            "multiline": True,
            "max_length": LONGEST_REASON,
        },
    }


def _form(
    title: str, submit: str, *, callback_id: str, about_id: str, blocks: Sequence[Block]
) -> View:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": about_id,
        "title": plain(title),
        "submit": plain(submit),
        "close": plain(pgettext("close a form", "Cancel")),
        "blocks": list(blocks),
    }
