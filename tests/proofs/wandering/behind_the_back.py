"""What administrators change in Entra, and what becomes of people, behind the bot's back."""

import copy
import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from sandbox.run import StandIns
from sandbox.tenant import Tenant, seed
from sandbox.tenant.model import Assignment

# Slowly, with somebody left to do something.
RARELY: Final = 0.15
NAMES: Final = ("Zeta <&> 🦄", "Marketing Campaign", "production", "x" * 200)


def change(outside: StandIns, dice: random.Random) -> str:
    """Change one thing, drawn by *dice*; return what."""
    what = dice.choice(list(CHANGES))
    CHANGES[what](outside.tenant, dice)
    outside.tenant.world.touch()
    return what


def _rename(tenant: Tenant, dice: random.Random) -> None:
    package = dice.choice(list(tenant.world.packages.values()))
    package.display_name = dice.choice((package.display_name.swapcase(), dice.choice(NAMES)))


def _hide(tenant: Tenant, dice: random.Random) -> None:
    package = dice.choice(list(tenant.world.packages.values()))
    package.is_hidden = not package.is_hidden


def _delete_package(tenant: Tenant, dice: random.Random) -> None:
    if dice.random() < RARELY:
        tenant.delete_package(dice.choice(list(tenant.world.packages)))


def _remove(tenant: Tenant, dice: random.Random) -> None:
    for held in _one_of(_live(tenant), dice):
        tenant.remove_assignment(held.id)


def _move_end(tenant: Tenant, dice: random.Random) -> None:
    for held in _one_of(_live(tenant), dice):
        hours = timedelta(hours=dice.randint(1, 400))
        tenant.move_end(held.id, dice.choice((None, tenant.world.now() + hours)))


def _assign(tenant: Tenant, dice: random.Random) -> None:
    world = tenant.world
    user, package = dice.choice((seed.ANN, seed.CY, seed.MIA)), dice.choice(list(world.packages))
    if not world.assignments_of(package, user_id=user) and world.policies_of(package):
        tenant.assign(package, user, end=world.now() + timedelta(days=dice.randint(1, 9)))


def _other_duration(tenant: Tenant, dice: random.Random) -> None:
    policy = dice.choice(list(tenant.world.policies.values()))
    if policy.expiration.type == "afterDuration":
        policy.expiration.duration = timedelta(days=dice.randint(1, 60))


def _other_approver(tenant: Tenant, dice: random.Random) -> None:
    policy = dice.choice(list(tenant.world.policies.values()))
    stages = (policy.settings.get("requestApprovalSettings") or {}).get("stages") or []
    for stage in stages:
        stage["primaryApprovers"] = [
            {
                "@odata.type": "#microsoft.graph.singleUser",
                "userId": dice.choice((seed.BO, seed.MIA, seed.DANA)),
                "description": "Somebody else",
            }
        ]


def _second_policy(tenant: Tenant, dice: random.Random) -> None:
    policy = copy.deepcopy(dice.choice(list(tenant.world.policies.values())))
    if len(tenant.world.policies_of(policy.package_id)) == 1:
        policy.id, policy.display_name = tenant.world.new_id(), dice.choice(NAMES)[:100]
        tenant.world.policies[policy.id] = policy


def _close_policy(tenant: Tenant, dice: random.Random) -> None:
    policy = dice.choice(list(tenant.world.policies.values()))
    settings = policy.settings.setdefault("requestorSettings", {})
    settings["enableTargetsToSelfAddAccess"] = not settings.get("enableTargetsToSelfAddAccess")


def _disable(tenant: Tenant, dice: random.Random) -> None:
    person = tenant.world.users[dice.choice((seed.CY, seed.MIA))]
    person.account_enabled = not person.account_enabled


def _other_manager(tenant: Tenant, dice: random.Random) -> None:
    tenant.world.users[dice.choice((seed.ANN, seed.CY))].manager_id = dice.choice(
        (None, seed.MIA, seed.BO, seed.CY)
    )


def _live(tenant: Tenant) -> list[Assignment]:
    return [each for each in tenant.world.assignments.values() if each.state == "delivered"]


def _one_of(these: list[Assignment], dice: random.Random) -> list[Assignment]:
    return [dice.choice(these)] if these else []


CHANGES: Final[Mapping[str, Callable[[Tenant, random.Random], None]]] = {
    "rename": _rename,
    "hide": _hide,
    "delete a package": _delete_package,
    "remove": _remove,
    "move an end": _move_end,
    "assign": _assign,
    "another duration": _other_duration,
    "another approver": _other_approver,
    "a second policy": _second_policy,
    "open or close a policy": _close_policy,
    "disable": _disable,
    "another manager": _other_manager,
}
