"""Remind of access that ends soon, and say so once something was done about it."""

from collections.abc import Collection, Mapping, Sequence

from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress
from bot.messages import troubles
from bot.messages.asking import confirm_return
from bot.messages.pages import MESSAGE, fitted
from bot.messages.parts import (
    Block,
    Message,
    actions,
    button,
    context,
    day,
    escape,
    message,
    section,
)
from bot.messages.request_words import FOR_REQUESTER, stage_of_work
from bot.paging import Count
from bot.requests.model import Request


def expiring(
    rows: Sequence[Assignment],
    *,
    extendable: Collection[str],
    busy: Mapping[str, Request],
    moved: Collection[str] = (),
) -> Message:
    """
    Say what ends soon, all in one message; also the redraw after something was done about it.

    Args:
        extendable: Ids of the policies whose holders may extend.
        busy: By assignment id, the open request about it.
        moved: Ids of those whose end is not any more the one that the reminder was about.
    """
    names = ", ".join(escape(row.package_name) for row in rows)
    soon = [row for row in rows if row.state is not AssignmentState.ENDED and row.id not in moved]
    if not soon:
        intro, text = f"About your access to *{names}*:", f"About your access to {names}."
    elif len(rows) == 1:
        intro = f"Your access to *{names}* ends soon."
        text = f"Your access to {names} ends {day(soon[0].ends_at)}." if soon[0].ends_at else intro
    else:
        intro, text = f"{len(soon)} of your access packages expire soon.", f"Ending soon: {names}."
    head = [section(intro)]
    shown = [
        _expiring_row(
            row,
            extendable=row.policy_id in extendable,
            busy=busy.get(row.id),
            is_moved=row.id in moved,
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
    row: Assignment, *, extendable: bool, busy: Request | None, is_moved: bool
) -> list[Block]:
    name = escape(row.package_name)
    if row.state is AssignmentState.ENDED:
        return [section(f"*{name}* has ended.")]
    ends = f"ends {day(row.ends_at)}" if row.ends_at else "has no end date any more"
    line = f"*{name}*{troubles.SHORT.get(row.progress, '')} {ends}"
    if is_moved and busy is None:
        now = f"lasts until {day(row.ends_at)} now" if row.ends_at else "has no end date any more"
        return [section(f"*{name}* {now}.")]
    if busy is not None:
        return [
            section(line),
            context(f"{FOR_REQUESTER[busy.kind]} {name}: {stage_of_work(busy)}."),
        ]
    if row.may_end:
        return [section(line), context("You chose to let it end. I will not remind you again.")]
    buttons = [
        button("Extend", "extend", row.id, style="primary", about=row.package_name)
        if extendable and row.progress is not DeliveryProgress.PARTIAL
        else None,
        button("Return now", "return", row.id, confirm=confirm_return(row), about=row.package_name),
        button("Let it end", "let_end", row.id, about=row.package_name),
    ]
    return [section(line), actions(*buttons, block_id=f"ending:{row.id}")]
