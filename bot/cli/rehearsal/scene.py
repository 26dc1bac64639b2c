"""The scene of the experiments in a tenant: a person, a group, a package and policies, made once and deleted at the end."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.cli.rehearsal.errors import NoAnswer, StillWaits
from bot.cli.tenant.following import until_delivered, until_ended
from bot.cli.tenant.trial import PATIENCE, Trial, few_tries
from bot.repeating import until_done
from graph.errors import GraphError
from graph.models import (
    AssignmentPolicy,
    Expiration,
    Group,
    Reference,
    RequestorSettings,
    SubjectSet,
    User,
)

LASTS = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Made:
    """The ids of what was made, and of the catalog that it is in; *policy_id* is the policy without approval."""

    person_id: str
    group_id: str
    catalog_id: str
    package_id: str
    policy_id: str


@dataclass(kw_only=True)
class TrialScene(Trial):
    """Makes everything when it is first asked for; `Trial.clean_up` deletes whatever has the mark in its name."""

    made: Made | None = None
    # Requests that wait for an approval, by id, each with what ends it in its person's name.
    waiting: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    _person: User | None = None
    _group_made: Group | None = None
    _package_id: str = ""

    async def check(self) -> None:
        """
        See that there is what everything else takes; nothing is made.

        Raises:
            Stop: There is no such catalog.
        """
        await self._catalog()

    async def ready(self) -> Made:
        """Make person, group, package and a policy of 30 days without approval, once; go on where it failed before."""
        if self.made is None:
            catalog = await self._catalog()
            self._person = self._person or await self._requestor()
            self._group_made = self._group_made or await self._group()
            if not self._package_id:
                resource = await self._resource(catalog, self._group_made)
                self._package_id = await self._package(catalog, resource, self._group_made)
            policy = await self.policy(
                "Open", package_id=self._package_id, target=SubjectSet.user(self._person.id)
            )
            self.made = Made(
                person_id=self._person.id,
                group_id=self._group_made.id,
                catalog_id=catalog.id,
                package_id=self._package_id,
                policy_id=policy.id,
            )
        return self.made

    async def policy(
        self,
        name: str,
        *,
        package_id: str,
        target: SubjectSet,
        **more: Any,
    ) -> AssignmentPolicy:
        """Make a policy of a package for somebody, 30 days without approval unless *more* says otherwise."""
        policy = AssignmentPolicy(
            display_name=name,
            description="Made by `latchkey rehearse`, which deletes it again",
            allowed_target_scope="specificDirectoryUsers",
            specific_allowed_targets=[target],
            access_package=Reference(id=package_id),
            **{
                "expiration": Expiration.after(LASTS),
                "requestor_settings": RequestorSettings(
                    enable_targets_to_self_add_access=True,
                    enable_targets_to_self_update_access=True,
                    enable_targets_to_self_remove_access=True,
                ),
                **more,
            },
        )
        # What was made a moment ago is not seen everywhere yet.
        return await until_done(
            lambda: self.graph.policies.create(policy), pause_after=few_tries(), sleep=self.sleep
        )

    @property
    def package_names(self) -> tuple[str, ...]:
        """Return all names: in one catalog no two packages may be called the same."""
        return (self.package_name, self.second_name, self.third_name)

    @property
    def second_name(self) -> str:
        """Return what the second package is called."""
        return f"{self.package_name} 2"

    @property
    def third_name(self) -> str:
        """Return what the package in a catalog of its own is called."""
        return f"{self.package_name} 3"

    @property
    def own_catalog_name(self) -> str:
        """Return what the catalog of that package is called."""
        return f"Rehearsal {self.mark}"

    async def own_catalog(self) -> tuple[str, str]:
        """Make a catalog that nobody else uses, once, and a package in it that gives nothing; returns the ids of both."""
        description = "Made by `latchkey rehearse`, which deletes it again"
        self.is_untouched = False
        catalog = await self.graph.catalogs.find(display_name=self.own_catalog_name)
        if catalog is None:
            catalog = await self.graph.catalogs.create(
                display_name=self.own_catalog_name, description=description
            )
        package = await self.graph.packages.create(
            catalog_id=catalog.id,
            display_name=self.third_name,
            description=description,
            is_hidden=True,
        )
        return catalog.id, package.id

    async def second_package(self, made: Made) -> str:
        """Make a package that gives nothing; returns its id."""
        package = await self.graph.packages.create(
            catalog_id=made.catalog_id,
            display_name=self.second_name,
            description="Made by `latchkey rehearse`, which deletes it again",
            is_hidden=True,
        )
        return package.id

    async def withdraw(self) -> list[str]:
        """
        End the requests that wait for an approval, each in the name of whoever can: an app cannot.

        Returns:
            A sentence for each that could not be ended; it is tried again the next time.
        """
        left: list[str] = []
        for request_id, end in list(self.waiting.items()):
            try:
                await end()
            except (GraphError, NoAnswer, StillWaits) as error:
                why = str(error) if isinstance(error, StillWaits) else type(error).__name__
                left.append(f"Withdraw a request that waits: {why}; it ends by itself after a day")
            else:
                self.waiting.pop(request_id, None)
        return left

    async def clean_up(self) -> list[str]:
        """Delete all that was made, whatever had come of it; what waits for an approval first."""
        left = await self.withdraw()
        left += await super().clean_up()
        try:
            await self._delete_catalog()
        except GraphError as error:
            left.append(f"Delete the catalog {self.own_catalog_name}: {type(error).__name__}")
        return left

    async def _delete_catalog(self) -> None:
        if self.is_untouched:
            return
        catalog = await self.graph.catalogs.find(display_name=self.own_catalog_name)
        if catalog is not None:
            await self.graph.catalogs.delete(catalog.id)

    async def _end_access(self, package_id: str) -> None:
        """As in the tutorial; what still waits for an approval, which nobody signed in can end, is left to its deadline."""
        await self.withdraw()
        requests = await self.graph.assignment_requests.list(package_id=package_id)
        for asked in requests:
            is_add = asked.is_type("userAdd") or asked.is_type("adminAdd")
            if is_add and not asked.is_over and not asked.is_pending_approval:
                await until_delivered(self.graph, asked, patience=PATIENCE, sleep=self.sleep)
        for held in await self.graph.assignments.list(package_id=package_id):
            if not held.is_expired:
                asked = await self.graph.assignment_requests.create(
                    request_type="adminRemove", assignment_id=held.id
                )
                await until_ended(
                    self.graph,
                    asked,
                    assignment_id=held.id,
                    patience=PATIENCE,
                    sleep=self.sleep,
                )

    async def remove_policies(self, *, but: str) -> None:
        """Take away the policies of the experiments before, so that people are offered no others; what Entra keeps stays until the end."""
        for name in self.package_names:
            for package in await self.graph.packages.find(display_name=name):
                for policy in package.assignment_policies:
                    if policy.id != but:
                        with suppress(GraphError):
                            await self.graph.policies.delete(policy.id)

    async def end_access(self) -> None:
        """Take away what an experiment has given."""
        for name in self.package_names:
            for package in await self.graph.packages.find(display_name=name):
                await self._end_access(package.id)
