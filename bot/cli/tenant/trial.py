"""
Go through Microsoft's tutorial "Manage access to resources in entitlement management" with Latchkey.

Everything it makes has a name that nothing else has, so that cleaning up finds it even where an answer
was lost on the way, and never touches anything else.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, repeat
from typing import Final

from bot.cli.connection import Stop
from bot.cli.tables import when
from bot.cli.tenant.following import until_delivered, until_ended
from bot.cli.tenant.narration import Narrator
from bot.repeating import Sleep, until_done, until_found
from graph import Graph, TokenSource
from graph.errors import AuthError, Forbidden, GraphError, NotFound
from graph.models import (
    AccessPackage,
    AccessPackageCatalog,
    AccessPackageResource,
    AssignmentPolicy,
    AssignmentRequest,
    Expiration,
    Group,
    Reference,
    RequestorSettings,
    ResourceScope,
    SubjectSet,
    User,
)

LASTS: Final = timedelta(days=30)
PATIENCE: Final = timedelta(minutes=10)
# Entra's services learn of each other's deletions late: so often a deletion is tried, so far apart.
TRIES: Final = 6
PAUSE: Final = timedelta(seconds=10)

SignIn = Callable[[User], TokenSource]


def few_tries(
    *, believed_from: int = 1, say: Callable[[str], object] = lambda said: None
) -> Callable[[Exception], timedelta | None]:
    """
    Return the pauses after what Graph fails: `TRIES` tries in all, `PAUSE` apart.

    Args:
        believed_from: The try from which a refusal is the last word.
        say: Told each failure that is tried again.
    """
    tries = count(1)

    def pause_after(error: Exception) -> timedelta | None:
        attempt = next(tries)
        is_refused = attempt >= believed_from and isinstance(error, Forbidden | AuthError)
        if not isinstance(error, GraphError) or is_refused or attempt == TRIES:
            return None
        say(str(error))
        return PAUSE

    return pause_after


@dataclass
class Trial:
    """
    One run of the tutorial.

    Attributes:
        domain: For the new person's user principal name.
        sign_in: The requestor's own token, where one can be had: then the request is a `userAdd`.
        sleep: Waits so many seconds.
        mark: What makes the names of this run unlike all others.
        is_untouched: Nothing was made: there is nothing to clean up.
    """

    graph: Graph
    narrator: Narrator
    domain: str
    sleep: Sleep
    sign_in: SignIn | None = None
    catalog_name: str = "General"
    mark: str = field(default_factory=lambda: secrets.token_hex(3))
    is_untouched: bool = True

    @property
    def group_name(self) -> str:
        return f"Marketing resources {self.mark}"

    @property
    def package_name(self) -> str:
        return f"Marketing Campaign {self.mark}"

    @property
    def package_names(self) -> tuple[str, ...]:
        """Return what the packages of this run are called, for the clean-up."""
        return (self.package_name,)

    @property
    def principal_name(self) -> str:
        return f"requestor1-{self.mark}@{self.domain}"

    async def run(self) -> None:
        """
        Run steps 1 to 4.

        Raises:
            GraphError, Stop: A step failed; what it and the earlier ones made is still there.
        """
        say = self.narrator
        say.step("Step 1: Create a user account and a group")
        requestor = await self._requestor()
        group = await self._group()

        say.step("Step 2: Add resources to a catalog and create an access package")
        catalog = await self._catalog()
        resource = await self._resource(catalog, group)
        package_id = await self._package(catalog, resource, group)
        policy = await self._policy(package_id, requestor)

        say.step("Step 3: Request access")
        asked = await self._ask(requestor, package_id, policy)

        say.step("Step 4: Validate that access has been assigned")
        await self._validate(asked, policy, group, requestor)

    async def _requestor(self) -> User:
        self.narrator.task("Create a user account")
        self.is_untouched = False
        try:
            user = await self.graph.users.create(
                display_name=f"Requestor1 {self.mark}",
                user_principal_name=self.principal_name,
                mail_nickname=f"requestor1-{self.mark}",
                # Nobody is told it: the account lives for minutes.
                password=f"{secrets.token_urlsafe(24)}aA1!",
            )
        except GraphError as error:
            self.is_untouched = not error.may_have_happened
            raise
        self.narrator.result(f"{user.display_name}, {user.id}")
        return user

    async def _group(self) -> Group:
        self.narrator.task("Create a group")
        group = await self.graph.groups.create(
            display_name=self.group_name,
            mail_nickname=f"markres-{self.mark}",
            description="Made by `latchkey tutorial`, which deletes it again",
        )
        self.narrator.result(f"{group.display_name}, {group.id}")
        return group

    async def _catalog(self) -> AccessPackageCatalog:
        self.narrator.task("Get the catalog identifier")
        catalog = await self.graph.catalogs.find(display_name=self.catalog_name)
        if catalog is None:
            raise Stop(
                f"There is no catalog called “{self.catalog_name}”: name one with --catalog."
            )
        self.narrator.result(f"{catalog.display_name}, {catalog.id}")
        return catalog

    async def _resource(self, catalog: AccessPackageCatalog, group: Group) -> AccessPackageResource:
        self.narrator.task("Add the group to the catalog, and get the catalog's resource")
        resource = await self.graph.resources.ensure(
            catalog_id=catalog.id, origin_id=group.id, origin_system="AadGroup"
        )
        self.narrator.result(f"{resource.display_name}, {resource.id}")
        return resource

    async def _package(
        self, catalog: AccessPackageCatalog, resource: AccessPackageResource, group: Group
    ) -> str:
        self.narrator.task("Get resource roles")
        roles = await self.graph.catalogs.roles(
            catalog.id, resource_id=resource.id or "", origin_system="AadGroup"
        )
        member = next((role for role in roles if role.origin_id == f"Member_{group.id}"), None)
        if member is None:
            raise Stop("Graph lists no role Member of the new group.")
        self.narrator.result(f"{member.display_name}, {member.origin_id}")

        self.narrator.task("Create the access package")
        package = await self.graph.packages.create(
            catalog_id=catalog.id,
            display_name=self.package_name,
            description="Made by `latchkey tutorial`, which deletes it again",
            # Nobody else shall stumble over it in My Access.
            is_hidden=True,
        )
        self.narrator.result(f"{package.display_name}, {package.id}")

        self.narrator.task("Add a resource role to the access package")
        given = await self.graph.packages.add_role(
            package.id,
            role=member.model_copy(update={"resource": resource}),
            scope=ResourceScope(origin_id=group.id, origin_system="AadGroup"),
        )
        self.narrator.result(f"Member of {group.display_name}, {given.id}")
        return package.id

    async def _policy(self, package_id: str, requestor: User) -> AssignmentPolicy:
        self.narrator.task("Create an access package policy")
        policy = await self.graph.policies.create(
            AssignmentPolicy(
                display_name="Specific users",
                description="Specific users can request assignment",
                allowed_target_scope="specificDirectoryUsers",
                specific_allowed_targets=[SubjectSet.user(requestor.id)],
                expiration=Expiration.after(LASTS),
                requestor_settings=RequestorSettings(
                    enable_targets_to_self_add_access=True,
                    # Beta has one word for all three.
                    enable_targets_to_self_update_access=True,
                    enable_targets_to_self_remove_access=True,
                ),
                access_package=Reference(id=package_id),
            )
        )
        self.narrator.result(f"{policy.display_name}, 30 days, no approval, {policy.id}")
        return policy

    async def _ask(
        self, requestor: User, package_id: str, policy: AssignmentPolicy
    ) -> AssignmentRequest:
        if self.sign_in is None:
            self.narrator.task("Give access, as an administrator: an app cannot ask for a person")
        else:
            self.narrator.task("Request access, signed in as the requestor")
        asked = await self.graph.assignment_requests.create(
            request_type="adminAdd" if self.sign_in is None else "userAdd",
            target_id=requestor.id,
            policy_id=policy.id,
            package_id=package_id,
            token=self.sign_in(requestor) if self.sign_in else None,
        )
        self.narrator.result(f"request {asked.id} is {asked.state}")
        return asked

    async def _validate(
        self, asked: AssignmentRequest, policy: AssignmentPolicy, group: Group, requestor: User
    ) -> None:
        self.narrator.task("Get the status of the request, until it is delivered")
        held = await until_delivered(self.graph, asked, patience=PATIENCE, sleep=self.sleep)
        self.narrator.result(f"delivered; it ends {when(held.ends_at())} UTC")

        self.narrator.task("Get access package assignments")
        under = await self.graph.assignments.list(policy_id=policy.id)
        if [each.id for each in under] != [held.id]:
            raise Stop("Graph does not list the new assignment, and it alone, under the policy.")
        self.narrator.result(f"assignment {held.id}")

        self.narrator.task("Get the members of the group")

        async def look() -> bool | None:
            members = await self.graph.groups.members(group.id, transitive=False)
            return [member.id for member in members] == [requestor.id] or None

        if await until_found(look, pauses=repeat(PAUSE, TRIES - 1), sleep=self.sleep) is None:
            raise Stop("The requestor is not a member of the group although Graph says delivered.")
        self.narrator.result(f"{requestor.display_name} is a member")

    async def clean_up(self) -> list[str]:
        """
        Delete all that this run made, whatever had come of it: step 5.

        Returns:
            A sentence for each thing that could not be taken back.
        """
        if self.is_untouched:
            return []
        self.narrator.step("Step 5: Clean up the resources")
        left: list[str] = []
        for task, remove in (
            ("Remove the assignment, its policy and the access package", self._remove_packages),
            ("Take the group out of the catalog", self._remove_resource),
            ("Delete the user account", self._delete_people),
            ("Delete the group", self._delete_groups),
        ):
            self.narrator.task(task)
            try:
                await self._again_and_again(remove)
            except (GraphError, Stop) as error:
                self.narrator.trouble(str(error))
                left.append(f"{task}: {error}")
            else:
                self.narrator.result("done")
        return left

    async def _again_and_again(self, remove: Callable[[], Awaitable[None]]) -> None:
        # A refusal is worth one more look: Graph says 403 to what is gone, too.
        pause_after = few_tries(believed_from=2, say=self.narrator.trouble)
        await until_done(remove, pause_after=pause_after, sleep=self.sleep)

    async def _remove_packages(self) -> None:
        for name in self.package_names:
            for package in await self.graph.packages.find(display_name=name):
                await self._remove_package(package)

    async def _remove_package(self, package: AccessPackage) -> None:
        await self._end_access(package.id)
        for policy in package.assignment_policies:
            await _unless_gone(self.graph.policies.delete(policy.id))
        for given in package.resource_role_scopes:
            if given.id is not None:
                await _unless_gone(self.graph.packages.remove_role(package.id, given.id))
        await _unless_gone(self.graph.packages.delete(package.id))

    async def _end_access(self, package_id: str) -> None:
        for asked in await self.graph.assignment_requests.list(package_id=package_id):
            if not asked.is_over and (asked.is_type("userAdd") or asked.is_type("adminAdd")):
                await until_delivered(self.graph, asked, patience=PATIENCE, sleep=self.sleep)
        for held in await self.graph.assignments.list(package_id=package_id):
            if held.is_expired:
                continue
            asked = await self.graph.assignment_requests.create(
                request_type="adminRemove", assignment_id=held.id
            )
            await until_ended(
                self.graph, asked, assignment_id=held.id, patience=PATIENCE, sleep=self.sleep
            )

    async def _remove_resource(self) -> None:
        catalog = await self.graph.catalogs.find(display_name=self.catalog_name)
        if catalog is None:
            return
        for group in await self.graph.groups.find(display_name=self.group_name):
            for resource in await self.graph.catalogs.resources(catalog.id, origin_id=group.id):
                if resource.id is not None:
                    await self.graph.resources.remove(
                        catalog_id=catalog.id, resource_id=resource.id
                    )

    async def _delete_people(self) -> None:
        for user in await self.graph.users.find(email=self.principal_name):
            await _unless_gone(self.graph.users.delete(user.id))

    async def _delete_groups(self) -> None:
        for group in await self.graph.groups.find(display_name=self.group_name):
            await _unless_gone(self.graph.groups.delete(group.id))


async def _unless_gone(deletion: Awaitable[None]) -> None:
    try:
        await deletion
    except NotFound:
        return
