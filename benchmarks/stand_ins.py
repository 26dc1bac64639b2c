"""
The stand-ins as a process of their own, with thousands of people and some packages that all of them may have.

Its first line is JSON: what a bot's environment must say to reach them.  After that it obeys a line at a time:
``{"graph": "unavailable", "on": true}`` switches a fault of Graph's, ``{"slack": …}`` one of Slack's; COUNT asks how many calls
Graph has had since it was asked last (some thousands are counted); LIMITS switches Slack's limits on, and asks how many
calls of each method they have refused.
"""

import asyncio
import copy
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sandbox.run import StandIns, stand_ins
from sandbox.slack.model import Person
from sandbox.tenant import seed
from sandbox.tenant.model import Assignment, User

PACKAGES: Final = 10
# The number of a person beyond those whom a benchmark lets ask.
PROBE_NUMBER: Final = 999_999
COUNT: Final = {"count": "graph"}
LIMITS: Final = {"limits": "slack"}
# Access that people hold from the start ends so soon.
ENDS_IN: Final = timedelta(hours=20)


def user_id(number: int) -> str:
    """The Slack id of the person with that number."""
    return f"U1P{number:06d}"


def package_name(number: int) -> str:
    return f"Open Package {number:02d}"


def add_person(outside: StandIns, number: int) -> None:
    world = outside.tenant.world
    email = f"person{number}@{seed.DOMAIN}"
    outside.workspace.people[user_id(number)] = Person(
        id=user_id(number),
        name=f"person{number}",
        real_name=f"Person {number}",
        email=email,
        team_id=outside.workspace.team_id,
    )
    world.users[entra_id(number)] = User(
        id=entra_id(number),
        display_name=f"Person {number}",
        user_principal_name=email,
        created_at=world.users[seed.ANN].created_at,
        mail=email,
    )


def add_package(outside: StandIns, number: int) -> None:
    """A copy of one of the tutorial's packages, for everybody, without approval."""
    world = outside.tenant.world
    package = copy.deepcopy(world.packages[seed.MARKETING_CAMPAIGN])
    package.id = package_id(number)
    package.display_name = package_name(number)
    world.packages[package.id] = package
    (policy,) = (copy.deepcopy(each) for each in world.policies_of(seed.MARKETING_CAMPAIGN))
    policy.id, policy.package_id = package.id.replace("d1", "91", 1), package.id
    policy.allowed_target_scope, policy.specific_allowed_targets = "allMemberUsers", []
    world.policies[policy.id] = policy


def entra_id(number: int) -> str:
    return f"a1000000-0000-4000-8000-{number:012d}"


def assignment_id(number: int) -> str:
    """Of what the person with that number holds, if people hold something."""
    return f"b1000000-0000-4000-8000-{number:012d}"


def package_id(number: int) -> str:
    return f"d1000000-0000-4000-8000-{number:012d}"


def give(outside: StandIns, number: int) -> None:
    """Let somebody hold the first package until tomorrow."""
    world, now = outside.tenant.world, outside.clock.now()
    (policy,) = world.policies_of(package_id(0))
    world.assignments[assignment_id(number)] = Assignment(
        id=assignment_id(number),
        package_id=package_id(0),
        policy_id=policy.id,
        target_id=entra_id(number),
        subject_id=world.subject_id(entra_id(number)),
        created_at=now,
        state="delivered",
        status="Delivered",
        start=now,
    )
    outside.tenant.move_end(assignment_id(number), now + ENDS_IN)


def _obey(outside: StandIns, order: dict[str, Any]) -> object:
    if order == COUNT:
        counted = len(outside.tenant.calls)
        outside.tenant.calls.clear()
        return counted
    if order == LIMITS:
        outside.workspace.tiers.enforce()
        return outside.workspace.tiers.refused
    for name, faults in (("graph", outside.tenant.faults), ("slack", outside.workspace.faults)):
        if name in order:
            faults.set(order[name], on=order["on"])
    return "done"


async def _serve(folder: Path, people: int, holders: int = 0) -> None:
    async with stand_ins(folder, socket_mode=False) as outside:
        for number in (*range(people), PROBE_NUMBER):
            add_person(outside, number)
        for number in range(PACKAGES):
            add_package(outside, number)
        for number in range(holders):
            give(outside, number)
        trust = {name: os.environ[name] for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")}
        names = {"app_id": outside.workspace.app_id, "team_id": outside.workspace.team_id}
        _say({"environment": {**outside.environment, **trust}, **names})
        while line := await asyncio.to_thread(sys.stdin.readline):
            _say(_obey(outside, json.loads(line)))


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201 (read by who started it)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), *map(int, sys.argv[2:4])))
