"""What colleagues do in Entra while a file says what Latchkey makes."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from sandbox.tenant import Tenant
from sandbox.tenant.model import Expiration, Package, Policy
from sandbox.tenant.seed import ANN, BO, CY
from tests.proofs.packages_as_code.judging import things_in

PEOPLE: Final = (ANN, BO, CY)
NAMED: Final = {
    "groups": "group",
    "catalogs": "catalog",
    "packages": "package",
    "policies": "policy",
}


@dataclass(frozen=True)
class Renamed:
    """Something that has another name now than some file may say."""

    kind: str
    name: str
    now: str


class Colleagues:
    """
    Colleagues at work in the portal.

    Attributes:
        theirs: Kind and id of what they made, or was there before.
        renamed: What has another name since somebody last asked for it.
    """

    def __init__(self, tenant: Tenant, chance: random.Random) -> None:
        self.tenant = tenant
        self.theirs = set(things_in(tenant))
        self.renamed: list[Renamed] = []
        self._chance = chance
        self._count = 0

    def act(self) -> str:
        """Do one thing, and say what; "" if there is nothing to do it to."""
        deeds: list[Callable[[], str]] = [
            *[self._give] * 4,
            *[self._end] * 2,
            self._rename,
            self._delete,
            self._describe,
            self._shorten,
            self._take_role,
            self._take_member,
            self._policy_of_theirs,
            self._package_of_theirs,
        ]
        did = self._chance.choice(deeds)()
        # Entra has gone through with it when somebody applies the file again.
        self.tenant.clock.shift(timedelta(minutes=1))
        self.tenant.tick()
        return did

    # Access.

    def _give(self) -> str:
        world = self.tenant.world
        ours = [each for each in self._ours("packages") if world.policies_of(each.id)]
        if not ours:
            return ""
        people = [*PEOPLE, *(each.id for each in self._ours("users"))]
        package, who = self._chance.choice(ours), self._chance.choice(people)
        if world.assignments_of(package.id, user_id=who):
            return ""
        self.tenant.assign(package.id, who, end=None)
        return f"give {package.display_name} to {world.users[who].display_name}"

    def _end(self) -> str:
        live = [each for each in self.tenant.world.assignments.values() if each.is_live]
        if not live:
            return ""
        assignment = self._chance.choice(live)
        self.tenant.remove_assignment(assignment.id)
        return f"end access to {self.tenant.world.packages[assignment.package_id].display_name}"

    # What Latchkey made.

    def _rename(self) -> str:
        kind = self._chance.choice(list(NAMED))
        ours = self._ours(kind)
        if not ours:
            return ""
        thing = self._chance.choice(ours)
        name, thing.display_name = thing.display_name, self._new_name()
        world = self.tenant.world
        for resource in world.resources.values():
            if resource.origin_id == thing.id:
                resource.display_name = thing.display_name
        self.renamed.append(Renamed(NAMED[kind], name, thing.display_name))
        return f"rename {NAMED[kind]} {name} to {thing.display_name}"

    def _delete(self) -> str:
        world = self.tenant.world
        unheld = [
            each
            for each in self._ours("policies")
            if not any(
                one.is_live and one.policy_id == each.id for one in world.assignments.values()
            )
        ]
        if not unheld:
            return ""
        policy = self._chance.choice(unheld)
        del world.policies[policy.id]
        return f"delete policy {policy.display_name}"

    def _describe(self) -> str:
        ours = self._ours(self._chance.choice(["catalogs", "packages", "policies"]))
        if not ours:
            return ""
        thing = self._chance.choice(ours)
        thing.description = "By hand"
        return f"describe {thing.display_name}"

    def _shorten(self) -> str:
        ours = self._ours("policies")
        if not ours:
            return ""
        policy = self._chance.choice(ours)
        policy.expiration = Expiration("afterDuration", duration=timedelta(days=1))
        return f"shorten {policy.display_name}"

    def _take_role(self) -> str:
        world = self.tenant.world
        ours = [
            each
            for each in self._ours("packages")
            if each.role_scopes and not any(one.is_live for one in world.assignments_of(each.id))
        ]
        if not ours:
            return ""
        package = self._chance.choice(ours)
        package.role_scopes.pop()
        return f"take a role from {package.display_name}"

    def _take_member(self) -> str:
        ours = [each for each in self._ours("groups") if each.members]
        if not ours:
            return ""
        group = self._chance.choice(ours)
        holders = {
            each.target_id
            for each in self.tenant.world.assignments.values()
            if each.is_live and any(origin == group.id for _, origin, _ in each.given)
        }
        left = [each for each in group.members if each not in holders]
        if not left:
            return ""
        self.tenant.remove_member(group.id, self._chance.choice(left))
        return f"take somebody out of {group.display_name}"

    # What is theirs.

    def _policy_of_theirs(self) -> str:
        packages, groups = self._ours("packages"), self._ours("groups")
        if not packages or not groups:
            return ""
        world = self.tenant.world
        package, group = self._chance.choice(packages), self._chance.choice(groups)
        model = next(iter(world.policies.values()))
        policy: Policy = replace(
            model,
            id=world.new_id(),
            package_id=package.id,
            display_name=self._new_name(),
            allowed_target_scope="specificDirectoryUsers",
            specific_allowed_targets=[
                {"@odata.type": "#microsoft.graph.groupMembers", "groupId": group.id}
            ],
        )
        world.policies[policy.id] = policy
        self.theirs.add(("policies", policy.id))
        return f"policy {policy.display_name} of {package.display_name} for {group.display_name}"

    def _package_of_theirs(self) -> str:
        groups = self._ours("groups")
        if not groups:
            return ""
        world = self.tenant.world
        group = self._chance.choice(groups)
        catalog = next(each for kind, each in self.theirs if kind == "catalogs")
        package = Package(
            id=world.new_id(),
            catalog_id=catalog,
            display_name=self._new_name(),
            created_at=world.now(),
            incompatible_groups=[group.id],
        )
        world.packages[package.id] = package
        self.theirs.add(("packages", package.id))
        return f"package {package.display_name}, not together with {group.display_name}"

    def _ours(self, kind: str) -> list[Any]:
        """Return what Latchkey made of a kind, for whatever file."""
        world = self.tenant.world
        return [
            each
            for object_id, each in getattr(world, kind).items()
            if (kind, object_id) not in self.theirs
        ]

    def _new_name(self) -> str:
        self._count += 1
        return f"By hand {self._count}"
