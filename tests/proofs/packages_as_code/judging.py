"""What the tenant must be like after Latchkey has been at work in it, read from the tenant alone."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final

from sandbox.tenant import Tenant
from sandbox.tenant.model import Package, Policy
from sandbox.tenant.world import World
from tests.proofs.packages_as_code.describing import Words, packages_of

KINDS: Final = ("users", "groups", "catalogs", "resources", "packages", "policies")
SCOPES: Final = {
    "all members": "allMemberUsers",
    "all users": "allDirectoryUsers",
    "nobody": "notSpecified",
}
DURATIONS: Final = {"30 days": 30, "60 days": 60}

Things = dict[tuple[str, str], dict[str, Any]]


def things_in(tenant: Tenant) -> Things:
    """Return everything in the tenant that somebody made, by kind and id, with all that is said of it."""
    world = tenant.world
    world.advance()
    things = {
        (kind, object_id): asdict(each)
        for kind in KINDS
        for object_id, each in getattr(world, kind).items()
    }
    # Who is in a group because of a package comes and goes with that.
    holders = {each.target_id for each in world.assignments.values()}
    for (kind, _), said in things.items():
        if kind == "groups":
            said["members"] = [each for each in said["members"] if each not in holders]
    return things


def held_in(tenant: Tenant) -> dict[str, dict[str, set[str]]]:
    """Return what live access rests on, by assignment: what there is of it, what its package gives, and what was given."""
    world = tenant.world
    world.advance()
    found = {}
    for assignment in world.assignments.values():
        if not assignment.is_live:
            continue
        package = world.packages.get(assignment.package_id)
        roles = package.role_scopes if package else []
        found[assignment.id] = {
            "there": {
                kind
                for kind, object_id in (
                    ("package", assignment.package_id),
                    ("policy", assignment.policy_id),
                    ("catalog", package.catalog_id if package else ""),
                )
                if object_id in {*world.packages, *world.policies, *world.catalogs}
            },
            "roles": {f"{each.resource_id} {each.role_origin_id}" for each in roles},
            "given": {
                origin
                for system, origin, _ in assignment.given
                if origin in world.groups and assignment.target_id in world.groups[origin].members
            },
        }
    return found


def harm(
    before: Things,
    after: Things,
    *,
    theirs: Iterable[tuple[str, str]],
    held: dict[str, dict[str, set[str]]],
    held_after: dict[str, dict[str, set[str]]],
) -> Iterator[str]:
    """Yield what Latchkey did to what is none of its business, or to what somebody has."""
    for key in theirs:
        if key in before and before[key] != after.get(key):
            now = after.get(key)
            what = (
                {
                    word: (value, now.get(word))
                    for word, value in before[key].items()
                    if now.get(word) != value
                }
                if now
                else "gone"
            )
            yield f"{key[0]} {before[key]['display_name']} of somebody else's: {what}"
    for assignment, rests_on in held.items():
        now_rests_on = held_after.get(assignment)
        if now_rests_on is None:
            yield f"assignment {assignment} has ended"
            continue
        for word, value in rests_on.items():
            if value - now_rests_on[word]:
                yield f"assignment {assignment} lost {word} {value - now_rests_on[word]}"


def disagreements(file: Words, tenant: Tenant, *, held: set[str]) -> Iterator[str]:
    """
    Yield where the tenant is not as the file says.

    Args:
        held: Ids of the packages that somebody has: these may give more than they should.
    """
    world = tenant.world
    for person in file["people"]:
        users = [
            each for each in world.users.values() if each.user_principal_name == person["email"]
        ]
        if len(users) != 1:
            yield f"{len(users)} people {person['email']}"
        elif "manager" in person and users[0].manager_id != _id_of(person["manager"], world):
            yield f"the manager of {person['email']} is {users[0].manager_id}"
    for group in file["groups"]:
        there = [each for each in world.groups.values() if _same(each.display_name, group["name"])]
        if len(there) != 1:
            yield f"{len(there)} groups {group['name']}"
            continue
        members = {
            world.users[each].user_principal_name
            for each in there[0].members
            if each in world.users
        }
        if missing := set(group["members"]) - members:
            yield f"{missing} not in group {group['name']}"
    for catalog in file["catalogs"]:
        found = [
            each for each in world.catalogs.values() if _same(each.display_name, catalog["name"])
        ]
        if len(found) != 1:
            yield f"{len(found)} catalogs {catalog['name']}"
            continue
        if found[0].description != catalog["description"]:
            yield f"catalog {catalog['name']} is described as {found[0].description}"
        if "published" in catalog and (found[0].state == "published") != catalog["published"]:
            yield f"catalog {catalog['name']} is {found[0].state}"
    for catalog, package in packages_of(file):
        there_are = [
            each
            for each in world.packages.values()
            if _same(each.display_name, package["name"])
            and _same(world.catalogs[each.catalog_id].display_name, catalog["name"])
        ]
        if len(there_are) != 1:
            yield f"{len(there_are)} packages {package['name']} in {catalog['name']}"
            continue
        yield from _of_package(package, there_are[0], world, is_held=there_are[0].id in held)


def _of_package(said: Words, package: Package, world: World, *, is_held: bool) -> Iterator[str]:
    name = said["name"]
    if package.description != said["description"]:
        yield f"package {name} is described as {package.description}"
    if "hidden" in said and package.is_hidden != said["hidden"]:
        yield f"package {name} is hidden: {package.is_hidden}"
    if "gives" in said:
        gives = {
            f"Member of group {world.groups[world.resources[each.resource_id].origin_id].display_name}"
            for each in package.role_scopes
        }
        wanted = set(said["gives"])
        if wanted - gives or (gives - wanted and not is_held):
            yield f"package {name} gives {gives} and not {wanted}"
    if "not together with" in said:
        apart = {
            f"package {world.packages[each].display_name}" for each in package.incompatible_packages
        }
        apart |= {
            f"group {world.groups[each].display_name}" for each in package.incompatible_groups
        }
        if apart != set(said["not together with"]):
            yield f"package {name} does not go together with {apart} and not {said['not together with']}"
    for policy in said["policies"]:
        there = [
            each
            for each in world.policies_of(package.id)
            if _same(each.display_name, policy["name"])
        ]
        if len(there) != 1:
            yield f"{len(there)} policies {policy['name']} of {name}"
            continue
        for word in _wrong_in_policy(policy, there[0], world):
            yield f"policy {policy['name']} of {name}: {word}"


def _wrong_in_policy(said: Words, policy: Policy, world: World) -> Iterator[str]:
    """Yield what whoever asks would meet otherwise than the file says."""
    who = said["may ask"]
    if isinstance(who, str):
        if policy.allowed_target_scope != SCOPES[who]:
            yield f"{policy.allowed_target_scope} may ask"
    else:
        targets = {
            f"group {world.groups[each['groupId']].display_name}"
            for each in policy.specific_allowed_targets
        }
        if targets != set(who):
            yield f"{targets} may ask"
    lasts = policy.expiration
    days = lasts.duration.days if lasts.duration else None
    if days != DURATIONS.get(said["durations"]) or (lasts.end is None) == (
        said["durations"].startswith("until")
    ):
        yield f"lasts {lasts}"
    if policy.may_self("Update") != (said.get("may extend", "no") == "yes"):
        yield "may extend"
    asks = not isinstance(who, str) or who != "nobody"
    if policy.may_self("Add") != (asks and said.get("new requests", True)):
        yield "may ask at all"
    approval = policy.approval
    if bool(approval.get("isRequestorJustificationRequired")) != said.get("reason required", False):
        yield "reason required"
    stages = said.get("decided by", [])
    stages = [] if stages == "nobody" else stages
    decides = [
        sorted(map(str, (_decider(each, world) for each in stage["primaryApprovers"])))
        for stage in approval.get("stages") or []
    ]
    if decides != [sorted(stage["approvers"]) for stage in stages]:
        yield f"decided by {decides}"
    if bool(approval.get("isApprovalRequiredForAdd")) != bool(stages):
        yield "approval"
    asked = [each["text"] for each in policy.settings.get("questions") or []]
    if asked != [each["ask"] for each in said.get("questions", [])]:
        yield f"asks {asked}"


def _decider(subject: dict[str, Any], world: World) -> str:
    if "groupId" in subject:
        return f"group {world.groups[subject['groupId']].display_name}"
    if "userId" in subject:
        return f"person {world.users[subject['userId']].user_principal_name}"
    return "manager"


def _id_of(email: str, world: World) -> str:
    return next(each.id for each in world.users.values() if each.user_principal_name == email)


def dangling(tenant: Tenant) -> Iterator[str]:
    """Yield policies and packages that name what is gone: nobody could ask, or decide, or get it."""
    world = tenant.world
    there = {*world.users, *world.groups}
    for policy in world.policies.values():
        named = re.findall(r"'(?:userId|groupId)': '([^']+)'", str(asdict(policy)))
        if set(named) - there:
            yield f"policy {policy.display_name} names somebody who is gone"
    for package in world.packages.values():
        for role in package.role_scopes:
            resource = world.resources.get(role.resource_id)
            if resource is None:
                yield f"package {package.display_name} gives a resource that its catalog has no more"
            elif resource.origin_system == "AadGroup" and resource.origin_id not in world.groups:
                yield f"package {package.display_name} gives a group that is gone"


def doubles(tenant: Tenant, *, theirs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield what Latchkey made that has the name of another beside it."""
    world, foreign = tenant.world, set(theirs)
    seen: dict[tuple[str, ...], str] = {}
    for kind, place in (
        ("groups", ""),
        ("catalogs", ""),
        ("packages", "catalog_id"),
        ("policies", "package_id"),
    ):
        for object_id, each in getattr(world, kind).items():
            if (kind, object_id) in foreign:
                continue
            key = (kind, getattr(each, place) if place else "", each.display_name.casefold())
            if key in seen:
                yield f"two {kind} {each.display_name}"
            seen[key] = object_id


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
