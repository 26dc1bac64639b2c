"""List for admins who has what."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from bot.assignments.model import Assignment, AssignmentState
from bot.messages.admins.namesakes import namesakes, who_has
from bot.messages.admins.pending_list import next_for_admins
from bot.messages.assignments import troubles
from bot.messages.blocks.pages import NOTHING_MORE, beyond, how_many, part_of, plural_of
from bot.messages.blocks.parts import (
    Block,
    Message,
    actions,
    escape,
    message,
    section,
    until,
)
from bot.paging import Page, Place
from bot.words import N_, _, ngettext

NARROW: Final = N_("A person or a package behind the command narrows it.")


def assignments(
    page: Page[Assignment],
    *,
    place: Place,
    package: str | None = None,
    whom: str | None = None,
    notes: Sequence[str] = (),
    removing: Collection[str] = (),
) -> Message:
    """
    List a page of who has what, each with a Remove button.

    Args:
        place: Which list.
        package: The package that was asked about.
        whom: The person who was asked about, fit for Slack.
        notes: What is to be said besides, a sentence each.
        removing: Ids of those whose removal is under way.
    """
    if page.is_beyond:
        return message(beyond("/access-admin assignments"))
    if not page.rows and page.skipped is None:
        return message(_(NOTHING_MORE))
    if not page.rows:
        nobody = nobody_has(package=package, whom=whom)
        return message(" ".join((nobody, *notes)))
    alike = namesakes(page.rows, of=place.entra_ids)
    said = assignments_counted(page, package=package, whom=whom, notes=notes)
    blocks = part_of(
        (_assignment_row(row, is_removing=row.id in removing, alike=alike) for row in page.rows),
        places=[replace(place, after=each, skip=0) for each in page.marks],
        count=page.count,
        skipped=page.skipped,
        head=[section(said)],
        next_button=next_for_admins,
        hint="" if whom else _(NARROW),
    )
    return message(said, blocks)


def nobody_has(*, package: str | None, whom: str | None) -> str:
    """Say that an admin's list of who has what is empty."""
    if package and whom:
        return _("{person} does not have *{package}*.").format(person=whom, package=escape(package))
    if whom:
        return _("{person} does not have anything.").format(person=whom)
    if package:
        return _("Nobody has *{package}*.").format(package=escape(package))
    return _("Nobody has anything.")


def many_have(page: Page[Assignment], *, package: str | None, whom: str | None) -> str:
    """Say how many assignments an admin's list of who has what has."""
    count = plural_of(page)
    if package and whom:
        sentence = ngettext(
            "{count} assignment of *{package}* for {person}{here}.",
            "{count} assignments of *{package}* for {person}{here}.",
            count,
        )
    elif whom:
        sentence = ngettext(
            "{count} assignment for {person}{here}.",
            "{count} assignments for {person}{here}.",
            count,
        )
    elif package:
        sentence = ngettext(
            "{count} assignment of *{package}*{here}.",
            "{count} assignments of *{package}*{here}.",
            count,
        )
    else:
        sentence = ngettext("{count} assignment{here}.", "{count} assignments{here}.", count)
    return how_many(page, sentence, package=escape(package or ""), person=whom or "")


def assignments_counted(
    page: Page[Assignment], *, package: str | None, whom: str | None, notes: Sequence[str]
) -> str:
    """Say above a list of who has what how many that are."""
    many = many_have(page, package=package, whom=whom)
    return " ".join((many, *notes))


def _assignment_row(row: Assignment, *, is_removing: bool, alike: Collection[str]) -> list[Block]:
    line = _("{person} has *{package}* {until}").format(
        person=who_has(row, alike=alike),
        package=escape(row.package_name),
        until=until(row.ends_at),
    )
    if is_removing or row.state is AssignmentState.REMOVING:
        return [section(f"{line}\n{_('Being removed.')}")]
    remove = troubles.remove_button(row, label=_("Remove"))
    more = troubles.notes(row, own=False)
    if row.progress not in troubles.UNSURE:
        return [section(line, accessory=remove, block_id=f"remove:{row.id}"), *more]
    buttons = actions(troubles.reprocess(row), remove, block_id=f"remove:{row.id}")
    return [section(line), *more, buttons]
