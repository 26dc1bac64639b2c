"""What is done from the command line has a name, a place and a reason, in the audit log and in Entra."""

import json
import os
import pwd
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from bot.__main__ import main
from bot.cli.access.operate import extend, remove, request
from bot.cli.operator import Operator, at_the_command_line
from bot.configuration.settings import LONGEST_OPERATOR, read_settings
from bot.database import open_store
from bot.database.audit_log import audit
from bot.database.tables import audit as audit_table
from bot.errors import ConfigurationError
from bot.requests.in_entra.submission import Submitter
from bot.requests.model import Kind
from graph.models import AssignmentRequest
from sandbox.tenant import seed
from tests.bot.cli.access.test_operate import ANN, live, posted
from tests.bot.samples import SOME_DAY, wish

SKIPPING = ["finance-reports", ANN, "--skip-approval", "--yes"]
OS_USER = pwd.getpwuid(os.getuid()).pw_name


def log():
    """The rows of the bot's audit log, which hold."""
    store = open_store("sqlite+pysqlite:///latchkey.db")
    try:
        assert store.read_here(audit.verify, b"").wrong is None
        return store.read_here(audit.rows)
    finally:
        store.close()


def test_a_grant_past_approval_has_a_name(latchkey, tenant):
    """The audit log says who, where and why, before it is posted and after; and Entra has the name, too."""
    assert latchkey(request, [*SKIPPING, "--because", "Close the quarter"]).exit_code == 0

    before, after = log()
    (asked,) = tenant.world.requests.values()
    assert {before["actor"], after["actor"]} == {f"cli:{OS_USER}"}
    assert (before["verb"], before["after"], after["after"]) == (
        "cli-grant",
        "intended",
        "submitted",
    )
    assert (before["why"], before["package_id"]) == ("Close the quarter", seed.FINANCE_REPORTS)
    assert before["subject_entra_id"] == seed.ANN
    assert before["details"]["host"] == socket.gethostname()
    assert before["details"]["os_user"] == OS_USER
    assert before["details"]["approval_skipped"] is True
    assert after["details"]["graph_request"] == asked.id
    assert asked.justification == f"Close the quarter [latchkey-cli {OS_USER}]"


def test_a_grant_that_begins_later_says_when(latchkey, tenant):
    """By that the check for drift knows that the assignment is an operator's."""
    asked = ["marketing-campaign", ANN, "--start", "2999-01-01T08:00", "--yes"]
    assert latchkey(request, asked).exit_code == 0
    _, after = log()
    assert after["details"]["starts_at"] == "2999-01-01T08:00:00+00:00"


def test_extensions_and_removals_have_one_too(latchkey, tenant, graph_app):
    """And an outcome each."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    arguments = ["marketing-campaign", ANN, "--because", "Left", "--yes"]
    assert latchkey(extend, arguments).exit_code == 0
    assert latchkey(remove, arguments).exit_code == 0

    assert [(row["verb"], row["after"]) for row in log()] == [
        ("cli-extend", "intended"),
        ("cli-extend", "submitted"),
        ("cli-remove", "intended"),
        ("cli-remove", "submitted"),
    ]
    (asked,) = [
        each for each in tenant.world.requests.values() if each.request_type == "adminRemove"
    ]
    assert asked.justification == f"Left [latchkey-cli {OS_USER}]"


@pytest.mark.parametrize("arguments", [[], ["--because", ""], ["--because", "  "]])
def test_neither_skips_approval_nor_removes_without_a_reason(
    arguments, latchkey, tenant, graph_app
):
    """Wrong usage, whatever else is right."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    before = len(posted(tenant))
    taken = latchkey(remove, ["marketing-campaign", ANN, "--yes", *arguments])
    given = latchkey(request, [*SKIPPING, *arguments])

    assert (taken.exit_code, given.exit_code) == (2, 2)
    assert "--because" in taken.stderr
    assert len(posted(tenant)) == before


def spoil(file, how):
    """Make the bot's database one that cannot be written to."""
    if how == "absent":
        file.unlink()
    elif how == "no database":
        file.write_bytes(b"something else entirely, and long enough to have a header" * 100)
    else:
        with closing(sqlite3.connect(file)) as db:
            db.execute("DROP TABLE audit_head")
            db.commit()


@pytest.mark.parametrize("how", ["absent", "no database", "without its log"])
def test_nothing_is_done_that_cannot_be_audited(how, latchkey, tenant):
    """Unless somebody says that it shall be."""
    spoil(Path("latchkey.db"), how)
    arguments = [*SKIPPING, "--because", "Close the quarter"]
    refused = latchkey(request, arguments)

    assert (refused.exit_code, posted(tenant)) == (1, [])
    assert "database" in refused.stderr
    if how != "without its log":
        assert "--without-audit" in refused.stderr
        assert latchkey(request, [*arguments, "--without-audit"]).exit_code == 0
        assert live(tenant) == [(seed.ANN, seed.FINANCE_REPORTS)]


