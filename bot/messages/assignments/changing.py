"""Acknowledge what people change about their requests and their access."""

from bot.assignments.model import Assignment
from bot.messages.blocks.parts import Block, Message, bold, button, confirm, message, moment
from bot.messages.phrases.naming import name_to_asker
from bot.messages.phrases.request_words import progress
from bot.requests.model import Kind, Request
from bot.words import _


def return_button(row: Assignment) -> Block:
    """Make the button by which somebody gives back what they have."""
    return button(
        _("Return"),
        "return",
        row.id,
        confirm=confirm_return(row.package_name),
        about=row.package_name,
    )


def confirm_return(package: str) -> dict[str, object]:
    """Ask whether the reader means to give back their access to the package of that name."""
    return confirm(
        _("Return it?"),
        _("You lose access to “{package}” within minutes.").format(package=package),
        yes=_("Return"),
        danger=True,
    )


def extending(request: Request, *, is_new: bool) -> Message:
    name = bold(request.package_name)
    if not is_new:
        return message(
            _("You have already asked to extend your access to {name}; it is {progress}.").format(
                name=name, progress=progress(request)
            )
        )
    return message(
        _("Asked to extend your access to {name}. I will tell you what comes of it.").format(
            name=name
        )
    )


def returning(request: Request, *, is_new: bool) -> Message:
    name = bold(request.package_name)
    if not is_new:
        return message(_("Your access to {name} is being removed already.").format(name=name))
    return message(_("Returning {name}. I will tell you when it is done.").format(name=name))


def letting_end(assignment: Assignment) -> Message:
    return _about_end(
        _("You chose to let {package} end {when}. I will not remind you again."), assignment
    )


def reminded_again(assignment: Assignment, *, is_to_come: bool) -> Message:
    """Say that the holder is reminded after all, or that no reminder of it *is_to_come*."""
    line = (
        _("Reminders of {package} are on again. It ends {when}.")
        if is_to_come
        else _("You will get no more reminders of {package}: the last one is over. It ends {when}.")
    )
    return _about_end(line, assignment)


def _about_end(line: str, assignment: Assignment) -> Message:
    when = moment(assignment.ends_at) if assignment.ends_at else ""
    return message(line.format(package=bold(assignment.package_name), when=when))


def remind_again_button(assignment: Assignment) -> Block:
    """Make the button that takes back *Let it end*."""
    about = assignment.package_name
    return button(_("Remind me after all"), "remind_again", assignment.id, about=about)


def canceled(request: Request) -> Message:
    """Say that what the reader takes back is canceled, or is being canceled where it is in Entra: by what it asked for."""
    match request.kind:
        case Kind.ADD:
            here = _("Your request for {package} is canceled.")
            there = _(
                "I am canceling your request for {package} in Microsoft Entra, and will tell you what has come of it."
            )
        case Kind.EXTEND:
            here = _("Your extension of {package} is canceled.")
            there = _(
                "I am canceling your extension of {package} in Microsoft Entra, and will tell you what has come of it."
            )
        case Kind.REMOVE:
            here = _("Your return of {package} is canceled.")
            there = _(
                "I am canceling your return of {package} in Microsoft Entra, and will tell you what has come of it."
            )
    line = there if request.is_being_canceled else here
    return message(line.format(package=name_to_asker(request)))
