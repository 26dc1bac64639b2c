"""What the stand-ins do to a bot in chaos, in simulated time and in real time alike."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from sandbox.run import StandIns

GRAPH_BEFORE: Final = ("throttle", "unavailable", "html", "unauthorized")
GRAPH_AFTER: Final = ("timeout_after", "cut_after", "error_after", "truncated")
SLACK_FAULTS: Final = (
    "ratelimited",
    "server_error",
    "drop",
    "timeout_after",
    "drop_after",
    "fatal_error",
)
EVERYWHERE: Final = ("graph", "slack")
# A whole list in one page: twenty pages with a fault on every fifth call would rarely be read to the end.
PAGE_SIZE: Final = 999


def make_strict(outside: StandIns, *, lag: timedelta) -> None:
    """Let nothing outside do the bot's work for it, and show what is done late."""
    world = outside.tenant.world
    # A second try that comes too soon sees neither the first request nor what it gives.
    world.delivery = lag
    # Entra's own refusal of a second request must not do the bot's work.
    world.lenient = True
    outside.tenant._service.page_size = PAGE_SIZE
    # So that Latchkey may look for its cards in the approvals channel, too.
    outside.workspace.scopes.append("channels:history")


def let_loose(
    outside: StandIns,
    *,
    rate: float,
    lag: timedelta,
    in_part: float = 0,
    limits: bool = False,
    where: Collection[str] = EVERYWHERE,
) -> None:
    """
    Let each call meet one of the faults with a chance of *rate*, and Graph's lists lag behind.

    Args:
        where: Whose calls meet faults.
        in_part: With this chance Entra delivers a part only, until somebody has it processed again.
        limits: Let Slack take each method so often a minute as it says, and no more.
    """
    graph, slack = outside.tenant.faults, outside.workspace.faults
    graph.set("lag", seconds=lag.total_seconds())
    if in_part:
        graph.set("delivery_partial", rate=in_part, only="Add$")
    if limits:
        outside.workspace.tiers.enforce()
    if not rate:
        return
    if "graph" in where:
        for name in (*GRAPH_BEFORE, *GRAPH_AFTER):
            share = rate / len(GRAPH_BEFORE + GRAPH_AFTER)
            graph.set(name, rate=share, seconds=1 if name == "throttle" else None)
        # Rows that cannot be read: of what is there, and of what has just gone.
        graph.set(
            "forbidden", rate=rate / 4, only=r"GET .*/(assignments|accessPackageAssignments)(/|$)"
        )
    if "slack" in where:
        for name in SLACK_FAULTS:
            slack.set(name, rate=rate / len(SLACK_FAULTS))
