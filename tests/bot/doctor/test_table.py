"""The doctor goes on after what is broken, changes nothing, and says how things stand with times and people."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot import clock
from bot.auditing import anchors
from bot.database.audit_log import audit
from bot.database.replicas import turns
from bot.doctor.connecting import subject_by
from bot.doctor.model import CheckFinding, Severity
from bot.doctor.table import CHECKS, examine, exit_code
from bot.requests.model import State
from bot.requests.store import requests
from bot.webhooks.store import feeds
from sandbox.tenant import seed
from tests.bot.moments import at
from tests.bot.samples import wish
from tests.harness import receiver
from tests.harness.doctoring import doctors_findings, subject_of

SIEM = {
    "webhooks": receiver.SETTINGS["LATCHKEY_WEBHOOKS"],
    "webhook_secrets": receiver.SETTINGS["LATCHKEY_WEBHOOK_SECRETS"],
}


def of(found: list[CheckFinding], check: str) -> list[CheckFinding]:
    return [each for each in found if each.check == check]


def worst(found: list[CheckFinding], check: str) -> Severity:
    return max(each.severity for each in of(found, check))


def words(found: list[CheckFinding], check: str) -> str:
    return " ".join(each.sentence for each in of(found, check))


async def test_all_is_well_where_all_is_well(harness):
    """Nothing is broken in the sandbox's world, and each check has said something."""
    found = await doctors_findings(harness.latchkey)

    assert [each for each in found if each.severity is Severity.BROKEN] == []
    silent = {check.name for check in CHECKS if not check.only_postgresql} - {
        each.check for each in found
    }
    assert silent <= {"credentials"}
    assert harness.workspace.scheduled
    assert {where for where, _ in harness.workspace.scheduled.values()} == {None}


async def test_nothing_is_changed_by_looking(harness):
    """No message, no request in Entra, no row."""
    rows = await harness.store.read(_rows)
    posted = {name: len(each.messages) for name, each in harness.workspace.channels.items()}
    sent = len(harness.line.operations)

    await doctors_findings(harness.latchkey)

    assert await harness.store.read(_rows) == rows
    assert {name: len(each.messages) for name, each in harness.workspace.channels.items()} == posted
    told = [each for each in harness.line.operations[sent:] if not each.startswith("GET ")]
    assert told == []


def _rows(db):
    from bot.database.tables import metadata

    return {
        table.name: [tuple(row) for row in db.execute(table.select())]
        for table in metadata.sorted_tables
        if table.name not in {"sweep"}
    }


@pytest.mark.parametrize(
    ("granted", "check", "says"),
    [
        ({"EntitlementManagement.Read.All"}, Severity.WARNING, "nothing can be granted"),
        (set(), Severity.BROKEN, "EntitlementManagement.ReadWrite.All"),
    ],
)
async def test_roles_in_the_token_are_compared(harness, granted, check, says):
    """Before the first grant fails for them."""
    kept = {"User.Read.All", "GroupMember.Read.All"}
    harness.tenant.permissions = kept | granted
    harness.tenant.revoke_tokens()
    await harness.latchkey.graph.granted._session._tokens.refresh()

    found = await doctors_findings(harness.latchkey)

    assert worst(found, "graph-permissions") is check
    assert says in words(found, "graph-permissions")


async def test_a_bot_that_runs_with_another_secret_is_found(harness):
    """A request that is signed with ours is refused there."""
    settings = harness.latchkey.settings.model_copy(
        update={"slack_signing_secret": SecretStr("another")}
    )

    found = await doctors_findings(harness.latchkey, settings=settings)

    assert worst(found, "running") is Severity.BROKEN
    assert "refuses a request" in words(found, "running")


