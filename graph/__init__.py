"""Microsoft Graph entitlement management, and nothing of ours."""

import httpx

from graph.calls.batch import Batch
from graph.calls.batching import BatchingSession
from graph.calls.deadlines import Deadline, Seconds, machine_seconds
from graph.calls.hidden_members import HiddenMembers
from graph.calls.observed import Observer
from graph.calls.retries import Retries
from graph.calls.session import CALLS_AT_ONCE, Session
from graph.sign_in.tokens import StaticToken, TokenSource
from graph.subjects.applications import Applications
from graph.subjects.approvals import Approvals
from graph.subjects.assignment_requests import AssignmentRequests
from graph.subjects.assignments import Assignments
from graph.subjects.catalogs import Catalogs
from graph.subjects.granted import GrantedPermissions
from graph.subjects.groups import Groups
from graph.subjects.incompatibilities import Incompatibilities
from graph.subjects.organizations import Organizations
from graph.subjects.packages import Packages
from graph.subjects.policies import Policies
from graph.subjects.resources import Resources
from graph.subjects.self_service import SelfService
from graph.subjects.teams import Teams
from graph.subjects.tenant_settings import TenantSettings
from graph.subjects.users import Users

__all__ = ["Deadline", "Graph", "Retries", "StaticToken", "TokenSource"]


class Graph:
    """The calls to Graph, grouped by what they are about."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        tokens: TokenSource,
        *,
        url: str = "https://graph.microsoft.com",
        version: str = "v1.0",
        retries: Retries | None = None,
        calls_at_once: int = CALLS_AT_ONCE,
        seconds: Seconds = machine_seconds,
        observer: Observer | None = None,
        batches: bool = False,
    ) -> None:
        """
        Args:
            http: Owned by the caller, who sets its time-outs and closes it.
            tokens: Where access tokens come from.
            url: The Graph root of the cloud in use.
            version: ``v1.0`` or ``beta``; callers see no difference.
            retries: How patient reads are.
            calls_at_once: How many calls may be under way together; more wait their turn.
            seconds: The clock of `deadline`; it must go on while the process is stopped.
            observer: Told of every exchange, and of tokens that could not be had.
            batches: Send calls that are made at the same time in as few batches as they fit into.

        Raises:
            ValueError: Graph has no such version.
        """
        session = (BatchingSession if batches else Session)(
            http,
            tokens,
            url=url,
            version=version,
            retries=retries,
            calls_at_once=calls_at_once,
            seconds=seconds,
            observer=observer,
        )
        self.deadline = session.deadline
        self.granted = GrantedPermissions(session)
        self.hidden_members = HiddenMembers(session, roles=self.granted.roles)
        self.users = Users(session, self.hidden_members)
        self.groups = Groups(session, self.hidden_members)
        self.teams = Teams(session)
        self.applications = Applications(session)
        self.organizations = Organizations(session)
        self.catalogs = Catalogs(session)
        self.resources = Resources(session)
        self.packages = Packages(session)
        self.incompatibilities = Incompatibilities(session)
        self.policies = Policies(session)
        self.tenant_settings = TenantSettings(session)
        self.assignments = Assignments(session)
        self.assignment_requests = AssignmentRequests(session)
        self.approvals = Approvals(session)
        self.self_service = SelfService(session)
        self.batch = Batch(session)
