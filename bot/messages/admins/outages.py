"""Say that nothing could be processed for a while, and that it is over: to the admins' channel and the alarm's webhook."""

from collections.abc import Sequence
from datetime import datetime

from bot.messages.blocks.parts import Message, escape, message, moment
from bot.words import _


def outage_began(since: datetime, why: Sequence[str]) -> Message:
    """Say that no replica can do all of its work."""
    return message(
        _(
            ":rotating_light: *Latchkey has not been able to work since {when}.* What people ask "
            "for and decide is saved if the database takes it, and is carried out when this is "
            "over. I'll say here when it is.\n{reasons}"
        ).format(when=moment(since), reasons=_reasons(why))
    )


def outage_over(since: datetime, until: datetime, why: Sequence[str]) -> Message:
    """Say that a replica can do all of its work again."""
    return message(
        _(
            ":white_check_mark: *Latchkey works again.* It could not from {start} to {end}, "
            "because of this:\n{reasons}"
        ).format(start=moment(since), end=moment(until), reasons=_reasons(why))
    )


def replica_without_database(replica: str, since: datetime, why: Sequence[str]) -> Message:
    """Say that one replica cannot use the database."""
    return message(
        _(
            ":rotating_light: *The replica {replica} of Latchkey cannot use its database since "
            "{when}.* People who reach it are told that nothing has changed. I'll say here when it "
            "can.\n{reasons}"
        ).format(replica=escape(replica), when=moment(since), reasons=_reasons(why))
    )


def replica_has_database(replica: str, since: datetime, until: datetime) -> Message:
    """Say that one replica can use the database again."""
    return message(
        _(
            ":white_check_mark: *The replica {replica} of Latchkey can use its database again.* It "
            "could not from {start} to {end}."
        ).format(replica=escape(replica), start=moment(since), end=moment(until))
    )


def outage_text(since: datetime, until: datetime | None, why: Sequence[str]) -> str:
    """Say the same in plain text and in English, for the webhook."""
    reasons = "; ".join(why)
    if until is None:
        return f"Latchkey has not been able to work since {since:%Y-%m-%d %H:%M:%S} UTC: {reasons}"
    return (
        f"Latchkey works again. It could not from {since:%Y-%m-%d %H:%M:%S} to "
        f"{until:%Y-%m-%d %H:%M:%S} UTC: {reasons}"
    )


def _reasons(why: Sequence[str]) -> str:
    return "\n".join(f"• {escape(each)}" for each in why)