async def test_an_endpoint_that_is_told_nothing_is_found(harness):
    """As no bot has started with it, or none runs: nobody has tried, so that nothing has failed."""
    update = {name: SecretStr(value) for name, value in SIEM.items()}
    settings = harness.latchkey.settings.model_copy(update=update)

    async def found():
        every = await doctors_findings(harness.latchkey, settings=settings)
        return worst(every, "webhooks"), words(every, "webhooks")

    severity, said = await found()
    assert severity is Severity.NOTE
    assert "has not started with the webhook siem" in said

    await harness.store.run(feeds.begin, (receiver.NAME,))
    assert (await found())[0] is Severity.FINE
    await harness.store.run(
        lambda db: audit.record(db, at=clock.now(), actor="U0DANA", verb="pause")
    )
    assert (await found())[0] is Severity.FINE
    with at(clock.now() + timedelta(hours=3)):
        severity, said = await found()
    assert severity is Severity.WARNING
    assert "siem has not been told what happened since 3 h" in said


async def test_that_an_endpoint_is_gone_is_said_once(harness):
    """However much it was to be told once more."""
    update = {name: SecretStr(value) for name, value in SIEM.items()}
    settings = harness.latchkey.settings.model_copy(update=update)
    await harness.store.run(feeds.begin, (receiver.NAME,))
    feed = await harness.store.read(feeds.find, receiver.NAME)
    await harness.store.run(feeds.disable, feed, error="HTTP 410")
    for each in ("one", "two"):
        await harness.store.run(feeds.replay, feed_id=each, endpoint=receiver.NAME, first=1, last=1)
    found = await doctors_findings(harness.latchkey, settings=settings)
    assert words(found, "webhooks").count("has answered that it is gone") == 1


async def test_an_admin_with_two_accounts_in_entra_cannot_decide(harness):
    """Latchkey does not guess."""
    dana = harness.tenant.world.users[seed.DANA]
    twin = replace(
        dana, id="7e000000-0000-4000-8000-0000000000ff", user_principal_name="t@x.example"
    )
    harness.tenant.world.users[twin.id] = twin

    found = await doctors_findings(harness.latchkey)

    assert worst(found, "admins") is Severity.BROKEN
    assert "several accounts" in words(found, "admins")
    assert "1 have several" in words(found, "matches")


async def test_people_who_are_not_in_entra_are_counted(harness):
    """By the addresses of the workspace."""
    del harness.tenant.world.users[seed.CY]

    found = await doctors_findings(harness.latchkey)

    assert "1 have no account in Entra" in words(found, "matches")


async def test_the_end_of_a_secret_is_counted_in_days(harness):
    """Two weeks are a warning, a day past is broken."""
    for ends, severity in (
        (clock.real().date() + timedelta(days=14), Severity.WARNING),
        (date(2020, 1, 1), Severity.BROKEN),
        (date(2090, 1, 1), Severity.FINE),
    ):
        settings = harness.latchkey.settings.model_copy(update={"azure_client_secret_until": ends})
        found = await doctors_findings(harness.latchkey, settings=settings)
        assert worst(found, "credentials") is severity


async def test_clocks_that_disagree_are_found(harness):
    """The database server's, Slack's and Graph's."""
    harness.latchkey.figures.slack.skew = timedelta(minutes=7)
    found = await doctors_findings(
        harness.latchkey, database_time=lambda db: clock.real() + timedelta(seconds=30)
    )

    assert worst(found, "clocks") is Severity.BROKEN
    assert "420 s ahead of Slack's" in words(found, "clocks")
    assert "30 s behind the database server's" in words(found, "clocks")


async def test_what_cannot_be_connected_stops_nothing_else(harness):
    """Each is named, and what needs it is not looked at."""
    subject = subject_of(harness.latchkey, missing={"slack": "Slack does not accept it."})

    found = await examine(subject)

    assert of(found, "slack")[0].severity is Severity.BROKEN
    assert worst(found, "channels") is Severity.SKIPPED
    assert worst(found, "graph-calls") is Severity.FINE
    assert worst(found, "database") is Severity.FINE


