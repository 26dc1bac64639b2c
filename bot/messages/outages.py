"""Say that nothing could be processed for a while, and that it is over: to the admins' channel and the alarm's webhook."""

from collections.abc import Sequence
from datetime import datetime

from bot.messages.parts import Message, escape, message, moment


def outage_began(since: datetime, why: Sequence[str]) -> Message:
    """Say that no replica can do all of its work."""
    return message(
        f":rotating_light: *Latchkey has not been able to work since {moment(since)}.* What people ask for and decide is saved if "
        f"the database takes it, and is carried out when this is over. I'll say here when it is.\n{_reasons(why)}"
    )


def outage_over(since: datetime, until: datetime, why: Sequence[str]) -> Message:
    """Say that a replica can do all of its work again."""
    return message(
        f":white_check_mark: *Latchkey works again.* It could not from {moment(since)} to {moment(until)}, because of this:\n"
        f"{_reasons(why)}"
    )


def replica_without_database(replica: str, since: datetime, why: Sequence[str]) -> Message:
    """Say that one replica cannot use the database."""
    return message(
        f":rotating_light: *The replica {escape(replica)} of Latchkey cannot use its database since {moment(since)}.* People who "
        f"reach it are told that nothing has changed. I'll say here when it can.\n{_reasons(why)}"
    )


def replica_has_database(replica: str, since: datetime, until: datetime) -> Message:
    """Say that one replica can use the database again."""
    return message(
        f":white_check_mark: *The replica {escape(replica)} of Latchkey can use its database again.* It could not from "
        f"{moment(since)} to {moment(until)}."
    )


def outage_text(since: datetime, until: datetime | None, why: Sequence[str]) -> str:
    """Say the same in plain text, for the webhook."""
    reasons = "; ".join(why)
    if until is None:
        return f"Latchkey has not been able to work since {since:%Y-%m-%d %H:%M:%S} UTC: {reasons}"
    return f"Latchkey works again. It could not from {since:%Y-%m-%d %H:%M:%S} to {until:%Y-%m-%d %H:%M:%S} UTC: {reasons}"


def _reasons(why: Sequence[str]) -> str:
    return "\n".join(f"• {escape(each)}" for each in why)
