"""Ask admins why access is to be removed, of one or of many, and show beforehand exactly which."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.assignments.model import Assignment
from bot.messages.admins.namesakes import namesakes, plain_name, who_has
from bot.messages.blocks.pages import VIEW, count_of, fitted
from bot.messages.blocks.parts import (
    LONGEST_LABEL,
    LONGEST_SECTION,
    Block,
    Message,
    context,
    escape,
    length,
    message,
    plain,
    section,
    shorten,
    until,
)
from bot.packages.names import LONGEST_REASON
from bot.paging import Count
from bot.requests.model import Request
from bot.words import N_, _, ngettext, pgettext

ONE: Final = "latchkey_remove_reason"
CHOSEN: Final = "latchkey_remove_chosen"
LISTED: Final = "latchkey_remove_listed"
DONE: Final = "latchkey_removing"
# Of the menu of one page, see docs.slack.dev, "Checkboxes element".
MOST_CHOICES: Final = 10
# Of a leaver's requests, by name.
MOST_WAITING: Final = 20
AUTOMATIC: Final = N_(
    "An automatic policy in Entra gave this access and may give it again; I will tell you "
    "if it does."
)
# In one section.
MOST_LINES: Final = 5
READ: Final = N_("Whoever has it and is in Slack reads this, and it is kept in the audit log.")

View = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class About:
    """
    Tell what a form is about, and which page of the console lies below it.

    Attributes:
        page: The page, as it is written for a button; None if the form was opened elsewhere.
        key: By which the answer to the press that opened the form is found again, in this process.
        assignment_id: The one access that it is about.
        fingerprint: Of everything that was shown, where it is about all of a list.
    """

    page: str | None = None
    key: str | None = None
    assignment_id: str | None = None
    fingerprint: str | None = None

    def words(self) -> str:
        """Return this for a view's ``private_metadata``."""
        return json.dumps([self.page, self.key, self.assignment_id, self.fingerprint])


def about(view: Mapping[str, Any]) -> About:
    """Read what a form is about; nothing that comes from elsewhere is believed."""
    try:
        given = json.loads(str(view.get("private_metadata")))
    except ValueError:
        return About()
    if not isinstance(given, list) or len(given) != 4:
        return About()
    page, key, assignment_id, fingerprint = (
        each if isinstance(each, str) else None for each in given
    )
    return About(page=page, key=key, assignment_id=assignment_id, fingerprint=fingerprint)


def one(row: Assignment, of: About, *, automatic: bool) -> View:
    """
    Ask why one access is to be removed.

    Args:
        automatic: Entra gives it by itself to whom its policy names.
    """
    who = who_has(row, alike=(row.entra_id,))
    line = _("{who} has *{package}* {until}, and loses it within minutes.").format(
        who=who, package=escape(row.package_name), until=until(row.ends_at)
    )
    blocks = [section(line)]
    if automatic:
        blocks.append(context(_(AUTOMATIC)))
    return _form(
        _("Remove this access?"), _("Remove"), callback_id=ONE, of=of, blocks=[*blocks, _reason()]
    )


def several(rows: Sequence[Assignment], of: About, *, others_alike: Collection[str] = ()) -> View:
    """
    Let an admin choose among the rows of a page, and say why they are to be removed.

    Args:
        others_alike: Entra ids of those whose name somebody has who is on another page.
    """
    alike = namesakes(rows).union(others_alike)
    options = [
        {
            "value": row.id,
            "text": plain(plain_name(row, alike=alike, most=LONGEST_LABEL)),
            "description": plain(shorten(row.package_name, LONGEST_LABEL)),
        }
        for row in rows[:MOST_CHOICES]
    ]
    choice: Block = {
        "type": "input",
        "block_id": "chosen",
        "label": plain(_("Which of these are to be removed?")),
        "element": {"type": "checkboxes", "action_id": "chosen", "options": options},
    }
    return _form(
        _("Remove several"),
        _("Remove the chosen"),
        callback_id=CHOSEN,
        of=of,
        blocks=[choice, _reason()],
    )


def everything(
    rows: Sequence[Assignment],
    of: About,
    *,
    count: Count,
    whose: str,
    changed: bool = False,
    waiting: Sequence[Request] = (),
    sent: Sequence[Request] = (),
    people: Collection[str] = (),
) -> View:
    """
    Show all that is to be removed, and ask why.

    Args:
        rows: What one confirmation removes.
        count: How many there are.
        whose: What they are, fit for Slack: "Everything that Ann Abara has".
        changed: It is not what the form has shown before.
        waiting: Open requests that are canceled with it.
        sent: Those that are with Entra already, or may be, and are not.
        people: Entra ids of those whose it is; empty: of everybody who has it.
    """
    intro = _("*{whose}: {count} to be removed.*").format(whose=whose, count=len(rows))
    blocks = [section(intro)]
    if changed:
        blocks.insert(
            0,
            section(
                _(":warning: That has changed meanwhile. Nothing was removed; please look again.")
            ),
        )
    if count.number > len(rows) or not count.is_exact:
        blocks.append(
            context(
                _("These are the first of {count}. What is left can be removed after them.").format(
                    count=count_of(count)
                )
            )
        )
    foot = [*_waiting(waiting, sent), _reason()]
    together = _lines(rows, people)

    def left_out(left: Count) -> str:
        """Say how many lines are not shown, of so many blocks."""
        lines = sum(len(part) for part in together[len(together) - left.number :])
        return _("… and {left} more.").format(left=lines)

    shown = fitted(
        ([section("\n".join(part))] for part in together),
        count=Count(len(together)),
        room=VIEW.less([*blocks, *foot]),
        rest=left_out,
    )
    submit = _("Remove all {count}").format(count=len(rows)) if len(rows) > 1 else _("Remove")
    if not rows:
        submit = _("Cancel requests")
    return _form(
        _("Remove all of these?"),
        submit,
        callback_id=LISTED,
        of=of,
        blocks=[*blocks, *shown, *foot],
    )


