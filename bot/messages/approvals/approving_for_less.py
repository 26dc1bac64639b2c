"""Ask an approver in a form for the shorter end that they set."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from bot import clock
from bot.approvals.model import ApproverQuestion, Decision
from bot.messages.approvals import approval_card
from bot.messages.approvals.forms import reason_field
from bot.messages.blocks.pages import VIEW
from bot.messages.blocks.parts import Block, context, moment, plain
from bot.requests.model import Request
from bot.words import _, pgettext

CALLBACK: Final = "latchkey_approve_until"
END: Final = "until"
# A moment in a view is a number of seconds of ten digits.
LAST_MOMENT: Final = 10**10


def form(
    decision: Decision,
    request: Request,
    counted: Sequence[Decision] = (),
    questions: Sequence[ApproverQuestion] = (),
) -> dict[str, Any]:
    """Ask until when, below all that the card says, which the form covers."""
    stage = request.current_stage
    until: Block = {
        "type": "input",
        "block_id": END,
        "label": plain(_("Approve until")),
        "element": {"type": "datetimepicker", "action_id": END},
    }
    reason = reason_field(
        _("Reason"),
        optional=stage is None or not stage.reason_required,
        hint=_("Kept with the decision."),
    )
    # A hint formats nothing, and so could not say the moment in the reader's own zone, as the field has it.
    ends = context(_latest(request))
    room = VIEW.less([ends, until, reason])
    asked = approval_card.facts(request, counted, questions=questions, room=room)
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": decision.id,
        "title": plain(_("Approve for less")),
        "submit": plain(_("Approve")),
        "close": plain(pgettext("close a form", "Cancel")),
        "blocks": [*asked, until, ends, reason],
    }


def end_in(view: Mapping[str, Any]) -> datetime | None:
    """Return the end that was picked in a submitted form; None if none was."""
    field = view.get("state", {}).get("values", {}).get(END, {}).get(END, {})
    picked = field.get("selected_date_time")
    if not isinstance(picked, int) or isinstance(picked, bool) or not 0 < picked < LAST_MOMENT:
        return None
    return datetime.fromtimestamp(picked, UTC)


def _latest(request: Request) -> str:
    latest = request.latest_end(clock.now())
    if latest is None:
        return _("It was asked for without an end. The requester reads which end you set.")
    return _("It would last until {when}. The requester reads which end you set.").format(
        when=moment(latest)
    )
