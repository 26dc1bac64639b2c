"""
Protections switched off, one at a time, to show that a proof can fail.

The product has no switch for any of them.  What is changed is said here, by name, and a name that is gone is an
error: a proof must not go on with a sabotage that does nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from bot.effects import Effects
from bot.sending import Sending


async def _nothing_found(self: Effects, request: Any, *, since: Any) -> None:
    return None


async def _nothing_sent(self: Sending, claimed: Any) -> Any:
    return claimed


def _asked_since_the_start(self: Effects, request: Any) -> bool:
    return False


SABOTAGES: Final[Mapping[str, tuple[tuple[object, str, Any], ...]]] = {
    # Graph is not searched for an earlier try.
    "no look in Graph": ((Effects, "_look", _nothing_found),),
    # Slack is not searched for an earlier try.
    "no look in Slack": ((Sending, "_not_there", _nothing_sent),),
    # A restored database is believed.
    "no look after a start": ((Effects, "_is_from_before", _asked_since_the_start),),
}


@contextmanager
def switched_off(name: str) -> Iterator[None]:
    """
    Do without one protection for as long as the block runs.

    Raises:
        AttributeError: The code has been renamed, and this table must be, too.
    """
    before = [(where, what, getattr(where, what)) for where, what, _ in SABOTAGES[name]]
    for where, what, instead in SABOTAGES[name]:
        setattr(where, what, instead)
    try:
        yield
    finally:
        for where, what, was in before:
            setattr(where, what, was)
