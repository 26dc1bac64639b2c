"""Tell people what they can do here: in answer to "help", and to whatever they write to the app."""

from bot.messages.blocks.parts import Message, actions, escape, message, section, shorten
from bot.messages.requests.acknowledging import my_access_button, new_request_button
from bot.words import N_, _

# What people type who want to know what they can type.
HELP = frozenset({"help", "?", "hilfe", "ayuda", "aide"})
# Of what somebody typed, in an answer.
LONGEST_REPEATED = 80
COMMANDS = N_(
    "• `/request-access` opens a form; `/request-access marketing-campaign because …` asks "
    "at once\n• `/request-access list` shows what you can ask for\n• `/my-access` shows what "
    "you have, until when, and what you wait for\n• `/my-access past` shows what you asked for "
    "before, and how it ended\n• `/my-access delegate @person until "
    "friday` lets somebody decide for you while you are away"
)


def help_message(*, is_admin: bool = False) -> Message:
    """Say what one can do, with a button for each."""
    lines = _(
        "I get you access that ends by itself, and remind you before it does. Press a button, "
        "or type a command anywhere in Slack:\n{commands}"
    ).format(commands=_(COMMANDS))
    if is_admin:
        lines += "\n" + _(
            "• `/access-admin` opens the admins' console; `/access-admin help` lists what can be "
            "typed"
        )
    return message(lines, [section(lines), actions(new_request_button(), my_access_button())])


def unknown_words(typed: str) -> Message:
    """Answer a command behind which something stands that it does not know."""
    helped = help_message()
    line = _("I do not know what “{typed}” means here.").format(
        typed=escape(shorten(typed, LONGEST_REPEATED))
    )
    return message(f"{line} {helped['text']}", [section(line), *helped["blocks"]])


def not_understood(*, is_admin: bool = False) -> Message:
    """Answer somebody who has written something that names no package."""
    helped = help_message(is_admin=is_admin)
    line = _("I am an app and understand the names of access packages only.")
    return message(f"{line} {helped['text']}", [section(line), *helped["blocks"]])
