"""A stand-in Microsoft tenant: sign-in, directory and entitlement management in one web app."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route as HttpRoute

from sandbox.clock import SandboxClock
from sandbox.crowd import Colleague
from sandbox.tenant import (
    approvals,
    assignments,
    catalogs,
    directory,
    end_user_settings,
    examples,
    groups,
    large,
    lifecycle,
    organizations,
    packages,
    policies,
    resources,
    seed,
)
from sandbox.tenant.exchange import Call
from sandbox.tenant.faults import Faults
from sandbox.tenant.login import Login
from sandbox.tenant.model import Assignment, User
from sandbox.tenant.my_access import MyAccess
from sandbox.tenant.routes import Router
from sandbox.tenant.service import Service
from sandbox.tenant.tokens import APPLICATION_GRANTS, DELEGATED_GRANTS, Tokens
from sandbox.tenant.world import World

__all__ = ["Call", "Faults", "Tenant", "World"]

TENANT_ID = "7e000000-0000-4000-8000-00000000c0a1"
CLIENT_ID = "7e000000-0000-4000-8000-00000000c0a2"
CLIENT_SECRET = "sandbox-secret-that-opens-nothing-else"  # noqa: S105 - of the stand-in only


class Tenant:
    """A tenant in memory, served by `app`; tests and the page look into `world`.

    *delivery* is how long a request takes, *directory_lag* how long a new group stays unknown to
    entitlement management, both in sandbox time. *lenient* accepts duplicate requests, to prove
    that a client's own guards hold.
    """

    def __init__(
        self,
        *,
        clock: SandboxClock,
        tenant_id: str = TENANT_ID,
        client_id: str = CLIENT_ID,
        client_secret: str = CLIENT_SECRET,
        delivery: timedelta = timedelta(seconds=4),
        directory_lag: timedelta = timedelta(seconds=2),
        page_size: int = 50,
        lenient: bool = False,
        seed: int = 0,
    ) -> None:
        self.clock = clock
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.client_secret = client_secret
        self.permissions = set(APPLICATION_GRANTS)
        self.faults = Faults(seed=seed)
        self.world = World(
            clock,
            tenant_id=tenant_id,
            delivery=delivery,
            directory_lag=directory_lag,
            lenient=lenient,
        )
        self.world.delivery_outcome = lambda request: self._delivery_outcome(request.request_type)
        self._tokens = Tokens(tenant_id=tenant_id, seconds=clock.machine_seconds)
        self.login = Login(
            tenant_id=tenant_id,
            client_id=client_id,
            client_secret=client_secret,
            tokens=self._tokens,
            permissions=self.permissions,
            users=self.world.users,
        )
        self.world.revoke_sign_ins = self.login.sign_ins.revoke
        self.my_access = MyAccess(self.world, self.login.steps)
        router = Router(
            [
                *directory.routes(),
                *groups.routes(),
                *organizations.routes(),
                *end_user_settings.routes(),
                *catalogs.routes(),
                *resources.routes(),
                *packages.routes(),
                *policies.routes(),
                *assignments.routes(),
                *approvals.routes(),
            ]
        )
        self._service = Service(self.world, router, self._tokens, self.faults, page_size)
        self.app = self._make_app()
        clock.subscribe(self.tick)

    def _make_app(self) -> Starlette:
        async def graph(request: HttpRequest) -> Response:
            return await self._service(request)

        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return Starlette(
            routes=[
                HttpRoute("/v1.0/{path:path}", graph, methods=methods),
                HttpRoute("/beta/{path:path}", graph, methods=methods),
                *self.my_access.routes(),
                *self.login.routes(),
            ]
        )

    def _delivery_outcome(self, request_type: str) -> str:
        if self.faults.strikes("delivery_failed", request_type):
            return "deliveryFailed"
        if self.faults.strikes("delivery_partial", request_type):
            return "partiallyDelivered"
        return "delivered"

    @property
    def calls(self) -> list[Call]:
        """Every Graph call seen, oldest first; the oldest are forgotten after some thousands."""
        return self._service.calls

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call *callback* after each change of the world; the returned function ends that."""
        return self.world.subscribe(callback)

    def tick(self) -> None:
        """Let everything happen that is due by now."""
        self.world.advance()

    def seed_tutorial_world(self) -> None:
        """People, groups, catalog General and four packages: see `seed`."""
        seed.seed(self.world)

    def seed_examples(self) -> None:
        """Packages that ask more of whoever wants them: see `examples`."""
        examples.add(self.world)

    def seed_large(self, colleagues: Sequence[Colleague]) -> None:
        """Two hundred packages and two thousand assignments: see `large`."""
        large.add(self.world, colleagues)

    def user_by_email(self, email: str) -> User | None:
        """The user with this mail address or user principal name."""
        wanted = email.lower()
        for user in self.world.users.values():
            if wanted in ((user.mail or "").lower(), user.user_principal_name.lower()):
                return user
        return None

    # -- tokens ----------------------------------------------------------------------------

    def application_token(self) -> str:
        """A token as the application gets it at sign-in."""
        return self._tokens.issue(client_id=self.client_id, grants=self.permissions)

    def delegated_token(self, user_id: str, *, grants: set[str] | None = None) -> str:
        """A token as a signed-in user gets it."""
        chosen = DELEGATED_GRANTS if grants is None else grants
        return self._tokens.issue(client_id=self.client_id, grants=chosen, user_id=user_id)

    def revoke_tokens(self) -> None:
        """Refuse all tokens issued so far, with a claims challenge."""
        self._tokens.revoke_all()

    # -- what an administrator does in the portal ------------------------------------------

    def remove_assignment(self, assignment_id: str) -> None:
        """End an assignment at once. Raises KeyError when there is none with this id."""
        self.world.advance()
        assignment = self.world.assignments[assignment_id]
        now = self.world.now()
        lifecycle.remove_now(self.world, assignment, now, request_type="adminRemove")
        self.world.announce()

    def assign(self, package_id: str, user_id: str, *, end: datetime | None) -> Assignment:
        """
        Give somebody a package directly, at once, under its first policy.

        Raises KeyError for an unknown package, StopIteration for one without a policy.
        """
        self.world.advance()
        now = self.world.now()
        policies = self.world.policies.values()
        made = Assignment(
            id=self.world.new_id(),
            package_id=self.world.packages[package_id].id,
            policy_id=next(each.id for each in policies if each.package_id == package_id),
            target_id=user_id,
            subject_id=self.world.subject_id(user_id),
            created_at=now,
            state="delivered",
            status="Delivered",
            start=now,
            end=end,
        )
        self.world.assignments[made.id] = made
        lifecycle.put_in_force(self.world, made)
        self._changed()
        return made

    def move_end(self, assignment_id: str, when: datetime | None) -> None:
        """Give an assignment another end, or none. Raises KeyError for an unknown id."""
        self.world.advance()
        lifecycle.move_end(self.world, self.world.assignments[assignment_id], when)
        self.world.advance()

    def decide(
        self, request_id: str, *, approver_id: str, approve: bool, justification: str = ""
    ) -> None:
        """Decide the open stage of a request in My Access. Raises Refusal when not allowed."""
        self.world.advance()
        request = self.world.requests[request_id]
        stage = request.current_stage
        lifecycle.decide(
            self.world,
            request,
            stage.id if stage else "",
            user_id=approver_id,
            approve=approve,
            justification=justification,
        )
        self.world.announce()

    def disable_user(self, user_id: str) -> None:
        """Block a user's sign-in. Raises KeyError for an unknown id."""
        self.world.users[user_id].account_enabled = False
        self._changed()

    def delete_user(self, user_id: str) -> None:
        """Delete a user; their assignments stay, as in Entra."""
        directory.remove_user(self.world, self.world.users[user_id])
        self._changed()

    def delete_package(self, package_id: str) -> None:
        """Delete a package whatever hangs on it. Raises KeyError for an unknown id."""
        now = self.world.now()
        for assignment in self.world.assignments_of(package_id):
            lifecycle.end_assignment(self.world, assignment, now)
        packages.remove_package(self.world, self.world.packages[package_id])
        self._changed()

    def add_member(self, group_id: str, user_id: str) -> None:
        """Put a user into a group by hand. Raises KeyError for an unknown group."""
        members = self.world.groups[group_id].members
        if user_id not in members:
            members.append(user_id)
        self._changed()

    def remove_member(self, group_id: str, user_id: str) -> None:
        """Take a user out of a group by hand. Raises KeyError for an unknown group."""
        members = self.world.groups[group_id].members
        if user_id in members:
            members.remove(user_id)
        self._changed()

    def _changed(self) -> None:
        self.world.touch()
        self.world.announce()
