"""Make what watches over everything: figures, health, alarms and the anchors of the audit log."""

from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version

from bot.assembly.outside import Outside
from bot.auditing import anchors as anchoring
from bot.auditing.anchors import Anchors, NotedAnchor
from bot.configuration.credentials import credential_ends
from bot.configuration.settings import Settings
from bot.database import Store, flags
from bot.jobs import clock_check as clockwork
from bot.jobs.table import Jobs
from bot.monitoring.figures import Figures
from bot.notifications.owed import Notices
from bot.serving.exposition import Exposition
from bot.serving.health import Health
from bot.serving.outage_watch import AlarmNotTaken, OutageWatch
from handlers.web.rejections import Rejections


@dataclass(frozen=True, kw_only=True)
class MonitoringParts:
    """The parts that watch over the others."""

    health: Health
    exposition: Exposition
    rejections: Rejections
    watch: OutageWatch
    anchors: Anchors


def make_monitoring(outside: Outside, jobs: Jobs, notices: Notices) -> MonitoringParts:
    """Return the parts that watch over the others; nothing watches yet."""
    settings, store, figures = outside.settings, outside.store, outside.figures
    machine = outside.machine
    rejections = Rejections(figures, app_id=outside.identity.app_id)
    health = Health(
        store=store,
        jobs=jobs,
        wire=outside.wire,
        figures=figures,
        rejections=None if settings.uses_socket_mode else rejections.problem,
        admins_refused=lambda: notices.admins_refused,
    )
    webhook = settings.alarm_webhook
    watch = OutageWatch(
        store=store,
        slack=outside.slack,
        graph=outside.graph,
        health=health,
        notices=notices,
        admin_channel=outside.admin_channel,
        after=timedelta(seconds=settings.alarm_after_seconds),
        post=machine.alarm_webhook(webhook.get_secret_value()) if webhook else None,
        ahead=lambda db: clockwork.difference(db, machine.database_time),
        language=settings.language,
    )
    _describe(figures, settings, store)
    return MonitoringParts(
        health=health,
        exposition=Exposition(store=store, jobs=jobs, health=health, figures=figures),
        rejections=rejections,
        watch=watch,
        anchors=_make_anchors(outside, notices),
    )


def _describe(figures: Figures, settings: Settings, store: Store) -> None:
    """Note what runs, and when its credentials end."""
    schema = store.read_here(flags.revision) or ""
    figures.describe_build(
        version=version("latchkey"), schema=schema, graph_api=settings.graph_api_version
    )
    figures.describe_credentials({each.name: each.ends_at for each in credential_ends(settings)})


def _make_anchors(outside: Outside, outbox: Notices) -> Anchors:
    """Return what notes the anchor of the audit log each day, wherever the settings want it."""
    settings, store = outside.settings, outside.store
    places: dict[str, anchoring.Keep] = {}
    if settings.anchor_channel and settings.admin_channel:
        places[anchoring.CHANNEL] = anchoring.in_channel(
            settings.admin_channel, store=store, outbox=outbox
        )
    if settings.anchor_file is not None:
        places[anchoring.FILE] = anchoring.in_file(settings.anchor_file)
    if settings.anchor_webhook is not None:
        post = outside.machine.alarm_webhook(settings.anchor_webhook.get_secret_value())

        async def tell(anchor: NotedAnchor) -> None:
            try:
                await post(anchoring.body(anchor))
            except AlarmNotTaken as error:
                raise anchoring.NotNoted(str(error)) from None

        places[anchoring.WEBHOOK] = tell
    return Anchors(store=store, waits=outside.waits, places=places)
