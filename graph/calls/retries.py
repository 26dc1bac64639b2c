"""Say how often a read is tried, how long is waited between, and what is worth another try."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from graph.errors import AuthError, BadAnswer, GraphError, GraphUnavailable

WORTH_REPEATING = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, kw_only=True)
class Retries:
    """
    The number and the pauses of the tries of a read.  Writes are never repeated.

    Attributes:
        attempts: Tries in all, the first among them.
        patience: The longest total time spent waiting between tries of one call.
        first_pause: The pause after the first failure when Graph names none; it doubles.
        sleep: Waits so many seconds.
        jitter: Draws a number between two others, to spread the pauses of many callers.
        waits_out_throttling: Whether a 429 is no attempt: it is waited out for as long as patience lasts.
    """

    attempts: int = 4
    patience: timedelta = timedelta(seconds=30)
    first_pause: timedelta = timedelta(milliseconds=500)
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    jitter: Callable[[float, float], float] = random.uniform
    waits_out_throttling: bool = False


def is_worth_repeating(error: GraphError) -> bool:
    if isinstance(error, AuthError):
        return False
    if error.status is None:
        return isinstance(error, GraphUnavailable)
    return error.status in WORTH_REPEATING or (isinstance(error, BadAnswer) and error.status < 300)
