"""Tell people that their access has ended."""

from bot.assignments.model import Assignment, EndReason
from bot.messages.blocks.parts import Message, actions, bold, button, message, section
from bot.messages.phrases.request_words import outcome_for_requester, progress
from bot.requests.model import OPEN, Kind, Request
from bot.words import _, pgettext


def ended_while_extending(assignment: Assignment, request: Request) -> Message:
    """
    Say that access has ended whose extension was asked for, and how that stands; it is redrawn when that changes.

    Args:
        request: The extension, or the request for new access that it has become.
    """
    name = bold(assignment.package_name)
    if request.state not in OPEN:
        line = (
            _(
                "Your access to {name} has ended before it was extended. I asked for new access for you "
                "in its place. {outcome}"
            )
            if request.kind is Kind.ADD
            else _("Your access to {name} has ended while its extension was still open. {outcome}")
        )
        return message(line.format(name=name, outcome=outcome_for_requester(request)))
    if request.kind is Kind.ADD:
        line = _(
            "Your access to {name} has ended before it was extended. I ask for new access for you "
            "in its place; it is {progress}. I will tell you what comes of it."
        ).format(name=name, progress=progress(request))
    else:
        line = _(
            "Your access to {name} has ended while its extension was still open. The extension is "
            "{progress}; I will tell you what comes of it."
        ).format(name=name, progress=progress(request))
    if not request.can_be_withdrawn:
        return message(line)
    cancel = button(
        pgettext("cancel a request", "Cancel"), "cancel", request.id, about=request.package_name
    )
    return message(line, [section(line), actions(cancel)])


def ended(assignment: Assignment, *, is_offered: bool = True) -> Message:
    """
    Say that access has ended, and how.

    Args:
        is_offered: The package can still be asked for.
    """
    has_run_out = assignment.ended_why == EndReason.RAN_OUT
    name = bold(assignment.package_name)
    if not is_offered:
        sentence = (
            _("Your access to {package} has ended. It is not offered any more.")
            if has_run_out
            else _(
                "Your access to {package} was ended in Entra, by no request that I know of. It is not offered any more."
            )
        )
        return message(sentence.format(package=name))
    sentence = (
        _("Your access to {package} has ended. If you still need it, you can ask again.")
        if has_run_out
        else _(
            "Your access to {package} was ended in Entra, by no request that I know of. If you still need it, you can ask again."
        )
    )
    line = sentence.format(package=name)
    again = button(_("Ask again"), "ask", assignment.package_id, about=assignment.package_name)
    return message(line, [section(line), actions(again)])
