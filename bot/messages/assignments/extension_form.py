"""Ask in a form why access is still needed, before its extension is asked for."""

import json
from collections.abc import Mapping
from typing import Any

from bot.assignments.model import Assignment
from bot.messages.assignments.extending import ExtensionOffer
from bot.messages.blocks.parts import Block, Message, escape, moment, plain, section, until
from bot.messages.phrases.policy_words import approvers
from bot.packages.names import LONGEST_REASON
from bot.words import _, pgettext
from bot.words.formats import as_sentence

CALLBACK = "latchkey_extension"

View = dict[str, Any]


def ask_why(
    row: Assignment,
    offer: ExtensionOffer,
    *,
    is_required: bool,
    hint: str | None,
    key: str,
) -> View:
    """
    Ask why access is to last longer.

    Args:
        is_required: An extension without a reason is not taken.
        hint: What the reason must contain, a sentence; None: anything will do.
        key: By which the answer to the press that opened the form is found again.
    """
    lines = [as_sentence(f"*{escape(row.package_name)}* {until(row.ends_at)}")]
    if offer.ends_at is not None:
        lines.append(
            _("New end: {when}, if you ask for it now.").format(when=moment(offer.ends_at))
        )
    if offer.stages:
        lines.append(
            _("Approves extensions: {approvers}.").format(approvers=escape(approvers(offer.stages)))
        )
    field: Block = {
        "type": "input",
        "block_id": "reason",
        "optional": not is_required,
        "label": plain(_("Why do you still need it?")),
        "element": {
            "type": "plain_text_input",
            "action_id": "reason",
            "multiline": True,
            "max_length": LONGEST_REASON,
        },
    }
    field["hint"] = plain(hint or _("Whoever decides reads this, and it is kept in the audit log."))
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": json.dumps([row.id, key]),
        "title": plain(_("Extend access")),
        "submit": plain(_("Extend")),
        "close": plain(pgettext("close a form", "Cancel")),
        "blocks": [section("\n".join(lines)), field],
    }


def about(view: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the assignment's id and the key; an empty id if the form carries none of ours."""
    try:
        assignment_id, key = json.loads(str(view.get("private_metadata")))
    except (ValueError, TypeError):
        return "", None
    return str(assignment_id), key if isinstance(key, str) else None


def asked(said: Message) -> View:
    """Say in the form's place what has been asked for."""
    return {
        "type": "modal",
        "callback_id": "latchkey_extending",
        "title": plain(_("Extend access")),
        "close": plain(_("Close")),
        "blocks": [section(str(said["text"]))],
    }
