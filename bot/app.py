"""The composition root: the only module that knows every other one."""

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from slack_bolt.adapter.socket_mode.async_base_handler import AsyncBaseSocketModeHandler
from starlette.applications import Starlette

import handlers
from bot import chance, clock, outage_watch, web
from bot import clock_check as clockwork
from bot.accounts import cleaning
from bot.accounts.cleaning import AccountCleaning
from bot.accounts.connecting import POLL_EVERY
from bot.approvals.delegations import DelegationService
from bot.approvals.in_entra import EntraApprovals
from bot.approvals.processing import DecisionProcessor
from bot.approvals.questioning import QuestionJudge, QuestionService
from bot.approvals.recipients import Recipients
from bot.approvals.review import Reviews
from bot.approvals.service import ApprovalService
from bot.approvals.signed import SignedApprovals
from bot.assembly import connections
from bot.assembly.connections import Accounts
from bot.assembly.database import check_clock, find_installation, opened_store
from bot.assembly.jobs import begin_webhooks
from bot.assembly.monitoring import committed, describe, graph_called, make_anchors, slack_called
from bot.assembly.package_settings import read_package_settings_of
from bot.assembly.people import check_admins
from bot.assembly.slack_app import make_bolt, sign_in_routes, slack_endpoint
from bot.assignments.lists import AssignmentLists
from bot.assignments.search import PersonSearch
from bot.assignments.service import AssignmentService
from bot.auditing import anchors as anchoring
from bot.clock_check import Clockwork
from bot.configuration.settings import Settings
from bot.console.exports import Exports
from bot.console.views import ConsoleViews
from bot.database import Store, migrate, wakeups
from bot.database.installation import Installation
from bot.database.wire import Wire
from bot.drift.service import DriftService
from bot.emergencies.processing import FindingProcessor
from bot.emergencies.reviewers import Reviewers
from bot.emergencies.service import EmergencyService
from bot.errors import ConfigurationError
from bot.exposition import Exposition
from bot.health import Health
from bot.jobs.table import Jobs
from bot.machine import MACHINE, Machine
from bot.monitoring.figures import Figures
from bot.notifications.account_news import AccountNews
from bot.notifications.delegation_news import DelegationNews
from bot.notifications.digests import Digests
from bot.notifications.emergencies import EmergencyNotices
from bot.notifications.expiries import Ends
from bot.notifications.home import Homes
from bot.notifications.late_replies import LateReplies
from bot.notifications.nudges import Nudges
from bot.notifications.outbox import Sending
from bot.notifications.owed import Notices
from bot.notifications.question_news import QuestionNews
from bot.notifications.reminder_times import ReminderPlan
from bot.outage_watch import OutageWatch
from bot.packages.catalog import OfferedPackages
from bot.packages.settings.file import PackageSettingsFile
from bot.patience import Pulse
from bot.people.admins import Roster
from bot.people.approvers import Approvers
from bot.people.delegates import Delegates
from bot.people.guard import Guard
from bot.people.identity import People
from bot.people.languages import Languages
from bot.people.permissions import Permissions
from bot.priority import Courtesy
from bot.requests.confirmation import Delivery
from bot.requests.evaluation.emergencies import EmergencyEvaluator
from bot.requests.evaluation.evaluator import RequestEvaluator
from bot.requests.following import EntraFollower
from bot.requests.holder_lists import HolderLists
from bot.requests.lists import RequestLists
from bot.requests.policy_choice import FormPolicyFinder
from bot.requests.removals import Removals
from bot.requests.service import RequestService
from bot.requests.submission import Submitter
from bot.retention import deletion
from bot.slack.api import BotIdentity, Slack
from bot.slack.zones import Zones
from bot.sync.drift import DriftCheck
from bot.sync.drift_answers import DriftAnswers
from bot.sync.everything import TenantSync
from bot.sync.reprocessing import Reprocessing
from bot.sync.turns import Fence
from bot.timing import WAITS, Waits
from graph import Graph
from handlers.rejections import Rejections


@dataclass
class Latchkey:
    """A running Latchkey, for whoever serves it and for tests."""

    settings: Settings
    store: Store
    slack: Slack
    graph: Graph
    services: handlers.Services
    people: People
    jobs: Jobs
    background: handlers.Background
    pulse: Pulse
    wire: Wire
    health: Health
    figures: Figures
    exposition: Exposition
    watch: OutageWatch
    identity: BotIdentity
    installation: Installation
    accounts: Accounts
    package_settings: PackageSettingsFile
    bolt: handlers.SlackApp
    asgi: Starlette


