"""Remind of access that ends soon, and say so once something was done about it."""

from collections.abc import Collection, Mapping, Sequence

from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress
from bot.messages.assignments import troubles
from bot.messages.assignments.changing import confirm_return, remind_again_button
from bot.messages.assignments.extending import extension_of
from bot.messages.blocks.pages import MESSAGE, fitted
from bot.messages.blocks.parts import (
    Block,
    Message,
    actions,
    ago,
    button,
    context,
    escape,
    message,
    moment,
    section,
    shorten,
)
from bot.messages.phrases.request_words import PAUSED, about_busy
from bot.packages.offers import PoliciesHeldUnder, lets_return
from bot.paging import Count
from bot.requests.model import Request
from bot.words import _, ngettext
from bot.words.formats import in_a_row, number


def expiring(
    rows: Sequence[Assignment],
    *,
    held_under: PoliciesHeldUnder,
    busy: Mapping[str, Request],
    moved: Collection[str] = (),
    overtaken: Collection[str] = (),
    is_paused: bool = False,
) -> Message:
    """
    Say what ends soon, all in one message; also the redraw after something was done about it.

    Args:
        held_under: The policies under which people have it, which say what these may do.
        busy: By assignment id, the open request about it.
        moved: Ids of those whose end is not any more the one that the reminder was about.
        is_paused: All granting is paused.
        overtaken: Ids of those of whose end a later reminder was sent: the buttons are there.
    """
    names = in_a_row([escape(row.package_name) for row in rows])
    soon = [row for row in rows if row.state is not AssignmentState.ENDED and row.id not in moved]
    if not soon:
        intro, text = (
            _("About your access to *{names}*:").format(names=names),
            _("About your access to {names}.").format(names=names),
        )
    elif len(rows) == 1:
        [row] = rows
        intro = ""
        text = (
            _("Your access to {package} ends {when}.").format(
                package=names, when=moment(row.ends_at)
            )
            if row.ends_at
            else (_("Your access to {package} has no end date any more.").format(package=names))
        )
    else:
        intro, text = (
            ngettext(
                "{count} of your access packages expires soon.",
                "{count} of your access packages expire soon.",
                len(soon),
            ).format(count=number(len(soon))),
            _("Ending soon: {names}.").format(
                names=in_a_row([escape(row.package_name) for row in soon])
            ),
        )
    head = [section(intro)] if intro else []
    shown = [
        _expiring_row(
            row,
            held_under=held_under,
            busy=busy.get(row.id),
            is_moved=row.id in moved,
            is_overtaken=row.id in overtaken,
            is_alone=not head,
            is_paused=is_paused,
        )
        for row in rows
    ]
    fit = fitted(
        shown,
        count=Count(len(shown)),
        room=MESSAGE.less(head),
        rest=lambda left: _("… and {left} more: `/my-access` shows them all.").format(left=left),
    )
    return message(text, [*head, *fit])


def _expiring_row(
    row: Assignment,
    *,
    held_under: PoliciesHeldUnder,
    busy: Request | None,
    is_moved: bool,
    is_overtaken: bool,
    is_alone: bool,
    is_paused: bool,
) -> list[Block]:
    name = escape(row.package_name)
    if row.state is AssignmentState.ENDED:
        return [section(_("*{name}* has ended.").format(name=name))]
    if is_moved and busy is None:
        if row.ends_at is None:
            return [section(_("*{name}* has no end date any more.").format(name=name))]
        when = moment(row.ends_at)
        return [section(_("*{name}* lasts until {when} now.").format(name=name, when=when))]
    # What is known of its delivery stands behind its name.
    shown = f"*{name}*{_(troubles.SHORT.get(row.progress, ''))}"
    if row.ends_at is None:
        sentence = (
            _("Your access to {package} has no end date any more.")
            if is_alone
            else _("{package} has no end date any more.")
        )
        line = sentence.format(package=shown)
    else:
        # Slack counts the days each time it shows the message.
        sentence = (
            _("Your access to {package} ends {when} ({left}).")
            if is_alone
            else _("{package} ends {when} ({left}).")
        )
        line = sentence.format(package=shown, when=moment(row.ends_at), left=ago(row.ends_at))
    if busy is not None:
        paused = f" {_(PAUSED)}" if is_paused and busy.is_to_be_granted else ""
        return [section(line), context(f"{about_busy(busy)}{paused}")]
    if row.may_end:
        chosen = context(_("You chose to let it end. I will not remind you again."))
        if is_overtaken:
            return [section(line), chosen]
        undo = actions(remind_again_button(row), block_id=f"ending:{row.id}")
        return [section(line), chosen, undo]
    if is_overtaken:
        return [
            section(line),
            context(_("I have reminded you again since; the buttons are there.")),
        ]
    extension = extension_of(row, held_under)
    if row.progress is DeliveryProgress.PARTIAL:
        extension = None
    about = shorten(row.package_name, 40)
    buttons = [
        button(extension.label, "extend", row.id, style="primary", about=about)
        if extension
        else None,
        button(
            _("Return now"), "return", row.id, confirm=confirm_return(row.package_name), about=about
        )
        if lets_return(held_under, row.policy_id)
        else None,
        button(_("Let it end"), "let_end", row.id, about=about),
    ]
    brings = [context(extension.sentence)] if extension and extension.sentence else []
    return [section(line), *brings, actions(*buttons, block_id=f"ending:{row.id}")]