@pytest.mark.parametrize(("fault", "outcome"), [("throttle", "failed"), ("error_after", "unsure")])
def test_what_came_of_it_is_kept_as_it_is_known(fault, outcome, latchkey, tenant):
    """The log does not say that it was done, nor that it was not."""
    tenant.faults.set(fault, only="POST .*ssignmentRequests")
    assert latchkey(request, [*SKIPPING, "--because", "x"]).exit_code == 1
    assert [row["after"] for row in log()] == ["intended", outcome]


@pytest.mark.parametrize("command", ["grant", "pause", "resume", "migrate"])
def test_nothing_is_written_with_another_key_than_the_logs(command, latchkey, tenant, monkeypatch):
    """From a shell that lacks it: the rows after would not verify, whoever looks."""
    runner = CliRunner()
    monkeypatch.setenv("LATCHKEY_AUDIT_KEY", "kept elsewhere")
    runner.invoke(main, ["pause", "--reason", "the first row"])
    monkeypatch.delenv("LATCHKEY_AUDIT_KEY")
    words = {
        "pause": ["pause", "--reason", "x"],
        "resume": ["resume"],
        "migrate": ["migrate", "--forget-slack-app"],
        "grant": ["request", *SKIPPING, "--because", "x"],
    }[command]
    refused = runner.invoke(main, words)

    assert refused.exit_code == 1
    assert "LATCHKEY_AUDIT_KEY is not the key" in refused.stderr
    assert posted(tenant) == []
    monkeypatch.setenv("LATCHKEY_AUDIT_KEY", "kept elsewhere")
    assert "1 row holds." in runner.invoke(main, ["audit", "verify"]).stdout


def test_the_name_can_be_set(latchkey, monkeypatch):
    """Many may share an account."""
    monkeypatch.setenv("LATCHKEY_OPERATOR", "dana@contoso.example")
    latchkey(request, [*SKIPPING, "--because", "x"])
    assert {row["actor"] for row in log()} == {"cli:dana@contoso.example"}
    assert log()[0]["details"]["os_user"] == OS_USER


def test_pause_and_resume_have_a_name(latchkey):
    """And a reason."""
    runner = CliRunner()
    runner.invoke(main, ["pause", "--reason", "drill"])
    runner.invoke(main, ["resume", "--reason", "over"])
    rows = log()

    assert [(row["verb"], row["why"], row["actor"]) for row in rows] == [
        ("pause", "drill", f"cli:{OS_USER}"),
        ("resume", "over", f"cli:{OS_USER}"),
    ]
    assert all(row["details"]["where"] == "command line" for row in rows)
    exported = runner.invoke(main, ["audit", "export"]).stdout.splitlines()
    assert json.loads(exported[0])["details"]["host"] == socket.gethostname()


SPOOFS = ("x] [latchkey 1234", "[latchkey 1234]", "a\nb\x00c", "", " ", "[" * 200)


@pytest.mark.parametrize("name", SPOOFS)
@pytest.mark.parametrize("because", [None, "because [latchkey 1234] of it", "plain"])
def test_nobody_can_pass_for_a_request_of_the_bots(name, because):
    """The bot would adopt what it takes for its own."""
    operator = at_the_command_line(name)
    said = operator.justification(because)
    found = AssignmentRequest(id="1", justification=said)
    of_the_bot = wish(id="1234", kind=Kind.ADD)

    assert "[latchkey " not in said
    assert not Submitter._is_ours(of_the_bot, found, SOME_DAY)
    assert 1 <= len(operator.name) <= LONGEST_OPERATOR
    assert operator.name.isprintable()


def test_a_name_that_may_be_set_is_kept_whole():
    """A longer one is refused and not cut: two operators may begin alike."""
    longest = "o" * LONGEST_OPERATOR
    operator = at_the_command_line(read_settings({"LATCHKEY_OPERATOR": longest}).operator)
    assert operator.name == longest
    assert isinstance(audit_table.c.actor.type, sa.String)
    assert len(operator.actor) == audit_table.c.actor.type.length
    with pytest.raises(ConfigurationError, match=r"LATCHKEY_OPERATOR.*60"):
        read_settings({"LATCHKEY_OPERATOR": longest + "o"})


def test_who_used_sudo_is_kept():
    """Everybody is root otherwise."""
    facts = Operator(name="x", os_user="root", host="h", sudo_user="dana").facts
    assert facts["sudo_user"] == "dana"
