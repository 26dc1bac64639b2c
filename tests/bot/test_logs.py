"""Test what is written to the logs: one line an event, of known fields, whatever is put in."""

import ast
import json
import logging
import sys
from pathlib import Path

import pytest
import structlog

from bot.logs import FIELDS, LONGEST_LIST, LONGEST_VALUE
from tests.written_logs import written_logs

ROOT = Path(__file__).parents[2]
SECRET = "xoxb-canary"


@pytest.fixture
def lines():
    """Logs as `latchkey run` writes them, at the most talkative level; gives what was written, read."""
    with written_logs() as written:
        yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def log():
    return structlog.get_logger("bot.somewhere")


def test_a_line_says_when_and_how_bad(lines):
    """And what the event is about, by its id."""
    log().warning("step-failed", request="0f", state="pending")

    (line,) = lines()
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "warning",
        "event": "step-failed",
        "request": "0f",
        "state": "pending",
    }


def test_an_unknown_field_is_left_out(lines):
    """Names, addresses and bodies have no field."""
    log().info("seen", request="0f", email="ann@contoso.example", body={"token": SECRET})

    (line,) = lines()
    assert line.keys() == {"timestamp", "level", "event", "request"}


def test_an_event_is_one_line_whatever_is_in_it(lines):
    """Line breaks cannot forge a second event."""
    log().info("seen", request='a\n{"event": "forged"}\r\u2028b', slack="\x1b[31m")

    (line,) = lines()
    assert line["event"] == "seen"


def test_lines_have_an_end(lines):
    """Neither a long value nor a long list fills the disk."""
    log().info("seen", slack="x" * 10_000, jobs=["y" * 10_000] * 1_000)

    (line,) = lines()
    assert len(line["slack"]) == LONGEST_VALUE
    assert len(line["jobs"]) == LONGEST_LIST
    assert {len(each) for each in line["jobs"]} == {LONGEST_VALUE}


def broken():
    try:
        int(f"not a number, but {SECRET}")
    except ValueError as error:
        raise RuntimeError(f"with {SECRET}") from error


def test_an_exception_is_told_without_its_text(lines):
    """Its kind, where it comes from and the way to it; what it repeats may be anything."""
    try:
        broken()
    except RuntimeError:
        log().exception("unexpected", incident="12ab")

    (line,) = lines()
    assert SECRET not in str(line)
    assert line["error"] == "RuntimeError from ValueError"
    assert line["trace"][-1].endswith(" broken")
    assert line["trace"][-1].startswith(f"{__name__}:")


LIBRARIES = ["httpx", "slack_sdk.web", "msal.authority", "sqlalchemy.engine", "uvicorn.access"]


@pytest.mark.parametrize("name", [*LIBRARIES, "slack_bolt.App", "apscheduler.scheduler", "new"])
@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_libraries_are_heard_from_warnings_on(lines, name, level):
    """Below, they log whole requests; Bolt and the scheduler are heard from errors on."""
    library = logging.getLogger(name)
    kept = library.level
    library.setLevel(logging.DEBUG)
    try:
        library.log(level, "POST %s", SECRET)
    finally:
        # Otherwise it talks all through the tests that come later.
        library.setLevel(kept)

    assert lines() == []


@pytest.mark.parametrize("name", [*LIBRARIES, "new"])
def test_what_libraries_say_below_warnings_is_not_put_together(lines, name):
    """Of each request they serve they say something, which costs as much as a line that is written."""
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)
    assert logging.getLogger("bot.somewhere").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize("name", ["slack_bolt.App", "apscheduler.scheduler"])
def test_some_libraries_warn_too_much(lines, name):
    """Bolt's warnings hold whole bodies."""
    logging.getLogger(name).warning(f"Unhandled request {SECRET}")

    assert lines() == []


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_librarys_warning_says_where_and_not_what(lines, name, monkeypatch):
    """The line says how it is worded, but nothing that was put in."""
    # A web server started before may have silenced its own for good.
    for each in {name, name.partition(".")[0]}:
        monkeypatch.setattr(logging.getLogger(each), "propagate", True)
    logging.getLogger(name).warning("no answer from %s", SECRET)
    logging.getLogger(name).error(f"no answer from {SECRET}")
    try:
        broken()
    except RuntimeError:
        logging.getLogger(name).exception("broken: %s", SECRET)

    said = lines()
    assert SECRET not in str(said)
    assert [line["event"] for line in said] == [
        "no answer from %s",
        "said by a library",
        "broken: %s",
    ]
    assert {line["logger"] for line in said} == {name}
    assert all(line["where"].startswith("test_logs:") for line in said)
    assert said[2]["error"] == "RuntimeError from ValueError"


class Unprintable:
    def __str__(self):
        raise ValueError(SECRET)


def test_a_line_that_cannot_be_written_is_not_shown_either(lines, capsys):
    """Python's logging would print what it was given."""
    log().info("seen", request=Unprintable(), slack=SECRET)

    assert SECRET not in "".join(capsys.readouterr())


def test_a_crash_is_told_without_its_text(lines):
    """Python would print the exception as it is."""
    try:
        broken()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)

    (line,) = lines()
    assert SECRET not in str(line)
    assert (line["event"], line["level"]) == ("crashed", "critical")


def calls():
    """Every call of a logger in our code, with the file it is in."""
    for package in ("bot", "handlers", "graph", "sandbox", "migrations"):
        for file in (ROOT / package).rglob("*.py"):
            source = file.read_text()
            for node in ast.walk(ast.parse(source)) if "log." in source else ():
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "log"
                ):
                    yield file, node


def test_every_log_call_is_a_constant_event_with_known_fields():
    """What is not on the list would be left out without a word; what is put together may say anything."""
    found = list(calls())

    assert len(found) > 20
    for file, call in found:
        place = f"{file}:{call.lineno}"
        assert [type(each) for each in call.args] == [ast.Constant], place
        assert {each.arg for each in call.keywords} <= FIELDS | {"exc_info"}, place
