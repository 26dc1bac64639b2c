"""Draw the audit log in the console, with the buttons that export it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.console.model import ConsolePage, write_console_page
from bot.messages.admins.console.part import first_button, next_button
from bot.messages.blocks.parts import (
    Block,
    actions,
    button,
    context,
    escape,
    moment,
    section,
    shorten,
)
from bot.messages.blocks.quotes import one_line
from bot.paging import Mark, Place
from bot.words import N_, _

SLACK_ID: Final = re.compile(r"[UW][A-Z0-9]{2,31}")
NOT_THEIRS: Final = N_(
    "I do not know their Slack account, so what they have done there is not listed. Search for them by a mention, as in "
    "`/access-admin audit @person`."
)
# Of a reason, in a row of a list; the card has the whole.
LONGEST_REASON: Final = 200


def audit_list(
    page: ConsolePage,
    rows: Sequence[Mapping[str, Any]],
    *,
    place: Place,
    names: Mapping[str, str],
    packages: Mapping[str, str],
    narrowed: str | None,
    has_more: bool,
    is_account_unknown: bool = False,
) -> list[Block]:
    """
    List rows of the audit log, the newest first, with the buttons that export it.

    Args:
        place: Which of its rows, without where the page begins.
        names: Whom they are about, fit for Slack, by Entra id.
        packages: The packages' names by id.
        narrowed: What it is narrowed to, fit for Slack.
        has_more: There are older rows.
        is_account_unknown: Of whoever it is narrowed to, what they have done in Slack is not known to be theirs.
    """
    title = (
        _("*The audit log of {narrowed}, the newest first.*").format(narrowed=narrowed)
        if narrowed
        else _("*The audit log, the newest first.*")
    )
    head = [section(title)]
    if is_account_unknown:
        head.append(context(_(NOT_THEIRS)))
    value = write_console_page(page.at(place)) or "-"
    exports = actions(
        button(_("Export as CSV"), "export_csv", value),
        button(_("Export as JSON Lines"), "export_jsonl", value),
        block_id="export",
    )
    note = context(_("A file of what is listed here comes as a direct message, to you alone."))
    if not rows:
        return [*head, section(_("Nothing is written down about that."))]
    shown = [context(_audit_line(row, names=names, packages=packages)) for row in rows]
    first, more = None, None
    if page.place is not None and page.place.after is not None:
        first = first_button(page, place)
    if has_more:
        more = next_button(page, place, Mark(None, str(rows[-1]["position"])))
    pages = [actions(first, more, block_id="pages")] if first or more else []
    return [*head, *shown, *pages, exports, note]


def _audit_line(
    row: Mapping[str, Any], *, names: Mapping[str, str], packages: Mapping[str, str]
) -> str:
    actor = str(row["actor"])
    who = f"<@{actor}>" if SLACK_ID.fullmatch(actor) else escape(actor)
    parts = [f"#{row['position']}", moment(row["at"]), who, f"*{escape(str(row['verb']))}*"]
    if row["before"] or row["after"]:
        parts.append(escape(" → ".join(each for each in (row["before"], row["after"]) if each)))
    if row["package_id"]:
        parts.append(escape(packages.get(row["package_id"], row["package_id"])))
    if row["subject_entra_id"]:
        parts.append(names.get(row["subject_entra_id"], escape(row["subject_entra_id"])))
    line = " · ".join(parts)
    if row["why"]:
        line += f"\n“{one_line(shorten(row['why'], LONGEST_REASON))}”"
    return line
