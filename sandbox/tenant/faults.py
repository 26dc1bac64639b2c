"""Switches that make the tenant misbehave, seeded so that a run can be repeated."""

import random
import re
from collections import Counter
from dataclasses import dataclass

NAMES = {
    "throttle": "429 with Retry-After; nothing happened",
    "unavailable": "503 before anything happened",
    "unauthorized": "401 although the token is good",
    "forbidden": "403 although the call is allowed, as for what is just being deleted",
    "html": "an HTML error page (502) before anything happened",
    "slow": "the answer comes after some seconds",
    "timeout_after": "the call took effect, but no answer comes in time",
    "cut_after": "the call took effect, but the connection is cut in the answer",
    "error_after": "504 although the call took effect",
    "truncated": "the call took effect, the answer is half a JSON document",
    "foreign_next_link": "the next page of a list is said to be on another host",
    "lag": "seconds until a new request shows up in lists",
    "delivery_failed": "requests end as deliveryFailed",
    "delivery_partial": "requests end as partiallyDelivered",
}
_DEFAULT_SECONDS = {"throttle": 2.128, "slow": 1.0, "timeout_after": 60.0, "lag": 5.0}


@dataclass
class Fault:
    """One switched-on fault: how often (*rate*), how many times still (*count*), where (*only*)."""

    rate: float
    count: int | None
    only: re.Pattern[str] | None
    seconds: float
    retry_after: str | None


class Faults:
    """The tenant's fault switches; *counts* says how often each one struck."""

    def __init__(self, *, seed: int = 0) -> None:
        self.counts: Counter[str] = Counter()
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._on: dict[str, Fault] = {}

    def set(
        self,
        name: str,
        on: bool = True,
        *,
        rate: float = 1.0,
        count: int | None = None,
        only: str | None = None,
        seconds: float | None = None,
        retry_after: str | None = None,
    ) -> None:
        """Switch a fault on or off.

        *rate* is its probability per call, *count* how many times it strikes before it switches
        itself off, *only* a regular expression that "METHOD path" must contain, *seconds* its
        length where it has one. throttle and unavailable send *retry_after* as their Retry-After
        header, which may be a date; without it throttle sends *seconds*; "" sends no header.
        Raises ValueError for an unknown name.
        """
        if name not in NAMES:
            raise ValueError(f"no fault is called {name!r}; there are {', '.join(NAMES)}")
        if not on:
            self._on.pop(name, None)
            return
        length = _DEFAULT_SECONDS.get(name, 0.0) if seconds is None else seconds
        pattern = re.compile(only) if only else None
        self._on[name] = Fault(rate, count, pattern, length, retry_after)

    def clear(self) -> None:
        """Switch everything off; the counts stay."""
        self._on.clear()

    def is_on(self, name: str) -> bool:
        return name in self._on

    def seconds(self, name: str) -> float:
        """The length of a fault that is on, else 0."""
        return self._on[name].seconds if name in self._on else 0.0

    def retry_after(self, name: str) -> dict[str, str]:
        """The Retry-After header that a fault sends, empty when it sends none."""
        fault = self._on.get(name)
        if fault is None:
            return {}
        given = fault.retry_after
        value = given if given is not None else f"{fault.seconds:g}" if fault.seconds else ""
        return {"retry-after": value} if value else {}

    def strikes(self, name: str, call: str) -> bool:
        """Tell whether the fault hits this *call* ("METHOD path"); counts it if so."""
        fault = self._on.get(name)
        if fault is None or (fault.only and not fault.only.search(call)):
            return False
        if self._random.random() >= fault.rate:
            return False
        self.counts[name] += 1
        if fault.count is not None:
            fault.count -= 1
            if fault.count <= 0:
                del self._on[name]
        return True
