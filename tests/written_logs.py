"""Logs as `latchkey run` writes them, for tests that read what is written."""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot.logs import OURS, configure_logs


@contextmanager
def written_logs(level: int = logging.DEBUG) -> Iterator[io.StringIO]:
    """Write the logs of this block into what is given, and leave logging as it was."""
    root = logging.getLogger()
    handlers, kept = root.handlers, (root.level, sys.excepthook, logging.raiseExceptions)
    levels = {logging.getLogger(each): logging.getLogger(each).level for each in OURS}
    configure_logs(level)
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    handler.setStream(written)
    try:
        yield written
    finally:
        root.handlers = handlers
        root.setLevel(kept[0])
        for logger, own in levels.items():
            logger.setLevel(own)
        sys.excepthook, logging.raiseExceptions = kept[1:]
        structlog.reset_defaults()
