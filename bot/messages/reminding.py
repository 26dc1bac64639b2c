"""Remind of access that ends soon, and say so once something was done about it."""

from collections.abc import Collection, Mapping, Sequence

from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress
from bot.messages import troubles
from bot.messages.asking import confirm_return
from bot.messages.extending import extension_of
from bot.messages.pages import MESSAGE, fitted
from bot.messages.parts import (
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
from bot.messages.request_words import FOR_REQUESTER, stage_of_work
from bot.packages.offers import ExtendablePolicies
from bot.paging import Count
from bot.requests.model import Request


def expiring(
    rows: Sequence[Assignment],
    *,
    extendable: ExtendablePolicies,
    busy: Mapping[str, Request],
    moved: Collection[str] = (),
    overtaken: Collection[str] = (),
) -> Message:
    """
    Say what ends soon, all in one message; also the redraw after something was done about it.

    Args:
        extendable: The policies whose holders may extend.
        busy: By assignment id, the open request about it.
        moved: Ids of those whose end is not any more the one that the reminder was about.
        overtaken: Ids of those of whose end a later reminder was sent: the buttons are there.
    """
    names = ", ".join(escape(row.package_name) for row in rows)
    soon = [row for row in rows if row.state is not AssignmentState.ENDED and row.id not in moved]
    if not soon:
        intro, text = f"About your access to *{names}*:", f"About your access to {names}."
    elif len(rows) == 1:
        [row] = rows
        intro = ""
        text = (
            f"Your access to {names} ends {moment(row.ends_at)}."
            if row.ends_at
            else (f"Your access to {names} has no end date any more.")
        )
    else:
        intro, text = f"{len(soon)} of your access packages expire soon.", f"Ending soon: {names}."
    head = [section(intro)] if intro else []
    shown = [
        _expiring_row(
            row,
            extendable=extendable,
            busy=busy.get(row.id),
            is_moved=row.id in moved,
            is_overtaken=row.id in overtaken,
            is_alone=not head,
        )
        for row in rows
    ]
    fit = fitted(
        shown,
        count=Count(len(shown)),
        room=MESSAGE.less(head),
        rest=lambda left: f"… and {left} more: `/my-access` shows them all.",
    )
    return message(text, [*head, *fit])


def _expiring_row(
    row: Assignment,
    *,
    extendable: ExtendablePolicies,
    busy: Request | None,
    is_moved: bool,
    is_overtaken: bool,
    is_alone: bool,
) -> list[Block]:
    name = escape(row.package_name)
    if row.state is AssignmentState.ENDED:
        return [section(f"*{name}* has ended.")]
    if is_moved and busy is None:
        now = (
            f"lasts until {moment(row.ends_at)} now" if row.ends_at else "has no end date any more"
        )
        return [section(f"*{name}* {now}.")]
    ends = f"ends {moment(row.ends_at)}" if row.ends_at else "has no end date any more"
    # Slack counts the days each time it shows the message.
    left = f" ({ago(row.ends_at)})" if row.ends_at else ""
    whose = "Your access to " if is_alone else ""
    line = f"{whose}*{name}*{troubles.SHORT.get(row.progress, '')} {ends}{left}."
    if busy is not None:
        return [
            section(line),
            context(f"{FOR_REQUESTER[busy.kind]} {name}: {stage_of_work(busy)}."),
        ]
    if row.may_end:
        return [section(line), context("You chose to let it end. I will not remind you again.")]
    if is_overtaken:
        return [section(line), context("I have reminded you again since; the buttons are there.")]
    extension = extension_of(row, extendable)
    if row.progress is DeliveryProgress.PARTIAL:
        extension = None
    about = shorten(row.package_name, 40)
    buttons = [
        button(extension.label, "extend", row.id, style="primary", about=about)
        if extension
        else None,
        button("Return now", "return", row.id, confirm=confirm_return(row), about=about),
        button("Let it end", "let_end", row.id, about=about),
    ]
    brings = [context(extension.sentence)] if extension and extension.sentence else []
    return [section(line), *brings, actions(*buttons, block_id=f"ending:{row.id}")]
