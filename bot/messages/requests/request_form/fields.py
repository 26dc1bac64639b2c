"""Make the fields that every form to request a package may have: the policy, for whom, why, from when until when."""

from collections.abc import Sequence

from bot.messages.blocks.parts import Block, beginning, escape, length, plain, section, shorten
from bot.messages.phrases import policy_words
from bot.messages.requests.request_form.questions import LONGEST_LABEL, LONGEST_TEXT, option
from bot.messages.requests.request_form.reading import END, POLICY, REASON, START
from bot.messages.requests.request_form.subject import FOR_WHOM
from bot.packages.names import LONGEST_REASON
from bot.packages.offers import OfferedPolicy
from bot.words import _
from bot.words.formats import in_a_row


def choice_of_policy(
    policies: Sequence[OfferedPolicy], chosen: OfferedPolicy | None, *, for_other: bool
) -> list[Block]:
    """Show the ways there are, whole, and a menu of them: what one chooses changes what is asked."""
    lines = [
        f"{number}. *{escape(shorten(policy.name, 250))}*: {escape(_how(policy, for_other=for_other))}"
        for number, policy in enumerate(policies, 1)
    ]
    options = {
        policy.id: option(f"{number}. {policy.name}, {policy_words.lasts(policy.lasts)}", policy.id)
        for number, policy in enumerate(policies, 1)
    }
    menu: Block = {
        "type": "static_select",
        "action_id": "latchkey_policy",
        "placeholder": plain(_("Choose one")),
        "options": list(options.values()),
    }
    if chosen is not None:
        menu["initial_option"] = options[chosen.id]
    return [
        *whole("\n".join(lines)),
        {
            "type": "input",
            "block_id": POLICY,
            "dispatch_action": True,
            "label": plain(_("Which do you want?")),
            "element": menu,
        },
    ]


def _how(policy: OfferedPolicy, *, for_other: bool) -> str:
    facts = (
        policy_words.lasts(policy.lasts),
        policy_words.decides(policy.stages, for_other=for_other),
        "" if policy.for_oneself else _("managers ask for their people"),
    )
    return in_a_row([fact for fact in facts if fact])


def whole(text: str) -> list[Block]:
    """Show a long mrkdwn text of lines, in as many sections as it takes."""
    blocks, current = [], ""
    for line in text.split("\n"):
        if current and length(current) + length(line) + 1 > LONGEST_TEXT:
            blocks.append(section(current))
            current = line
        else:
            current = f"{current}\n{line}" if current else line
    return [*blocks, section(current)]


def for_whom(wanted_for: str | None, *, is_for_oneself: bool = True) -> Block:
    """
    Ask for whom the access is; the form is drawn anew, as other policies may be for them.

    Args:
        is_for_oneself: They may leave it empty, and ask for themselves.
    """
    element: Block = {
        "type": "users_select",
        "action_id": "latchkey_for_whom",
        "placeholder": plain(_("Yourself") if is_for_oneself else _("Choose somebody")),
    }
    if wanted_for:
        element["initial_user"] = wanted_for
    return {
        "type": "input",
        "block_id": FOR_WHOM,
        "optional": is_for_oneself,
        "dispatch_action": True,
        "label": plain(_("For whom?")),
        "hint": plain(
            _("Leave it empty for yourself. They are told, and may decline.")
            if is_for_oneself
            else _(
                "Managers ask for it for the people who report to them, and nobody for themselves. They are told, and may decline."
            )
        ),
        "element": element,
    }


def reason_field(chosen: OfferedPolicy | None, reason: str | None, hint: str | None) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": REASON,
        "multiline": True,
        "max_length": LONGEST_REASON,
    }
    if reason:
        element["initial_value"] = beginning(reason, LONGEST_REASON)
    block: Block = {
        "type": "input",
        "block_id": REASON,
        "optional": hint is None and not (chosen and chosen.needs_reason),
        "label": plain(_("Why do you need it?")),
        "element": element,
    }
    if hint is not None:
        block["hint"] = plain(shorten(hint, LONGEST_LABEL))
    return block


def date_fields(chosen: OfferedPolicy) -> list[Block]:
    """Ask from when until when; both may be left to the policy."""
    return [
        _date(START, _("From when?"), _("Leave it empty to have it at once.")),
        _date(
            END,
            _("Until when?"),
            _("Leave it empty for as long as it gives: {lasts}.").format(
                lasts=policy_words.lasts(chosen.lasts)
            ),
        ),
    ]


def _date(name: str, label: str, hint: str) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "optional": True,
        "label": plain(label),
        "hint": plain(shorten(hint, LONGEST_LABEL)),
        "element": {"type": "datetimepicker", "action_id": name},
    }
