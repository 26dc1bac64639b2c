"""A bot by hand: every part of it between the stand-ins, in simulated time, and nothing that moves by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot import clock
from bot.app import Latchkey
from bot.approvals.admin_checks import AdminChecks
from bot.approvals.processing import DecisionProcessor
from bot.approvals.service import ApprovalService
from bot.assignments.lists import AssignmentLists
from bot.assignments.service import AssignmentService
from bot.database import Store
from bot.database.audit_log import audit
from bot.database.tables import decisions, notices
from bot.database.tables import requests as request_table
from bot.jobs.table import Jobs
from bot.notifications.assignments.expiries import Ends
from bot.notifications.home import Homes
from bot.notifications.owed import Notices
from bot.people.actors import Permissions
from bot.people.identity import People
from bot.requests.asking.forms import RequestForms
from bot.requests.changes import RequestChanges
from bot.requests.evaluation.evaluator import RequestEvaluator
from bot.requests.in_entra.confirmation import Delivery
from bot.requests.in_entra.submission import Submitter
from bot.requests.lists import RequestLists
from bot.requests.model import Request
from bot.requests.service import RequestService
from bot.requests.shared_reads import FRESH
from bot.requests.store import claims, requests
from bot.slack.api import Slack
from bot.sync.everything import TenantSync
from graph import Graph
from sandbox.clock import SandboxClock
from sandbox.slack import Workspace
from sandbox.slack.model import Message
from sandbox.tenant import Tenant
from tests.harness.simulation import Bot, Simulation, simulation
from tests.harness.wires import GraphWire

# How long a test's own worker holds what it takes.
LEASE = timedelta(minutes=1)


@dataclass
class BotHarness:
    """All parts of a Latchkey, and the two worlds that it stands between."""

    around: Simulation
    bot: Bot

    @property
    def latchkey(self) -> Latchkey:
        return self.bot.latchkey

    @property
    def line(self) -> GraphWire:
        """The way to Graph, and what goes wrong on it."""
        return self.bot.line

    @property
    def clock(self) -> SandboxClock:
        return self.around.outside.clock

    @property
    def tenant(self) -> Tenant:
        return self.around.outside.tenant

    @property
    def workspace(self) -> Workspace:
        return self.around.outside.workspace

    @property
    def store(self) -> Store:
        return self.latchkey.store

    @property
    def slack(self) -> Slack:
        return self.latchkey.slack

    @property
    def graph(self) -> Graph:
        return self.latchkey.graph

    @property
    def people(self) -> People:
        return self.latchkey.people

    @property
    def requests(self) -> RequestService:
        return self.latchkey.services.requests

    @property
    def request_forms(self) -> RequestForms:
        return self.latchkey.services.request_forms

    @property
    def request_changes(self) -> RequestChanges:
        return self.latchkey.services.request_changes

    @property
    def request_lists(self) -> RequestLists:
        return self.latchkey.services.request_lists

    @property
    def approvals(self) -> ApprovalService:
        return self.latchkey.services.approvals

    @property
    def assignments(self) -> AssignmentService:
        return self.latchkey.services.assignments

    @property
    def assignment_lists(self) -> AssignmentLists:
        return self.latchkey.services.assignment_lists

    @property
    def jobs(self) -> Jobs:
        return self.latchkey.jobs

    @property
    def permissions(self) -> Permissions:
        return self.jobs.permissions

    @property
    def evaluator(self) -> RequestEvaluator:
        return self.jobs.evaluator

    @property
    def decision_processor(self) -> DecisionProcessor:
        return self.jobs.decision_processor

    @property
    def admin_checks(self) -> AdminChecks:
        return self.jobs.admin_checks

    @property
    def submitter(self) -> Submitter:
        return self.jobs.submitter

    @property
    def delivery(self) -> Delivery:
        return self.jobs.delivery

    @property
    def notices(self) -> Notices:
        return self.jobs.notices

    @property
    def ends(self) -> Ends:
        return self.jobs.ends

    @property
    def tenant_sync(self) -> TenantSync:
        return self.jobs.tenant_sync

    @property
    def homes(self) -> Homes:
        return self.jobs.homes

    async def work(self) -> None:
        """Everything that is due about requests, as often as it is."""
        for _ in range(2):
            # What is decided is carried out, and what is carried out may await decisions.
            await self.jobs.decisions.run()
            await self.jobs.requests.run()
            await self.jobs.find_recipients()

    async def talk(self) -> None:
        """Every message that is owed."""
        await self.jobs.messages.run()
        await self.jobs.endings()
        await self.jobs.reminders()
        await self.jobs.redraws()
        await self.jobs.publish_homes()

    async def expire_all_waits(self, *, settled: bool = False) -> None:
        """Let every wait be over: back-offs, poll pauses and leases; *settled*: settle windows, too."""

        def shorten(db: sa.Connection) -> None:
            past = clock.real() - timedelta(seconds=1)
            waiting = request_table.update().where(request_table.c.due_at.is_not(None))
            db.execute(waiting.values(due_at=past, lease_until=None))
            clicks = decisions.update().where(decisions.c.due_at.is_not(None))
            db.execute(clicks.values(due_at=past))
            db.execute(notices.update().values(claimed_until=past))
            if settled:
                unsure = request_table.update().where(request_table.c.settles_at.is_not(None))
                db.execute(unsure.values(settles_at=past))

        await self.store.run(shorten)

    async def forget_what_was_read(self) -> None:
        """Let so much time pass that nothing which was read of Graph counts any more."""
        await asyncio.sleep(FRESH.total_seconds() + 1)

    async def finish(self) -> None:
        """Work, deliver and tell until nothing moves any more, by what is true now."""
        await self.forget_what_was_read()
        for _ in range(4):
            await self.work()
            self.shift(timedelta(seconds=10))
            await self.expire_all_waits()
        await self.work()
        await self.talk()

    def shift(self, by: timedelta) -> None:
        """Let time pass."""
        self.clock.shift(by)

    async def request(self, request_id: str) -> Request:
        found = await self.store.run(requests.find, request_id)
        assert found is not None
        return found

    async def ask(self, text: str, *, user: str = "U0ANN", reason: str | None = None) -> Request:
        """Ask, and have it judged by what is true now."""
        await self.forget_what_was_read()
        taken = await self.requests.ask(slack_user=user, text=text, reason=reason)
        await self.work()
        return await self.request(taken.request.id)

    async def claimed(self, request: Request) -> Request:
        """The same request, as a worker has it in hand."""
        await self.expire_all_waits()
        for each in await self.store.run(claims.take, lease=LEASE, limit=50):
            if each.id == request.id:
                return each
        raise AssertionError("it is not due")

    def told(self, user: str) -> list[Message]:
        """The direct messages that somebody has got from the bot."""
        return [
            message
            for channel in self.workspace.channels.values()
            if channel.kind == "im" and user in channel.members
            for message in channel.messages
            if message.by_app and not message.deleted
        ]

    def posted(self, request_type: str) -> int:
        """Return how many requests of a type there are in the tenant."""
        return sum(
            each.request_type.lower() == request_type.lower()
            for each in self.tenant.world.requests.values()
        )

    async def audit(self, request: Request) -> list[dict[str, Any]]:
        return await self.store.run(audit.rows, request_id=request.id)

    def policy_of(self, package_id: str) -> Any:
        """The tenant's only policy for a package."""
        return next(
            each for each in self.tenant.world.policies.values() if each.package_id == package_id
        )


@asynccontextmanager
async def by_hand(database: Path | str, **environment: str) -> AsyncIterator[BotHarness]:
    """A bot that has read the tutorial's world, and knows that Dana is its admin."""
    async with simulation(database) as around:
        yield await standing(around, **environment)


async def standing(around: Simulation, **environment: Any) -> BotHarness:
    """One more bot by hand between the stand-ins; it ends with them."""
    harness = BotHarness(around, await around.start(works=False, **environment))
    await harness.tenant_sync.run()
    return harness