@asynccontextmanager
async def running(
    settings: Settings, *, waits: Waits = WAITS, machine: Machine = MACHINE
) -> AsyncIterator[Latchkey]:
    """
    Connect to everything, start the jobs, and take it all down in the end.

    The HTTP side is in ``asgi``, to be served by the caller; Socket Mode is connected here.

    Args:
        waits: Others than the product's own; for proofs whose Graph is known to be quicker.
        machine: Other time, chance, threads and wires than this machine's; for proofs.

    Raises:
        ConfigurationError: Something it needs refuses us, with the fix.
    """
    async with AsyncExitStack() as stack:
        latchkey = await stack.enter_async_context(
            assembled(settings, waits=waits, machine=machine)
        )
        app_token = await _checked_app_token(latchkey)
        beating = asyncio.create_task(latchkey.pulse.beat(), name="pulse")
        stack.callback(beating.cancel)
        latchkey.jobs.start()
        stack.push_async_callback(latchkey.jobs.stop)
        listening = asyncio.create_task(latchkey.wire.listen(latchkey.jobs.hear), name="wakeups")
        stack.push_async_callback(_ended, listening)
        stack.push_async_callback(latchkey.background.finish)
        if app_token is not None:
            socket = machine.socket_mode(latchkey.bolt, app_token)
            await socket.connect_async()  # type: ignore[no-untyped-call]
            stack.push_async_callback(socket.close_async)
            latchkey.health.socket_connected = functools.partial(_is_connected, socket)
        yield latchkey


