"""Make what watches over everything: figures, health, alarms and the anchors of the audit log."""

from collections.abc import Sequence
from importlib.metadata import version

from bot.auditing import anchors as anchoring
from bot.auditing.anchors import Anchors, NotedAnchor
from bot.configuration.credentials import credential_ends
from bot.configuration.settings import Settings
from bot.database import Committed, Store, flags
from bot.machine import Machine
from bot.monitoring import tracing
from bot.monitoring.figures import Figures
from bot.monitoring.transition_log import log_committed
from bot.notifications.owed import Notices
from bot.outage_watch import AlarmNotTaken
from bot.slack.calls import SlackCall
from bot.timing import Waits
from graph.observed import ObservedCall


def committed(figures: Figures, rows: Sequence[Committed]) -> None:
    figures.committed(rows)
    log_committed(rows)


def slack_called(figures: Figures, call: SlackCall) -> None:
    figures.slack_called(call)
    tracing.slack_called(call)


def graph_called(figures: Figures, call: ObservedCall) -> None:
    figures.graph_called(call)
    tracing.graph_called(call)


def describe(figures: Figures, settings: Settings, store: Store) -> None:
    """Note what runs, and when its credentials end."""
    schema = store.read_here(flags.revision) or ""
    figures.describe_build(
        version=version("latchkey"), schema=schema, graph_api=settings.graph_api_version
    )
    figures.describe_credentials({each.name: each.ends_at for each in credential_ends(settings)})


def make_anchors(
    settings: Settings, store: Store, outbox: Notices, machine: Machine, waits: Waits
) -> Anchors:
    """Return what notes the anchor of the audit log each day, wherever the settings want it."""
    places: dict[str, anchoring.Keep] = {}
    if settings.anchor_channel and settings.admin_channel:
        places[anchoring.CHANNEL] = anchoring.in_channel(
            settings.admin_channel, store=store, outbox=outbox
        )
    if settings.anchor_file is not None:
        places[anchoring.FILE] = anchoring.in_file(settings.anchor_file)
    if settings.anchor_webhook is not None:
        post = machine.alarm_webhook(settings.anchor_webhook.get_secret_value())

        async def tell(anchor: NotedAnchor) -> None:
            try:
                await post(anchoring.body(anchor))
            except AlarmNotTaken as error:
                raise anchoring.NotNoted(str(error)) from None

        places[anchoring.WEBHOOK] = tell
    return Anchors(store=store, waits=waits, places=places)
