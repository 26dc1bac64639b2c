"""Tell of a second Slack account of one person."""

from bot.messages.blocks.parts import Message, escape, message, person
from bot.people.model import Person
from bot.words import _


def told_first(second: Person) -> Message:
    """Tell somebody of another Slack account of theirs."""
    return message(
        _(
            "{person} has begun to use Latchkey as {entra_name} in Entra, as you do. If that "
            "account is not yours, please tell your identity team at once."
        ).format(person=person(second.slack_user), entra_name=escape(second.entra_name))
    )


def told_admins(second: Person, first: Person) -> Message:
    """Tell the admins of two Slack accounts of one person."""
    return message(
        _(
            ":warning: {person} uses Latchkey as {entra_name} in Entra, and so does {person2}: two "
            "Slack accounts of one person. If that is not so, deactivate the wrong one, and look "
            "at what it has asked for and decided."
        ).format(
            person=person(second.slack_user),
            entra_name=escape(second.entra_name),
            person2=person(first.slack_user),
        )
    )