def _waiting(waiting: Sequence[Request], sent: Sequence[Request]) -> list[Block]:
    """Say which requests are canceled as well, and how many cannot be any more."""
    made = []
    if waiting:
        head = ngettext(
            "*{count} open request is canceled as well:*",
            "*{count} open requests are canceled as well:*",
            len(waiting),
        ).format(count=len(waiting))
        lines = [f"• *{escape(each.package_name)}*" for each in waiting[:MOST_WAITING]]
        if len(waiting) > MOST_WAITING:
            lines.append(_("… and {left} more.").format(left=len(waiting) - MOST_WAITING))
        made.append(section("\n".join([head, *lines])))
    return [*made, *not_canceled(sent)]


def not_canceled(sent: Sequence[Request]) -> list[Block]:
    """Say how many open requests cannot be canceled any more, and what to do about them; nothing, if all can."""
    stuck = sum(each.held_at is not None for each in sent)
    said = [_with_entra(len(sent) - stuck)] if len(sent) > stuck else []
    if stuck:
        sentence = ngettext(
            "{count} request is stuck and is not canceled: give it up in the tab *{tab}*.",
            "{count} requests are stuck and are not canceled: give them up in the tab *{tab}*.",
            stuck,
        )
        said.append(sentence.format(count=stuck, tab=_("Stuck")))
    return [context(each) for each in said]


def _with_entra(sent: int) -> str:
    sentence = ngettext(
        "{count} request is with Entra already and is not canceled. Look again in a minute; if it waits for a decision "
        "there, have it denied.",
        "{count} requests are with Entra already and are not canceled. Look again in a minute; if they wait for a decision "
        "there, have them denied.",
        sent,
    )
    return sentence.format(count=sent)


def nothing_left(whose: str | None, *, sent: Sequence[Request] = ()) -> View:
    """
    Say that there is nothing to remove.

    Args:
        whose: What was to be, fit for Slack; None: what the page shows.
        sent: Open requests that are with Entra already, or may be, and are not canceled.
    """
    nothing = (
        _("Nothing on this page can be removed any more.")
        if whose is None
        else _("{whose}: there is nothing left to remove.").format(whose=whose)
    )
    shown = _said(nothing)
    return {**shown, "blocks": [*shown["blocks"], *not_canceled(sent)]}


def _lines(rows: Sequence[Assignment], people: Collection[str]) -> list[list[str]]:
    """Put a line for each row into as few sections as hold all of them whole."""
    alike = namesakes(rows, of=people)
    together: list[list[str]] = []
    for row in rows:
        who, package = who_has(row, alike=alike), escape(row.package_name)
        line = f"• {who}: *{package}* {until(row.ends_at)}"
        last = together[-1] if together else []
        is_full = len(last) == MOST_LINES or length("\n".join([*last, line])) > LONGEST_SECTION
        if is_full or not together:
            together.append([line])
        else:
            last.append(line)
    return together


def removing_several(
    asked: int, *, already: int, over: int, canceled: int = 0, untold: int = 0
) -> Message:
    """
    Say what one confirmation has set going.

    Args:
        untold: Of how many of those whose access goes nobody is known in Slack.
    """
    parts = [_asked(asked, untold)] if asked or not (already or over or canceled) else []
    if canceled:
        parts.append(
            ngettext(
                "{count} open request is being canceled.",
                "{count} open requests are being canceled.",
                canceled,
            ).format(count=canceled)
        )
    if already:
        parts.append(
            _("{count} of what you chose was being removed already.").format(count=already)
        )
    if over:
        parts.append(_("{count} of what you chose had ended already.").format(count=over))
    return message(" ".join(parts))


def _asked(asked: int, untold: int) -> str:
    if not untold:
        return ngettext(
            "{count} access is being removed; each holder is told when it is done.",
            "{count} accesses are being removed; each holder is told when it is done.",
            asked,
        ).format(count=asked)
    said = ngettext(
        "{count} access is being removed.", "{count} accesses are being removed.", asked
    ).format(count=asked)
    if untold < asked:
        said += f" {_('The holders whom I know in Slack are told when it is done.')}"
    return said


def done(said: Message) -> View:
    """Say in the form's place what it has set going."""
    return _said(str(said["text"]))


def _said(text: str) -> View:
    return {
        "type": "modal",
        "callback_id": DONE,
        "title": plain(_("Remove access")),
        "close": plain(_("Close")),
        "blocks": [section(text)],
    }


def chosen_in(view: Mapping[str, Any]) -> list[str]:
    """Return the ids of what was chosen in the form."""
    values = view.get("state", {}).get("values", {})
    chosen = values.get("chosen", {}).get("chosen", {}).get("selected_options")
    if not isinstance(chosen, list):
        return []
    return [str(each["value"]) for each in chosen if isinstance(each, Mapping) and "value" in each]


def _reason() -> Block:
    return {
        "type": "input",
        "block_id": "reason",
        "label": plain(_("Why?")),
        "hint": plain(_(READ)),
        "element": {
            "type": "plain_text_input",
            "action_id": "reason",
            "multiline": True,
            "max_length": LONGEST_REASON,
        },
    }


def _form(title: str, submit: str, *, callback_id: str, of: About, blocks: list[Block]) -> View:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": of.words(),
        "title": plain(title),
        "submit": plain(submit),
        "close": plain(pgettext("close a form", "Cancel")),
        "blocks": blocks,
    }