async def test_three_things_wrong_at_once_are_three_findings(harness, tmp_path):
    """And no database is made by looking."""
    harness.workspace.is_token_revoked = True
    harness.tenant.faults.set("unavailable", retry_after="0")
    nowhere = tmp_path / "nowhere.db"
    settings = harness.latchkey.settings.model_copy(
        update={"database_url": SecretStr(f"sqlite:///{nowhere}"), "port": 0}
    )
    async with subject_by(settings, machine=harness.bot.machine()) as subject:
        found = await examine(subject)

    assert {each.check for each in found if each.severity is Severity.BROKEN} >= {
        "database",
        "slack",
    }
    assert not nowhere.exists()
    assert exit_code(found) == 1


def test_the_exit_code_is_by_the_worst():
    """0, 3 for a warning, 1 for what is broken."""

    def code(*severities: Severity) -> int:
        return exit_code([CheckFinding(severity=each, sentence="") for each in severities])

    assert code() == code(Severity.FINE, Severity.NOTE, Severity.SKIPPED) == 0
    assert code(Severity.WARNING, Severity.NOTE) == 3
    assert code(Severity.WARNING, Severity.BROKEN) == 1


@pytest.mark.parametrize(
    ("days", "severity"),
    [(0, Severity.FINE), (2, Severity.FINE), (2.1, Severity.WARNING), (30, Severity.WARNING)],
)
async def test_an_anchor_that_is_too_old_is_named(harness, days, severity):
    """With its age and its row; one day that was left out is no reason to wake anybody."""
    noted = anchors.NotedAnchor(
        position=7, hash="ab" * 32, at=clock.real() - timedelta(days=days, seconds=-60)
    )
    note_anchor(harness.store, "file", noted)
    settings = harness.latchkey.settings.model_copy(update={"anchor_file": Path("anchors")})

    found = await doctors_findings(harness.latchkey, settings=settings)

    (anchor,) = [each for each in of(found, "audit") if "anchor" in each.sentence]
    assert anchor.severity is severity
    assert "(row 7)" in anchor.sentence
    assert exit_code(of(found, "audit")) == (3 if severity is Severity.WARNING else 0)


async def test_anchors_that_are_wanted_nowhere_are_worth_a_thought(harness):
    """And one that could not be noted yet says why."""
    found = await doctors_findings(harness.latchkey)
    assert "No anchor of the audit log is noted by itself" in words(found, "audit")

    settings = harness.latchkey.settings.model_copy(update={"anchor_file": Path("anchors")})
    note_anchor(harness.store, "file", None, error="Permission denied")
    found = await doctors_findings(harness.latchkey, settings=settings)

    assert worst(found, "audit") is Severity.WARNING
    assert "LATCHKEY_ANCHOR_FILE yet. The last try failed: Permission denied." in words(
        found, "audit"
    )


def note_anchor(store, place, anchor, *, error=None):
    """As the bot does it in its turn."""
    name = f"{anchors.TURN_OF}{place}"
    now = clock.real()

    def noted(db):
        turn = turns.take(db, name, lease=timedelta(minutes=1), wanted=now)
        assert turn is not None
        found = None if anchor is None else anchors.ANCHOR.dump_python(anchor, mode="json")
        turns.finish(db, turn, due_at=now, error=error, found=found)

    store.run_here(noted)


async def test_what_should_have_been_deleted_or_archived_is_named(harness):
    """With the command that does it; a day late is not late."""
    settings = harness.latchkey.settings.model_copy(
        update={"keep_requests_days": 30, "keep_messages_days": 30, "keep_audit_days": 30}
    )
    await harness.ask("marketing-campaign")
    today = clock.real()
    with at(today - timedelta(days=40)):
        harness.store.run_here(close_one)

    async def found(day):
        with at(today + timedelta(days=day)):
            return await doctors_findings(harness.latchkey, settings=settings)

    assert worst(await found(-3), "retention") is Severity.FINE
    late = await found(0)
    assert worst(late, "retention") is Severity.WARNING
    assert "(closed requests): run `latchkey delete-old`" in words(late, "retention")
    assert "`latchkey audit archive`" not in words(late, "retention")
    assert "run `latchkey audit archive`" in words(await found(131), "retention")


def close_one(db):
    request = wish()
    assert requests.add(db, request)
    requests.move(db, requests.get(db, request.id), State.CANCELED, ended_at=clock.now())
