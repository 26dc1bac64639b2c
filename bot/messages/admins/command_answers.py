"""Answer `/access-admin`: help, who may be meant, and what is being done."""

from collections.abc import Mapping
from itertools import islice
from typing import Final

from bot.messages.blocks.parts import (
    Message,
    bold,
    button,
    context,
    escape,
    message,
    person,
    section,
)
from bot.messages.phrases.alike import told_apart
from bot.messages.phrases.request_words import stage_of_work
from bot.paging import ROWS_A_PAGE, ListName, Place, write_place
from bot.requests.model import Request
from bot.words import _

# Of people whose names begin alike.
MOST_NAMES: Final = 10


def which_person(name: str, people: Mapping[str, str], *, package_id: str | None) -> Message:
    """
    List people who may be meant by what was typed, to choose one.

    Args:
        people: Their names by Entra id; one more than are shown, if there are more.
        package_id: The package that was asked about besides.
    """
    said = _("Nobody is called “{name}”. Is it one of these people?").format(name=escape(name))
    rows = [
        section(
            escape(shown),
            accessory=button(
                _("Show"),
                "more",
                write_place(
                    Place(list=ListName.ASSIGNMENTS, package_id=package_id, entra_ids=(entra_id,))
                )
                or "",
                about=shown,
            ),
            block_id=f"person:{entra_id}",
        )
        for entra_id, shown in islice(told_apart(people).items(), MOST_NAMES)
    ]
    if len(people) > MOST_NAMES:
        rows.append(context(_("… and more: write more of the name to find them.")))
    return message(said, [section(said), *rows])


def admin_help() -> Message:
    return message(
        _(
            "What would you like to see?\n• `/access-admin` alone: the console, with all of this, "
            "search, pages and removals in bulk\n• `/access-admin people [@person]`: what somebody "
            "has, and why\n• `/access-admin leaver [@person]`: everything of somebody, to remove it "
            "with one confirmation\n• `/access-admin audit [@person] [package]`: the audit log, to "
            "read and export\n• `/access-admin pending`: what waits for a decision\n• `/access-admin "
            "stuck`: requests that keep failing, to retry or give up\n• `/access-admin drift`: where Entra "
            "is not as Latchkey left it\n• `/access-admin assignments "
            "[@person] [package]`: who has what, with Remove buttons; a person is a mention, an "
            "e-mail address, an object id or a full name as in Entra\n• `/access-admin remove "
            "[@person] [package]`: the same list, to take access away; with `@person package "
            "because …` it is taken away at once\n• `/access-admin delegate @approver to @delegate "
            "until friday`: lets somebody decide for an approver; `/access-admin delegate` lists "
            "who does\n• `/access-admin assignments` with the beginning of a name or "
            "surname: people to choose from\nLists have {count} rows a page; `page 20` behind a command leads to its "
            "twentieth."
        ).format(count=ROWS_A_PAGE)
    )


def looking() -> Message:
    return message(_("I am looking that up in Slack and Entra, and will tell you here."))


def removing(request: Request, *, is_new: bool) -> Message:
    who = person(request.holder, request.holder_name)
    name = bold(request.package_name)
    if not is_new:
        return message(
            _("{who}'s access to {name} is being removed already.").format(who=who, name=name)
        )
    line = _("Removing {who}'s access to {name}.").format(who=who, name=name)
    if request.holder:
        line += f" {_('They are told when it is done.')}"
    return message(line)


def not_there_yet(request: Request) -> Message:
    """Say that there is nothing to remove, and a request for it that may still bring it."""
    return message(
        _(
            "{who} does not have {name} yet, so nothing is removed. There is an open request for it: it is {progress}."
        ).format(
            who=person(request.holder, request.holder_name),
            name=bold(request.package_name),
            progress=stage_of_work(request, own=False),
        )
    )
