"""Many people who ask for a few packages: what that costs in calls to Graph."""

import asyncio
import copy
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import unquote

from sandbox.run import StandIns
from sandbox.slack.model import Person
from sandbox.tenant import seed
from sandbox.tenant.model import Assignment, Request, User
from tests.harness.simulation import Bot
from tests.harness.world import GENERAL, eventually

GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")
QUOTED: Final = re.compile(r"'[^']*'")
# The sync has calls of its own, and comes once, at the start; the clock looks as often as the product's.
SETTINGS: Final[Mapping[str, Any]] = {
    "LATCHKEY_SYNC_SECONDS": "86400",
    "LATCHKEY_POLL_SECONDS": "2",
}


@dataclass(frozen=True, kw_only=True)
class Spent:
    """
    What requests have cost until they were delivered and told.

    Attributes:
        operations: What Graph was asked to do, each call in an envelope for one.
        calls: HTTP calls.
        kinds: The operations by what they are, without ids.
    """

    requests: int
    operations: int
    calls: int
    kinds: Counter[str]

    @property
    def operations_each(self) -> float:
        return self.operations / self.requests

    @property
    def calls_each(self) -> float:
        return self.calls / self.requests


def slack_id(number: int) -> str:
    """Return what Slack calls the person of that number."""
    return f"U1P{number:05d}"


def entra_id(number: int) -> str:
    """Return what Entra calls the person of that number."""
    return f"a1000000-0000-4000-8000-{number:012d}"


def package_id(number: int) -> str:
    """The id of the package of that number."""
    return f"d1000000-0000-4000-8000-{number:012d}"


def slug(number: int) -> str:
    """Return what people type for the package of that number."""
    return f"shelf-{number:03d}"


def person(outside: StandIns, number: int) -> str:
    """One more person, in Slack and in Entra; their Slack id."""
    world = outside.tenant.world
    user, name = slack_id(number), f"Person {number:05d}"
    email = f"person{number:05d}@{seed.DOMAIN}"
    outside.workspace.people[user] = Person(
        id=user,
        name=f"person{number:05d}",
        real_name=name,
        email=email,
        team_id=outside.workspace.team_id,
    )
    outside.workspace.channels[GENERAL].members.add(user)
    world.users[entra_id(number)] = User(
        id=entra_id(number),
        display_name=name,
        user_principal_name=email,
        created_at=world.users[seed.ANN].created_at,
        mail=email,
    )
    return user


def package(outside: StandIns, number: int) -> str:
    """One more package that everybody may have without approval; its slug."""
    world = outside.tenant.world
    made = copy.deepcopy(world.packages[seed.MARKETING_CAMPAIGN])
    made.id, made.display_name = package_id(number), f"Shelf {number:03d}"
    world.packages[made.id] = made
    (policy,) = (copy.deepcopy(each) for each in world.policies_of(seed.MARKETING_CAMPAIGN))
    policy.id, policy.package_id = made.id.replace("d1", "91", 1), made.id
    policy.allowed_target_scope, policy.specific_allowed_targets = "allMemberUsers", []
    world.policies[policy.id] = policy
    return slug(number)


def old_requests(outside: StandIns, number: int, *, about: str, holder: str) -> None:
    """
    What was asked and given long ago, and is over.

    Args:
        about: The package's id.
        holder: Who had it, by their Entra id.
    """
    world = outside.tenant.world
    (policy,) = world.policies_of(about)
    then = world.now() - timedelta(days=60)
    for _ in range(number):
        given = Assignment(
            id=world.new_id(),
            package_id=about,
            policy_id=policy.id,
            target_id=holder,
            subject_id=world.subject_id(holder),
            created_at=then,
            state="expired",
        )
        world.assignments[given.id] = given
        asked = Request(
            id=world.new_id(),
            request_type="adminAdd",
            created_at=then,
            package_id=about,
            policy_id=policy.id,
            target_id=holder,
            requestor_id=None,
            state="delivered",
            status="Fulfilled",
            assignment_id=given.id,
            completed_at=then,
        )
        world.requests[asked.id] = asked


async def asked_for(
    outside: StandIns,
    bots: Sequence[Bot],
    wishes: Sequence[tuple[str, str]],
    *,
    at_once: int = 50,
) -> Spent:
    """
    Let people ask, and wait until everybody has read that they have access.

    Args:
        bots: The replicas, whose calls are added up.
        wishes: Who (a Slack id) wants what (a slug).
    """
    for bot in bots:
        bot.line.operations.clear()
        bot.line.sent.clear()
    gate = asyncio.Semaphore(at_once)

    async def ask(user: str, slug: str) -> None:
        async with gate:
            outcome = await outside.workspace.command(
                user=user, channel=GENERAL, command="/request-access", text=slug
            )
        assert outcome.ok, outcome.error

    await asyncio.gather(*(ask(*wish) for wish in wishes))

    def all_told() -> bool:
        told = Counter(
            user
            for user in {user for user, _ in wishes}
            for message in outside.workspace.dm(user).messages
            if message.by_app and "You now have access" in message.text
        )
        return told == Counter(user for user, _ in wishes)

    await eventually(all_told, about="access for everybody")
    return Spent(
        requests=len(wishes),
        operations=sum(len(bot.line.operations) for bot in bots),
        calls=sum(len(bot.line.sent) for bot in bots),
        kinds=Counter(kind_of(each) for bot in bots for each in bot.line.operations),
    )


def kind_of(operation: str) -> str:
    """An operation without ids and values: what sort of call it is."""
    method, _, url = unquote(operation).partition(" ")
    path, _, query = url.removeprefix("/v1.0").removeprefix("/beta").partition("?")
    wanted = next((part for part in query.split("&") if part.startswith("$filter")), "")
    path = GUID.sub("{id}", path).replace("/identityGovernance/entitlementManagement", "")
    states = " ".join(re.findall(r"state eq '(\w+)'", wanted, re.IGNORECASE))
    return f"{method} {path} {QUOTED.sub('_', wanted)[:60]} {states}".rstrip()


def ready(outside: StandIns, *, people: int, packages: int) -> list[tuple[str, str]]:
    """So many people and packages, and who wants what: each one package, in turn."""
    slugs = [package(outside, number) for number in range(packages)]
    users = [person(outside, number) for number in range(people)]
    return [(user, slugs[number % packages]) for number, user in enumerate(users)]
