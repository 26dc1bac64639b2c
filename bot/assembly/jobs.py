"""Make the jobs: those of the table, and further ones that only some installations have."""

import functools
from contextlib import AsyncExitStack
from datetime import timedelta

from bot.accounts import cleaning
from bot.accounts.cleaning import AccountCleaning
from bot.accounts.connecting import POLL_EVERY, Connecting
from bot.assembly.messages import MessageParts
from bot.assembly.outside import Outside
from bot.assembly.package_settings import LOOK_AT_BINDINGS, KnownBindings
from bot.assembly.people import PeopleParts
from bot.assembly.processing import ProcessingParts
from bot.auditing import anchors as anchoring
from bot.auditing.anchors import Anchors
from bot.jobs.clock_check import Clockwork
from bot.jobs.table import Jobs
from bot.packages.opening import Openings
from bot.priority import Courtesy
from bot.requests.evaluation.evidence import EvidenceReader
from bot.retention import deletion
from bot.serving import outage_watch
from bot.serving.outage_watch import OutageWatch
from bot.sync.asked_in_entra import AskedInEntra
from bot.sync.drift import DriftCheck
from bot.sync.drift_answers import DriftAnswers
from bot.sync.everything import TenantSync
from bot.sync.made_in_entra import RequestsMadeInEntra
from bot.sync.reprocessing import Reprocessing
from bot.sync.turns import Fence
from bot.webhooks.delivery import Webhooks
from graph.clouds import links_of


async def make_jobs(
    outside: Outside,
    people: PeopleParts,
    messages: MessageParts,
    processing: ProcessingParts,
    courtesy: Courtesy,
    stack: AsyncExitStack,
) -> Jobs:
    """Return the jobs of the table; none runs yet."""
    settings, store, graph, waits = outside.settings, outside.store, outside.graph, outside.waits
    fence, drift_fence, entra_fence = Fence(store), Fence(store), Fence(store)
    made_in_entra = RequestsMadeInEntra(
        store=entra_fence,
        graph=graph,
        people=people.people,
        tokens=people.accounts.tokens,
        evidence=EvidenceReader(graph=graph, store=store),
        package_settings=outside.package_settings,
    )
    jobs = Jobs(
        store=store,
        evaluator=processing.evaluator,
        decision_processor=processing.decision_processor,
        admin_checks=processing.admin_checks,
        question_processor=processing.question_processor,
        finding_processor=processing.finding_processor,
        recipients=processing.recipients,
        reviewers=processing.reviewers,
        delivery=processing.delivery,
        follower=processing.follower,
        canceler=processing.canceler,
        submitter=processing.submitter,
        notices=messages.notices,
        click_answers=messages.click_answers,
        redrawing=messages.redrawing,
        ends=messages.ends,
        digests=messages.digests,
        homes=messages.homes,
        clockwork=Clockwork(
            store=store,
            notices=messages.notices,
            admin_channel=outside.admin_channel,
            database_time=outside.machine.database_time,
        ),
        tenant_sync=TenantSync(
            store=fence,
            graph=graph,
            people=people.people,
            waits=waits,
            bounds=outside.bounds,
            package_settings=outside.package_settings,
            openings=Openings(links_of(settings.graph_url), tenant_id=settings.azure_tenant_id),
        ),
        fence=fence,
        drift_answers=DriftAnswers(store=store, graph=graph, permissions=people.permissions),
        drift_fence=drift_fence,
        drift_check=DriftCheck(
            store=drift_fence,
            graph=graph,
            bounds=outside.bounds,
            # They know each other: the check waits for a sync, which is a job.
            synced=lambda: jobs.synced_anew(),
            asked_in_entra=AskedInEntra(
                store=drift_fence, graph=graph, package_settings=outside.package_settings
            ),
        ),
        drift_every=timedelta(hours=settings.drift_hours) if settings.drift_hours else None,
        reprocessing=Reprocessing(
            store=store, graph=graph, permissions=people.permissions, bounds=outside.bounds
        ),
        permissions=people.permissions,
        poll_every=timedelta(seconds=settings.poll_seconds),
        sync_every=timedelta(seconds=settings.sync_seconds),
        waits=waits,
        scheduler=outside.machine.scheduler(),
        courtesy=courtesy,
        webhooks=await _begin_webhooks(outside, stack),
        made_in_entra=made_in_entra if made_in_entra.is_wanted else None,
        made_in_entra_fence=entra_fence,
    )
    return jobs


def add_jobs(
    jobs: Jobs, outside: Outside, connecting: Connecting, watch: OutageWatch, anchors: Anchors
) -> None:
    """Add the jobs that the table does not know, each where it is wanted."""
    settings, store = outside.settings, outside.store
    connecting.wake = jobs.wake
    cleaner = AccountCleaning(
        store=store,
        slack=outside.slack,
        again_in=functools.partial(jobs.loop.trigger_in, cleaning.NAME),
    )
    jobs.more[cleaning.NAME] = (cleaner.look, cleaning.EVERY)
    if connecting.is_offered and connecting.uses_codes:
        jobs.more["codes"] = (connecting.poll_codes, POLL_EVERY)
    if outside.package_settings.has_entries:
        bindings = KnownBindings(store, outside.package_settings)
        jobs.more["package settings"] = (bindings.look, LOOK_AT_BINDINGS)
    jobs.more[outage_watch.NAME] = (watch.look, outage_watch.EVERY)
    if anchors.places:
        jobs.more[anchoring.NAME] = (anchors.look, anchoring.EVERY)
    if settings.retention.is_wanted:
        retaining = deletion.Daily(store=store, retention=settings.retention, waits=outside.waits)
        jobs.more[deletion.NAME] = (retaining.look, deletion.EVERY)


async def _begin_webhooks(outside: Outside, stack: AsyncExitStack) -> Webhooks | None:
    """Return what tells others of events; None where the settings name nobody."""
    endpoints = outside.settings.webhook_endpoints
    if not endpoints:
        return None
    client = outside.machine.webhook_client()
    stack.push_async_callback(client.aclose)
    made = Webhooks(store=outside.store, client=client, endpoints=endpoints)
    await made.begin()
    return made
