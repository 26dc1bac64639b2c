"""Ways in which Slack may fail, switched on and off while the sandbox runs."""

import random
import re
from dataclasses import dataclass, field
from datetime import timedelta

FAULTS = {
    "ratelimited": "429 with Retry-After; nothing happened",
    "server_error": "500 with an HTML page; nothing happened",
    "fatal_error": "the call took effect, and Slack answers fatal_error",
    "timeout_after": "the call took effect, and no answer comes",
    "drop": "the connection is cut; nothing happened",
    "drop_after": "the call took effect, and the connection is cut",
    "revoked": "token_revoked",
    "slow": "the answer comes late",
}
"""Every fault by name, with what the app will see."""


@dataclass(kw_only=True)
class Fault:
    """One fault that is switched on."""

    name: str
    rate: float = 1.0
    """The chance, from 0 to 1, that a matching call meets it."""
    count: int | None = None
    """How many more calls will meet it; None for no limit."""
    only: re.Pattern[str] = field(default_factory=lambda: re.compile(""))
    """Which Web API methods it concerns."""
    pause: timedelta = timedelta(seconds=1)
    """Retry-After, or how late or long silent the answer is."""


class Faults:
    """The switches, with a seeded random source so that a run can be repeated."""

    def __init__(self, *, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._on: dict[str, Fault] = {}
        self.counts: dict[str, int] = dict.fromkeys(FAULTS, 0)
        """How many calls have met each fault."""

    def set(
        self,
        name: str,
        *,
        on: bool = True,
        rate: float = 1.0,
        count: int | None = None,
        only: str = "",
        pause: timedelta | None = None,
    ) -> None:
        """Switch a fault on or off.

        Args:
            name: one of `FAULTS`.
            on: False switches it off.
            rate: the chance, from 0 to 1, that a matching call meets it.
            count: after so many calls it switches itself off.
            only: a regular expression searched for in the Web API method, or in `response_url`.
            pause: Retry-After of `ratelimited` (1 s), delay of `slow` (1 s), how long
                `timeout_after` stays silent (30 s).

        Raises:
            ValueError: there is no such fault.
        """
        if name not in FAULTS:
            raise ValueError(f"no fault is called {name!r}; there are {', '.join(FAULTS)}")
        if not on:
            self._on.pop(name, None)
            return
        default = timedelta(seconds=30 if name == "timeout_after" else 1)
        self._on[name] = Fault(
            name=name, rate=rate, count=count, only=re.compile(only), pause=pause or default
        )

    def clear(self) -> None:
        """Switch every fault off."""
        self._on.clear()

    def is_on(self, name: str) -> bool:
        """Say whether a fault is switched on."""
        return name in self._on

    def strike(self, method: str) -> list[Fault]:
        """Draw the faults that this call meets, and count them."""
        met = []
        for fault in list(self._on.values()):
            if not fault.only.search(method) or self._random.random() >= fault.rate:
                continue
            met.append(fault)
            self.counts[fault.name] += 1
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self._on.pop(fault.name, None)
        return met
