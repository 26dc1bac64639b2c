"""Acknowledge what people change about their requests and their access."""

from bot.assignments.model import Assignment
from bot.messages.blocks.parts import Message, bold, confirm, message, moment
from bot.messages.phrases.request_words import progress
from bot.requests.model import Kind, Request
from bot.words import _


def confirm_return(row: Assignment) -> dict[str, object]:
    return confirm(
        _("Return it?"),
        _("You lose access to “{package}” within minutes.").format(package=row.package_name),
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
    name = bold(assignment.package_name)
    if assignment.ends_at is None:
        return message(
            _("You chose to let {package} end. I will not remind you again.").format(package=name)
        )
    return message(
        _("You chose to let {package} end {when}. I will not remind you again.").format(
            package=name, when=moment(assignment.ends_at)
        )
    )


def canceled(request: Request) -> Message:
    if request.is_being_canceled:
        return message(
            _(
                "I am canceling your request for {package} in Microsoft Entra, and will tell you what has come of it."
            ).format(package=bold(request.package_name))
        )
    line = (
        _("Your extension of {package} is canceled.")
        if request.kind is Kind.EXTEND
        else _("Your request for {package} is canceled.")
    )
    return message(line.format(package=bold(request.package_name)))
