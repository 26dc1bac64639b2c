"""Logging: one JSON object a line, of known fields only: ids, kinds and counts, never names, addresses or secrets."""

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Final

import structlog

# Whatever else a line is given is left out; a test holds every call of ours to this list.
FIELDS: Final = frozenset(
    {
        *("timestamp", "level", "event"),
        *("request", "assignment", "package", "decision", "question", "notice", "incident"),
        *("job", "jobs", "sync"),
        *("state", "status", "code", "graph", "slack"),
        # What became of a request; what in Slack it was done for; and how we have called an exchange with Graph.
        *(
            "verb",
            "before",
            "after",
            "trigger",
            "client_request",
            "reason",
            "method",
            "route",
            "seconds",
        ),
        *("error", "trace", "logger", "where"),
        # Of webhooks: by name, the row of the audit log, and the status of an answer.
        *("endpoint", "position", "said"),
        # How many rows were deleted because they are old.
        *("requests", "assignments", "messages"),
        # How many mismatches were found; how many reads were refused.
        *("found", "refused"),
        # Versions of the database's schema.
        *("schema", "ours"),
    }
)
OURS: Final = frozenset({"bot", "handlers", "graph", "sandbox", "migrations"})
# Bolt warns of what nobody handles with its whole body, APScheduler of each trigger while the job still runs.
ONLY_ERRORS: Final = frozenset({"slack_bolt", "apscheduler"})
LONGEST_VALUE: Final = 300
LONGEST_LIST: Final = 20


class LogFormat(StrEnum):
    """The form of a line: one JSON object, or for a person's eyes."""

    JSON = "json"
    CONSOLE = "console"


def configure_logs(level: int = logging.INFO, format: LogFormat = LogFormat.JSON) -> None:
    """Send our log lines, and the libraries' warnings, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines() if format is LogFormat.JSON else _LinesForPeople())
    # A filter and not a level: Bolt gives each of its loggers a level of its own.
    handler.addFilter(_may_be_written)
    root = logging.getLogger()
    root.handlers = [handler]
    # What libraries say of each request they serve is written nowhere: it is not even put together.
    root.setLevel(max(level, logging.WARNING))
    for package in OURS:
        logging.getLogger(package).setLevel(level)
    structlog.configure(
        processors=[_hand_over],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # Both would print what they were given as it is.
    logging.raiseExceptions = False
    sys.excepthook = _last_words


def send_logs_to_stderr() -> None:
    """
    Keep a command's standard output for its result, where nothing says how its log lines look.

    Exceptions are written without the values of variables: some of those are secrets.
    """
    if structlog.is_configured():
        return
    *before, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(
        processors=[*before, plain],
        # Asked anew for each line: who runs a command may put another stream in its place.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def _may_be_written(record: logging.LogRecord) -> bool:
    package = record.name.partition(".")[0]
    if package in OURS:
        return True
    return record.levelno >= (logging.ERROR if package in ONLY_ERRORS else logging.WARNING)


def _hand_over(logger: Any, method: str, said: Mapping[str, Any]) -> Any:
    """Leave the writing to `_Lines`, for ours and the libraries' alike."""
    return (said,), {}


def _last_words(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """In place of the traceback that Python prints, with the exception's text."""
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger(__name__).critical("crashed", exc_info=error)


class _Lines(logging.Formatter):
    """Writes what is known of a record, and leaves out what is not."""

    def format(self, record: logging.LogRecord) -> str:
        # Line breaks and control characters are escaped by JSON.
        return json.dumps(self.known(record))

    def known(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return what may be written of a record."""
        said = record.msg if isinstance(record.msg, Mapping) else _of_a_library(record)
        facts = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            **said,
            **_what_broke(said.get("exc_info")),
        }
        return {
            name: _short(value)
            for name, value in facts.items()
            if name in FIELDS and value is not None
        }


class _LinesForPeople(_Lines):
    """Writes the same facts so that a person reads them: time, level, event, and the others by name."""

    def format(self, record: logging.LogRecord) -> str:
        known = self.known(record)
        at, level, event = (str(known.pop(name, "")) for name in ("timestamp", "level", "event"))
        facts = " ".join(f"{name}={json.dumps(value)}" for name, value in known.items())
        # What a library has worded may have line breaks.
        return f"{at[:19]} {level:<8} {json.dumps(event)[1:-1]:<20} {facts}".rstrip()


def _of_a_library(record: logging.LogRecord) -> dict[str, Any]:
    """Return where it was said and how it is worded, without what was put in: that may be anything."""
    return {
        # Without arguments the text may have been put together already.
        "event": str(record.msg) if record.args else "said by a library",
        "logger": record.name,
        "where": f"{record.module}:{record.lineno}",
        "exc_info": record.exc_info,
    }


def _what_broke(exc_info: Any) -> dict[str, Any]:
    """An exception's kind, those it came from, and the way to it; not its text, which may repeat anything."""
    error = exc_info
    if exc_info is True:
        error = sys.exc_info()[1]
    elif isinstance(exc_info, tuple):
        error = exc_info[1]
    if not isinstance(error, BaseException):
        return {}
    steps = traceback.walk_tb(error.__traceback__)
    return {
        "error": " from ".join(type(each).__name__ for each in _causes(error)),
        "trace": [
            f"{frame.f_globals.get('__name__', '?')}:{line} {frame.f_code.co_name}"
            for frame, line in steps
        ],
    }


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _short(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple):
        # The end of a trace is where it broke.
        return [_short(each) for each in value[-LONGEST_LIST:]]
    return str(value)[:LONGEST_VALUE]