@asynccontextmanager
async def assembled(
    settings: Settings, *, waits: Waits = WAITS, machine: Machine = MACHINE
) -> AsyncIterator[Latchkey]:
    """
    Connect to everything and put the parts together: nothing runs by itself yet, and nobody is listened to.

    Raises:
        ConfigurationError: Something it needs refuses us, with the fix.
    """
    clock.use(machine.time)
    chance.use(machine.chance)
    # Before anything is connected: a mistake in it is found at once.
    package_settings = read_package_settings_of(settings)
    async with AsyncExitStack() as stack:
        http = machine.graph_client()
        stack.push_async_callback(http.aclose)
        problems = waits.problems(client=http.timeout.as_dict().values())
        if problems:
            raise ConfigurationError(problems)
        store = opened_store(settings, threads=machine.threads)
        stack.callback(store.close)
        migrate.check_whole(store)
        migrate.prepare(store, settings.sqlalchemy_url)
        migrate.check_key(store)
        wire = machine.wire(store)
        wakeups.attach(store.engine, wire)
        check_clock(store, machine)
        figures = Figures(machine.seconds)
        store.on_commit = functools.partial(committed, figures)
        slack = await connections.connect_slack(
            settings, machine, stack, observer=functools.partial(slack_called, figures)
        )
        identity = await connections.identify(slack, workspace=settings.workspace)
        installation = find_installation(store, identity)
        graph = await connections.connect_graph(
            settings, machine, http, observer=functools.partial(graph_called, figures)
        )
        bounds = await connections.find_bounds(settings, graph)
        people = People(slack=slack, graph=graph, store=store, addresses=settings.addresses)
        accounts = connections.make_accounts(settings, machine, store=store, people=people)
        approvers = Approvers(graph=graph)
        delegates = Delegates(store=store, people=people)
        permissions = Permissions(
            people=people,
            approvers=approvers,
            roster=Roster(slack=slack, admins=settings.admins),
            delegates=delegates,
            admins_decide=settings.admins_decide,
        )
        await check_admins(permissions)
        holders = HolderLists(graph)
        on_call = connections.connect_on_call(settings, machine, stack)
        evaluator = RequestEvaluator(
            store=store,
            graph=graph,
            people=people,
            permissions=permissions,
            holders=holders,
            always_approve=settings.approval == "always",
            bounds=bounds,
            removed_for=timedelta(days=settings.removed_days),
            emergencies=EmergencyEvaluator(
                store=store, package_settings=package_settings, on_call=on_call
            ),
            waits=waits,
            package_settings=package_settings,
        )
        # On Enterprise Grid a click names any workspace of the clicker's, or the organization: there the profile
        # alone tells whether they are of ours.
        home_team = None if identity.enterprise_id else identity.team_id
        decision_processor = DecisionProcessor(
            store=store,
            permissions=permissions,
            home_team=home_team,
            in_entra=EntraApprovals(graph=graph, tokens=accounts.tokens),
        )
        question_judge = QuestionJudge(store=store, processor=decision_processor)
        languages = Languages(store=store, slack=slack, default=settings.language)
        sending = Sending(
            store=store,
            slack=slack,
            admin_channel=settings.admin_channel or "",
            languages=languages,
        )
        late_replies = LateReplies()
        plan = ReminderPlan(rungs=settings.reminder_rungs, package_settings=package_settings)
        zones = Zones(slack)
        notices = Notices(
            store=store,
            slack=slack,
            sending=sending,
            admin_channel=settings.admin_channel or "",
            plan=plan,
            package_settings=package_settings,
            late_replies=late_replies,
            languages=languages,
            account_news=AccountNews(store=store, sending=sending),
            emergency_notices=EmergencyNotices(
                store=store,
                sending=sending,
                package_settings=package_settings,
                admin_channel=settings.admin_channel or "",
            ),
            delegation_news=DelegationNews(store=store, sending=sending, delegates=delegates),
            question_news=QuestionNews(store=store, sending=sending),
            nudges=Nudges(
                store=store,
                sending=sending,
                zones=zones,
                package_settings=package_settings,
                admin_channel=settings.admin_channel or "",
                admins_decide=settings.admins_decide == "always",
            ),
        )
        offering = OfferedPackages(store, package_settings)
        homes = Homes(
            store=store,
            slack=slack,
            permissions=permissions,
            offering=offering,
            installation=installation,
            languages=languages,
            offers_accounts=accounts.connecting.is_offered,
        )
        fence, drift_fence = Fence(store), Fence(store)
        courtesy = Courtesy()
        recipients = Recipients(store=store, slack=slack, people=people, approvers=approvers)
        follower = EntraFollower(store=store, graph=graph, tokens=accounts.tokens)
        jobs = Jobs(
            store=store,
            evaluator=evaluator,
            decision_processor=decision_processor,
            question_judge=question_judge,
            finding_processor=FindingProcessor(
                store=store, permissions=permissions, home_team=home_team
            ),
            recipients=recipients,
            reviewers=Reviewers(
                store=store, recipients=recipients, approvers=approvers, delegates=delegates
            ),
            delivery=Delivery(
                store=store, graph=graph, holders=holders, follower=follower, waits=waits
            ),
            follower=follower,
            submitter=Submitter(
                store=store,
                graph=graph,
                recheck=evaluator.recheck,
                tokens=accounts.tokens,
                waits=waits,
            ),
            notices=notices,
            ends=Ends(store=store, slack=slack, sending=sending, plan=plan, languages=languages),
            digests=Digests(
                store=store,
                slack=slack,
                sending=sending,
                zones=zones,
                package_settings=package_settings,
                languages=languages,
                newer_blocks=settings.slack_blocks == "newer",
            ),
            clockwork=Clockwork(
                store=store,
                notices=notices,
                admin_channel=settings.admin_channel or "",
                database_time=machine.database_time,
            ),
            tenant_sync=TenantSync(
                store=fence, graph=graph, people=people, waits=waits, bounds=bounds
            ),
            fence=fence,
            homes=homes,
            drift_answers=DriftAnswers(store=store, permissions=permissions),
            drift_fence=drift_fence,
            drift_check=DriftCheck(
                store=drift_fence,
                graph=graph,
                bounds=bounds,
                # They know each other: the check waits for a sync, which is a job.
                synced=lambda: jobs.synced_anew(),
            ),
            drift_every=timedelta(hours=settings.drift_hours) if settings.drift_hours else None,
            reprocessing=Reprocessing(store=store, graph=graph, permissions=permissions),
            permissions=permissions,
            poll_every=timedelta(seconds=settings.poll_seconds),
            sync_every=timedelta(seconds=settings.sync_seconds),
            waits=waits,
            alarm=machine.alarm(),
            courtesy=courtesy,
            webhooks=await begin_webhooks(settings, store, machine, stack),
        )
        guard = Guard(store=store, permissions=permissions)
        request_lists = RequestLists(store=store, guard=guard, offering=offering)
        assignment_lists = AssignmentLists(
            store=store,
            guard=guard,
            whom=PersonSearch(store=store, slack=slack, graph=graph, people=people, bounds=bounds),
            offering=offering,
        )
        accounts.connecting.wake = jobs.wake
        jobs.more[cleaning.NAME] = AccountCleaning(store=store, slack=slack).look, cleaning.EVERY
        if accounts.connecting.is_offered and accounts.connecting.uses_codes:
            jobs.more["codes"] = accounts.connecting.poll_codes, POLL_EVERY
        drift = DriftService(store=store, guard=guard, wake=jobs.wake)
        services = handlers.Services(
            drift=drift,
            guard=guard,
            requests=RequestService(
                store=store,
                guard=guard,
                policy_finder=FormPolicyFinder(slack=slack, graph=graph, people=people),
                offering=offering,
                wake=jobs.wake,
                asks_an_hour=settings.asks_an_hour,
                package_settings=package_settings,
                help_channel=settings.admin_channel or "",
            ),
            request_lists=request_lists,
            accounts=accounts.connecting,
            signed_approvals=SignedApprovals(
                store=store, browsers=accounts.browsers, wake=jobs.wake
            ),
            delegations=DelegationService(
                store=store,
                guard=guard,
                permissions=permissions,
                zones=zones,
                wake=jobs.wake,
            ),
            approvals=ApprovalService(
                store=store,
                processor=decision_processor,
                wake=jobs.wake,
                late_replies=late_replies,
            ),
            questions=QuestionService(
                store=store, guard=guard, judge=question_judge, wake=jobs.wake
            ),
            assignments=AssignmentService(store=store, guard=guard, wake=jobs.wake),
            emergencies=EmergencyService(store=store, wake=jobs.wake),
            assignment_lists=assignment_lists,
            exports=Exports(store=store, slack=slack, permissions=permissions, guard=guard),
            removals=Removals(store=store, guard=guard, offering=offering, wake=jobs.wake),
            reviews=Reviews(store=store, guard=guard),
            console=ConsoleViews(
                store=store,
                guard=guard,
                requests=request_lists,
                assignments=assignment_lists,
                drift=drift,
                offering=offering,
            ),
        )
        rejections = Rejections(figures, app_id=identity.app_id)
        health = Health(
            store=store,
            jobs=jobs,
            wire=wire,
            figures=figures,
            rejections=None if settings.uses_socket_mode else rejections.problem,
        )
        webhook = settings.alarm_webhook
        watch = OutageWatch(
            store=store,
            slack=slack,
            graph=graph,
            health=health,
            notices=notices,
            admin_channel=settings.admin_channel or "",
            after=timedelta(seconds=settings.alarm_after_seconds),
            post=machine.alarm_webhook(webhook.get_secret_value()) if webhook else None,
            ahead=lambda db: clockwork.difference(db, machine.database_time),
            language=settings.language,
        )
        jobs.more[outage_watch.NAME] = (watch.look, outage_watch.EVERY)
        anchors = make_anchors(settings, store, notices, machine, waits)
        if anchors.places:
            jobs.more[anchoring.NAME] = (anchors.look, anchoring.EVERY)
        if settings.retention.is_wanted:
            retaining = deletion.Daily(store=store, retention=settings.retention, waits=waits)
            jobs.more[deletion.NAME] = (retaining.look, deletion.EVERY)
        exposition = Exposition(store=store, jobs=jobs, health=health, figures=figures)
        describe(figures, settings, store)
        bolt = make_bolt(settings, slack, identity, courtesy, figures)
        background = handlers.Background(slack)
        pulse = Pulse(machine.seconds, every=machine.beat)
        handlers.register(
            bolt,
            services=services,
            homes=homes,
            background=background,
            languages=languages,
            pulse=pulse,
            publish=jobs.wake_homes,
            commands_an_hour=settings.commands_an_hour,
            newer_blocks=settings.slack_blocks == "newer",
        )
        yield Latchkey(
            settings=settings,
            store=store,
            slack=slack,
            graph=graph,
            services=services,
            people=people,
            jobs=jobs,
            background=background,
            pulse=pulse,
            wire=wire,
            health=health,
            figures=figures,
            exposition=exposition,
            watch=watch,
            identity=identity,
            installation=installation,
            accounts=accounts,
            package_settings=package_settings,
            bolt=bolt,
            asgi=web.asgi(
                health,
                exposition,
                receive=slack_endpoint(settings, bolt, rejections),
                more=sign_in_routes(settings, accounts, services.signed_approvals),
            ),
        )


async def _checked_app_token(latchkey: Latchkey) -> str | None:
    """The token for Socket Mode, if that is how Slack reaches us, once Slack has taken it."""
    if latchkey.settings.slack_app_token is None:
        return None
    app_token = latchkey.settings.slack_app_token.get_secret_value()
    await connections.check_app_token(latchkey.slack, app_token)
    return app_token


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _is_connected(socket: AsyncBaseSocketModeHandler) -> bool:
    return await socket.client.is_connected()
