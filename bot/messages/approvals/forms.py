"""Ask in a form why somebody decides as they do."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.approvals.model import ApproverQuestion, Decision
from bot.messages.approvals import approval_card
from bot.messages.blocks.pages import VIEW
from bot.messages.blocks.parts import Block, plain
from bot.packages.names import LONGEST_REASON
from bot.people.model import Verb
from bot.requests.model import Request
from bot.words import _, pgettext

View = dict[str, Any]


def reason(
    decision: Decision,
    request: Request,
    counted: Sequence[Decision] = (),
    questions: Sequence[ApproverQuestion] = (),
) -> View:
    """
    Ask why somebody approves or denies, below all that the card says, which the form covers.

    Args:
        counted: The decisions that count so far.
        questions: What those who decide have asked, with the answers.
    """
    if decision.verb is Verb.DENY:
        title, submit, hint = _("Deny this request"), _("Deny"), _("The requester reads this.")
    else:
        title, submit = _("Approve this request"), _("Approve")
        hint = _("Kept with the decision.")
    return _form(
        title,
        submit,
        callback_id="latchkey_reason",
        about_id=decision.id,
        intro=approval_card.facts(request, counted, questions=questions, room=VIEW),
        field=reason_field(_("Reason"), hint=hint),
    )


def written_about(decision_id: str, *, card: str | None) -> str:
    """Write for a form's ``private_metadata`` which decision it completes, and the id of the modal whose card it was opened from."""
    return f"{decision_id} {card}" if card else decision_id


def read_about(view: Mapping[str, Any]) -> tuple[str, str | None]:
    """Read that again: the decision's id, and the modal's."""
    decision_id, _space, card = str(view.get("private_metadata") or "").partition(" ")
    return decision_id, card or None


def reason_in(view: Mapping[str, Any]) -> str:
    """Return what was typed into the reason field of a submitted form; empty if nothing."""
    field = view.get("state", {}).get("values", {}).get("reason", {}).get("reason", {})
    return str(field.get("value") or "").strip()


def _form(
    title: str,
    submit: str,
    *,
    callback_id: str,
    about_id: str,
    intro: Sequence[Block],
    field: Block,
) -> View:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": about_id,
        "title": plain(title),
        "submit": plain(submit),
        "close": plain(pgettext("close a form", "Cancel")),
        "blocks": [*intro, field],
    }


def reason_field(label: str, *, optional: bool = False, hint: str | None = None) -> Block:
    """Make the field that asks for a reason; `reason_in` reads it."""
    field: Block = {
        "type": "input",
        "block_id": "reason",
        "optional": optional,
        "label": plain(label),
        "element": {
            "type": "plain_text_input",
            "action_id": "reason",
            "multiline": True,
            "max_length": LONGEST_REASON,
        },
    }
    if hint:
        field["hint"] = plain(hint)
    return field
