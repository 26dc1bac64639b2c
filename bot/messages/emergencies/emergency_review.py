"""Ask somebody to review emergency access, remind them, and read what they say in the form."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bot.emergencies.model import Emergency, Finding, ReviewFinding
from bot.messages.blocks.parts import (
    Message,
    bold,
    context,
    message,
    moment,
    plain,
    section,
    shorten,
)
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.emergencies import emergency as cards
from bot.packages.names import LONGEST_REASON
from bot.requests.model import Request
from bot.words import _, pgettext, translate

CALLBACK: Final = "latchkey_emergency_finding"
FINDING, COMMENT = "finding", "comment"
# Slack's limit for the text of an option.
LONGEST_OPTION: Final = 75


def title() -> str:
    """Return what the form is called; 24 characters at most."""
    return _("Emergency review")


def reminder(emergency: Emergency, request: Request, *, now: datetime) -> Message:
    """Remind somebody of a review that is still to be closed, with the whole card."""
    whole = cards.card(emergency, request, now=now)
    if emergency.is_overdue(now):
        line = _("The review of this emergency access is overdue: please close it now.")
    else:
        line = _(
            "The review of this emergency access is still open; please close it by {moment}."
        ).format(moment=moment(emergency.review_by))
    return message(f"{line} {whole['text']}", [section(line), *whole["blocks"]])


def not_counted(said: ReviewFinding, request: Request) -> Message:
    """Tell somebody why what they said in a review does not count."""
    return message(
        _("Your review of the emergency access to {package} does not count. {why}").format(
            package=bold(request.package_name), why=escape_sentence(translate(said.why or ""))
        )
    )


def form(
    emergency: Emergency, request: Request, *, now: datetime, is_over: bool = False
) -> dict[str, Any]:
    """
    Ask how somebody finds an emergency, and why; of a closed review, say how it was closed.

    Args:
        is_over: There is no access any more that could stay or be taken away.
    """
    facts = cards.card_facts(emergency, request, now=now)["blocks"]
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": request.id,
        "title": plain(title()),
        "close": plain(pgettext("close a form", "Cancel")),
        "blocks": facts,
    }
    if not emergency.is_open:
        return view
    if is_over:
        labels = {Finding.FINE: _("It was fine."), Finding.REMOVE: _("It was not fine.")}
        view["blocks"] = facts = [*facts, context(_("The access is not there any more."))]
    else:
        labels = {
            Finding.FINE: _("It was fine: the access stays until its end."),
            Finding.REMOVE: _("Take the access away now."),
        }
    options = [
        {"text": plain(shorten(label, LONGEST_OPTION)), "value": str(finding)}
        for finding, label in labels.items()
    ]
    view["submit"] = plain(_("Close the review"))
    view["blocks"] = [
        *facts,
        {
            "type": "input",
            "block_id": FINDING,
            "label": plain(_("What do you find?")),
            "element": {"type": "radio_buttons", "action_id": FINDING, "options": options},
        },
        {
            "type": "input",
            "block_id": COMMENT,
            "label": plain(_("Why? The person whose access it is reads this.")),
            "element": {
                "type": "plain_text_input",
                "action_id": COMMENT,
                "multiline": True,
                "max_length": LONGEST_REASON,
            },
        },
    ]
    return view


def saved() -> Message:
    """Say that a review was saved; whether it counts is checked right after."""
    return message(
        _(
            "Your review is saved. I am checking that you may close it; the card shows the result, and if it does not "
            "count I will send you a message."
        )
    )


def finding_in(view: Mapping[str, Any]) -> Finding | None:
    """Return what was chosen in the form; None if nothing was."""
    option = _field(view, FINDING).get("selected_option")
    value = option.get("value") if isinstance(option, Mapping) else None
    return Finding(value) if value in set(Finding) else None


def comment_in(view: Mapping[str, Any]) -> str:
    """Return what was written in the form."""
    return str(_field(view, COMMENT).get("value") or "").strip()


def _field(view: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Any = view
    for key in ("state", "values", name, name):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
