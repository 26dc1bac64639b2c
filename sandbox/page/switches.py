"""The fault switches of the page: which faults each one turns on."""

from dataclasses import dataclass
from typing import Any

from sandbox.slack import Workspace
from sandbox.tenant import Tenant


@dataclass(frozen=True)
class Switch:
    """One switch: a name for people, and the fault behind it."""

    name: str
    label: str
    hint: str
    where: str
    """``tenant`` or ``workspace``: whose faults."""
    fault: str
    rate: float = 1.0
    only: str = ""
    """Which calls it strikes, as a regular expression over "METHOD path" or the Slack method."""


WRITES = "^(POST|PUT|PATCH|DELETE) "
SWITCHES = (
    Switch(
        name="graph-throttled",
        label="Graph throttled",
        hint="429 with Retry-After, two calls in three",
        where="tenant",
        fault="throttle",
        rate=0.66,
    ),
    Switch(
        name="graph-down",
        label="Graph down",
        hint="503 to every call",
        where="tenant",
        fault="unavailable",
    ),
    Switch(
        name="graph-late",
        label="Graph answers late",
        hint="Writes take effect, the answer is a 504",
        where="tenant",
        fault="error_after",
        only=WRITES,
    ),
    Switch(
        name="graph-partial",
        label="Delivered in part",
        hint="Access is given, and Entra gives up on a part of it",
        where="tenant",
        fault="delivery_partial",
        only="Add$",
    ),
    Switch(
        name="slack-limited",
        label="Slack rate limited",
        hint="429 with Retry-After, two calls in three",
        where="workspace",
        fault="ratelimited",
        rate=0.66,
    ),
)


class Switchboard:
    """The switches over one workspace and one tenant."""

    def __init__(self, workspace: Workspace, tenant: Tenant) -> None:
        self._faults: dict[str, Any] = {"tenant": tenant.faults, "workspace": workspace.faults}

    def is_on(self, switch: Switch) -> bool:
        """Whether the fault behind *switch* is active."""
        return bool(self._faults[switch.where].is_on(switch.fault))

    def turn(self, name: str, *, on: bool) -> Switch:
        """Turn the switch called *name*. Raises LookupError when there is none."""
        for switch in SWITCHES:
            if switch.name == name:
                self._faults[switch.where].set(
                    switch.fault, on=on, rate=switch.rate, only=switch.only
                )
                return switch
        raise LookupError(f"no switch is called {name}")
