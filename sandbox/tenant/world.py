"""Everything that exists in the tenant, and the agenda of what the clock will do to it."""

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sandbox import chance
from sandbox.clock import SandboxClock
from sandbox.tenant.model import (
    PLACEHOLDER_ID,
    Application,
    Assignment,
    Catalog,
    EndUserSettings,
    Environment,
    Group,
    Organization,
    Package,
    Policy,
    Request,
    Resource,
    ResourceRequest,
    ResourceRole,
    Site,
    User,
)

# No state of the tenant's: what others have connected to its world.
WIRING: Final = frozenset({"clock", "delivery_outcome", "revoke_sign_ins", "_listeners"})


class World:
    """Records by id, in the order in which they were made."""

    def __init__(
        self,
        clock: SandboxClock,
        *,
        tenant_id: str,
        delivery: timedelta,
        directory_lag: timedelta,
        lenient: bool,
    ) -> None:
        self.clock = clock
        self.tenant_id = tenant_id
        self.delivery = delivery
        self.directory_lag = directory_lag
        self.lenient = lenient
        self.users: dict[str, User] = {}
        self.deleted_users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.organizations: dict[str, Organization] = {}
        # None: this cloud does not have them yet.
        self.end_user_settings: EndUserSettings | None = EndUserSettings()
        self.applications: dict[str, Application] = {}
        self.sites: dict[str, Site] = {}
        # Who holds an Entra role in which way, by the role's id and "Active" or "Eligible".
        self.entra_role_holders: dict[tuple[str, str], list[str]] = {}
        self.environments: dict[str, Environment] = {}
        self.catalogs: dict[str, Catalog] = {}
        self.resources: dict[str, Resource] = {}
        self.resource_requests: dict[str, ResourceRequest] = {}
        self.packages: dict[str, Package] = {}
        self.policies: dict[str, Policy] = {}
        self.requests: dict[str, Request] = {}
        self.assignments: dict[str, Assignment] = {}
        # How the next delivery ends: delivered, partiallyDelivered or deliveryFailed.
        self.delivery_outcome: Callable[[Request], str] = lambda request: "delivered"
        # Whether lists of requests and assignments take several states, joined by "or".
        self.joins_states = True
        # What the login does when a user's sign-ins are revoked.
        self.revoke_sign_ins: Callable[[str], None] = lambda user_id: None
        # As what a request shows its end where whoever made it named none: Microsoft documents the four types of an
        # expirationPattern, and not which of them that is.  "notSpecified", "noExpiration", "afterDuration" (the
        # policy's); None: afterDateTime, with the end that it comes to.
        self.unnamed_end: str | None = None
        self._subject_ids: dict[str, str] = {}
        self._agenda: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = itertools.count()
        self._listeners: list[Callable[[], None]] = []
        self._is_touched = False

    # -- time ------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self.clock.now()

    def at(self, moment: datetime, work: Callable[[datetime], None]) -> None:
        """Do *work* when the sandbox clock reaches *moment*; it is told that moment."""
        heapq.heappush(self._agenda, (moment, next(self._order), work))

    def advance(self) -> None:
        """Do all that is due, each at its own moment, oldest first; then tell who watches."""
        now = self.now()
        while self._agenda and self._agenda[0][0] <= now:
            moment, _, work = heapq.heappop(self._agenda)
            work(moment)
        self.announce()

    def touch(self) -> None:
        """Remember that something changed."""
        self._is_touched = True

    def announce(self) -> None:
        """Tell those who watch, if anything changed since the last time."""
        if self._is_touched:
            self._is_touched = False
            for listener in list(self._listeners):
                listener()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call *callback* after each change; the returned function ends that."""
        self._listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return unsubscribe

    # -- people and groups -----------------------------------------------------------------

    @staticmethod
    def new_id() -> str:
        return str(chance.uuid4())

    def find_user(self, key: str) -> User | None:
        """A user by id or user principal name."""
        found = self.users.get(key)
        if found:
            return found
        wanted = key.lower()
        for user in self.users.values():
            if wanted in (user.id.lower(), user.user_principal_name.lower()):
                return user
        return None

    def find_group(self, key: str) -> Group | None:
        return self.groups.get(key.lower()) or self.groups.get(key)

    def person(self, user_id: str) -> User | None:
        """A user, even one deleted: their assignments outlive them for 30 days."""
        return self.users.get(user_id) or self.deleted_users.get(user_id)

    def subject_id(self, user_id: str) -> str:
        """The id under which entitlement management knows a user: not the directory's id."""
        return self._subject_ids.setdefault(user_id, self.new_id())

    def is_subject(self, user_id: str) -> bool:
        """Tell whether entitlement management knows a user: from outside, or somebody's access is or was theirs."""
        user = self.person(user_id)
        return bool(user and user.organization_id) or any(
            each.target_id == user_id for each in self.requests.values()
        )

    def transitive_members(self, group_id: str) -> list[str]:
        """Ids of all users and groups inside a group, nested groups included."""
        found: dict[str, None] = {}
        waiting = [group_id]
        while waiting:
            group = self.groups.get(waiting.pop(0))
            for member in group.members if group else []:
                if member not in found:
                    found[member] = None
                    waiting.append(member)
        return list(found)

    def is_member(self, user_id: str, group_id: str) -> bool:
        return user_id in self.transitive_members(group_id)

    # -- catalogs and packages -------------------------------------------------------------

    def roles_of(self, resource: Resource) -> list[ResourceRole]:
        """The roles that a resource offers, each identified by its originId."""
        names: dict[str, str]
        if resource.origin_system == "AadGroup":
            names = {
                f"Member_{resource.origin_id}": "Member",
                f"Owner_{resource.origin_id}": "Owner",
            }
            group = self.groups.get(resource.origin_id)
            if group is not None and group.is_privileged:
                names |= {
                    f"EligibleMember_{resource.origin_id}": "Eligible Member",
                    f"EligibleOwner_{resource.origin_id}": "Eligible Owner",
                }
        elif resource.origin_system == "DirectoryRole":
            # "Assign Microsoft Entra roles": the same two for every role.
            names = {"Active": "Active Member", "Eligible": "Eligible Member"}
        elif resource.origin_system == "AadApplication":
            names = self.applications[resource.origin_id].roles
        else:
            names = self.sites[resource.origin_id].roles
        return [
            ResourceRole(
                resource.role_ids.get(origin_id, PLACEHOLDER_ID), origin_id, name, resource
            )
            for origin_id, name in names.items()
        ]

    def policies_of(self, package_id: str) -> list[Policy]:
        return [policy for policy in self.policies.values() if policy.package_id == package_id]

    def assignments_of(self, package_id: str, *, user_id: str | None = None) -> list[Assignment]:
        return [
            assignment
            for assignment in self.assignments.values()
            if assignment.package_id == package_id and user_id in (None, assignment.target_id)
        ]

    def open_request(self, *, user_id: str, package_id: str) -> Request | None:
        """The unfinished request of a user for a package, if there is one."""
        for request in self.requests.values():
            if request.is_open and (request.target_id, request.package_id) == (user_id, package_id):
                return request
        return None
