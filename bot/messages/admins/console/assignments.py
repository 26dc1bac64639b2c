"""Draw who has what in the console, with the buttons that remove one or many."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from bot.assignments.model import Assignment, AssignmentState
from bot.console.model import ConsolePage, Tab, write_console_page
from bot.messages.admins import removal_forms
from bot.messages.admins.access_list import many_have, nobody_has
from bot.messages.admins.console.part import part, said_of_nothing
from bot.messages.admins.namesakes import namesakes, who_has
from bot.messages.approvals.pending_rows import pending_review
from bot.messages.assignments import troubles
from bot.messages.blocks.parts import (
    Block,
    actions,
    button,
    context,
    divider,
    escape,
    section,
    until,
)
from bot.paging import Page, Place
from bot.requests.model import Request
from bot.words import _

# Of what somebody waits for besides, by name.
MOST_WAITING: Final = 10


def assignment_list(
    page: ConsolePage,
    found: Page[Assignment],
    *,
    place: Place,
    package: str | None,
    whom: str | None,
    notes: Sequence[str],
    removing: Collection[str],
    why: Mapping[str, str],
    waiting: Sequence[Request] = (),
) -> list[Block]:
    """
    List who has what, what ends first at the top, each with a button to remove it.

    Args:
        place: Which list, without where it begins.
        package: The name of the package that it is narrowed to.
        whom: Whom it is narrowed to, fit for Slack.
        notes: What is to be said besides, a sentence each.
        removing: Ids of those whose removal is asked for.
        why: Where each access comes from, in sentences, by its id; of those of which that is to be said.
        waiting: What the person waits for besides.
    """
    said = [section(" ".join(notes))] if notes else []
    # What is asked for besides one package is no matter of a list of it.
    cancels = bool(waiting) and page.tab is Tab.LEAVER and place.package_id is None
    waits = _waiting(waiting, cancels=cancels)
    if not found.rows:
        nobody = nobody_has(package=package, whom=whom)
        alone = _bulk(page.at(place), removable=0, cancels=cancels)
        return [section(said_of_nothing(found, nobody)), *said, *alone, *waits]
    many = many_have(found, package=package, whom=whom)
    gone = {*removing, *(row.id for row in found.rows if row.state is AssignmentState.REMOVING)}
    alike = namesakes(found.rows, of=place.entra_ids)
    rows = (
        [*_assignment_row(row, is_removing=row.id in gone, alike=alike), *_context(why.get(row.id))]
        for row in found.rows
    )
    left = sum(row.id not in gone for row in found.rows)
    bulk = _bulk(page.at(place), removable=left, cancels=cancels)
    return [section(many), *said, *part(page, found, rows, place), *bulk, *waits]


def _context(text: str | None) -> list[Block]:
    return [context(text)] if text else []


def _waiting(waiting: Sequence[Request], *, cancels: bool) -> list[Block]:
    """
    Say what somebody has asked for and does not have yet.

    Args:
        cancels: Removing all of them cancels that, too.
    """
    if not waiting:
        return []
    shown = waiting[:MOST_WAITING]
    rows = [block for each in shown for block in pending_review(each, reader="")]
    made = [divider(), section(_("*They also wait for these requests:*")), *rows]
    if len(waiting) > len(shown):
        made.append(context(_("… and {left} more.").format(left=len(waiting) - len(shown))))
    if cancels:
        sent = [each for each in waiting if not each.can_be_withdrawn]
        if len(sent) < len(waiting):
            made.append(context(_("*Remove all* cancels these requests, too.")))
        made += removal_forms.not_canceled(sent)
    return made


def _bulk(page: ConsolePage, *, removable: int, cancels: bool) -> list[Block]:
    """
    Make the buttons that remove many at once: some of what is shown, or all of a person or a package.

    Args:
        removable: How many of the rows that are shown can be removed.
        cancels: Removing all cancels requests as well, and so is of use where there is nothing to remove.
    """
    value = write_console_page(page)
    is_narrowed = page.place is not None and bool(page.place.package_id or page.place.entra_ids)
    if value is None or not (removable or cancels):
        return []
    several = button(_("Remove several …"), "remove_several", value) if removable > 1 else None
    everything = button(_("Remove all …"), "remove_all", value, style="danger")
    if not is_narrowed:
        return [actions(several, block_id="bulk")] if several else []
    return [actions(several, everything, block_id="bulk")]


def _assignment_row(row: Assignment, *, is_removing: bool, alike: Collection[str]) -> list[Block]:
    who = who_has(row, alike=alike)
    line = _("{who} has *{package}* {until}").format(
        who=who, package=escape(row.package_name), until=until(row.ends_at)
    )
    more = troubles.notes(row, own=False)
    if is_removing:
        return [section(f"{line}\n{_('Being removed.')}"), *more]
    remove = troubles.remove_button(row, label=_("Remove"))
    if row.progress not in troubles.UNSURE:
        return [section(line, accessory=remove, block_id=f"remove:{row.id}"), *more]
    buttons = actions(troubles.reprocess(row), remove, block_id=f"remove:{row.id}")
    return [section(line), *more, buttons]
