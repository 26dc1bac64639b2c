"""The fault switches of the page: which faults each one turns on."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sandbox.on_call import OnCallStandIn
from sandbox.slack import Workspace
from sandbox.tenant import Tenant
from sandbox.tenant.seed import CY, MARKETING_CAMPAIGN, MARKETING_RESOURCES, MIA


@dataclass(frozen=True)
class Switch:
    """One switch: a name for people, and the fault behind it."""

    name: str
    label: str
    hint: str
    where: str
    """``tenant`` or ``workspace``: whose faults; ``portal``: what somebody does there; ``on_call``: who is on call."""
    fault: str
    rate: float = 1.0
    only: str = ""
    """Which calls it strikes, as a regular expression over "METHOD path" or the Slack method."""


ANN_IN_SLACK = "U0ANN"
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
        name="drift",
        label="Changed in Entra",
        hint="Somebody gives Cy Marketing Campaign in the portal, and puts Mia into its group",
        where="portal",
        fault="drift",
    ),
    Switch(
        name="on-call",
        label="Ann is on call",
        hint="The on-call service says so, for emergency access to Production Database",
        where="on_call",
        fault=ANN_IN_SLACK,
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


class Portal:
    """A change that somebody makes in Entra's portal, and nobody asked for."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._given: str | None = None

    def is_on(self, what: str) -> bool:
        """Return True if it was done, and not undone."""
        return self._given is not None

    def set(self, what: str, *, on: bool, rate: float, only: str) -> None:
        """Do it, or undo it."""
        if on and self._given is None:
            end = self._tenant.world.now() + timedelta(days=30)
            self._given = self._tenant.assign(MARKETING_CAMPAIGN, CY, end=end).id
            self._tenant.add_member(MARKETING_RESOURCES, MIA)
        elif not on and self._given is not None:
            self._tenant.remove_assignment(self._given)
            self._tenant.remove_member(MARKETING_RESOURCES, MIA)
            self._given = None


class Duties:
    """A switch for who is on call, by the stand-in of the on-call service."""

    def __init__(self, on_call: OnCallStandIn) -> None:
        self._on_call = on_call

    def is_on(self, slack_user: str) -> bool:
        """Return True if somebody is on call."""
        return slack_user in self._on_call.people

    def set(self, slack_user: str, *, on: bool, rate: float, only: str) -> None:
        """Let them be on call, or not."""
        if on:
            self._on_call.people.add(slack_user)
        else:
            self._on_call.people.discard(slack_user)


class Switchboard:
    """The switches over one workspace, one tenant, and who is on call."""

    def __init__(self, workspace: Workspace, tenant: Tenant, on_call: OnCallStandIn) -> None:
        self._faults: dict[str, Any] = {
            "tenant": tenant.faults,
            "workspace": workspace.faults,
            "portal": Portal(tenant),
            "on_call": Duties(on_call),
        }

    def is_on(self, switch: Switch) -> bool:
        """Tell whether the fault behind *switch* is active."""
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
