"""Logging: one JSON object a line, with ids in it and never names, addresses or secrets."""

import logging
import sys
from typing import Final

import structlog

# These libraries log whole requests, URLs or bodies below this level.
QUIET: Final = (
    "alembic",
    "httpx",
    "httpcore",
    "slack_sdk",
    "msal",
    "apscheduler",
    "sqlalchemy",
    "aiohttp",
    "urllib3",
    "asyncio",
)


def _may_be_written(record: logging.LogRecord) -> bool:
    library = record.name.partition(".")[0]
    if library == "slack_bolt":
        # Bolt logs the whole body of a request whose signature is wrong, and of one that nobody handles.
        return record.levelno >= logging.ERROR
    if library == "apscheduler":
        # It warns whenever a job is due that is still running, which is what our jobs do when they ring.
        return record.levelno >= logging.ERROR
    return library not in QUIET or record.levelno >= logging.WARNING


def configure_logs(level: int = logging.INFO) -> None:
    """Send our log lines, and the libraries' warnings, to standard error."""
    shared = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,  # type: ignore[arg-type]
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    # A filter and not a level: Bolt gives each of its loggers a level of its own.
    handler.addFilter(_may_be_written)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],  # type: ignore[list-item]
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
