"""Write one line in the log for each change of a request that is committed."""

from collections.abc import Iterable

import structlog

from bot.database import Committed
from bot.monitoring import interactions
from graph.calls.observed import ObservedCall

log = structlog.get_logger(__name__)


def log_committed(rows: Iterable[Committed]) -> None:
    """
    Log what a transaction has committed about requests and access; called in its caller's context.

    A line has the request, what happened, what in Slack it was done for (`bot.monitoring.interactions`), and how Microsoft finds
    the exchange with Graph that led to it.
    """
    for row in rows:
        if row.request_id is not None:
            interactions.about(row.request_id, created=row.verb.startswith("ask-"))
        if row.request_id is None and row.assignment_id is None:
            continue
        exchange = row.context.get("exchange")
        known = exchange if isinstance(exchange, ObservedCall) else None
        log.info(
            "changed",
            request=row.request_id,
            assignment=row.assignment_id,
            verb=row.verb,
            before=row.before,
            after=row.after,
            trigger=row.context.get("trigger") or interactions.current_trigger(),
            client_request=None if known is None else known.client_request_id,
            graph=None if known is None else known.request_id,
            status=None if known is None else known.status,
        )
