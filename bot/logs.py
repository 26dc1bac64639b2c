"""Logging: one JSON object a line, with ids in it and never names, addresses or secrets."""

import logging
import sys
from typing import Final

import structlog

# These libraries log whole requests, URLs or bodies below this level.
QUIET: Final = (
    "httpx",
    "httpcore",
    "slack_sdk",
    "slack_bolt",
    "msal",
    "apscheduler",
    "sqlalchemy",
    "aiohttp",
    "urllib3",
    "asyncio",
)


def configure_logs(level: int = logging.INFO) -> None:
    """Send our log lines, and the libraries' warnings, to standard error."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Bolt logs the whole body of a request whose signature is wrong, and of one that nobody handles.
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
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
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],  # type: ignore[list-item]
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
