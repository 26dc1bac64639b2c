"""`latchkey drift`: what is open, and what an operator says of it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner

from bot import clock
from bot.__main__ import main
from bot.database import open_store
from bot.database.audit_log import audit
from bot.database.replicas import turns
from bot.database.schema import migrate
from bot.drift.model import CheckResult, DriftKind, DriftState, Found
from bot.drift.store import checks, mismatches
from bot.messages.admins.drift import of_check
from tests.bot.samples import ANN, BO


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A bot's database, named by the environment, with two mismatches."""
    path = tmp_path / "latchkey.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("LATCHKEY_OPERATOR", "olga")
    opened = open_store(f"sqlite+pysqlite:///{path}")
    migrate.upgrade(opened)
    opened.run_here(lambda db: mismatches.save(db, FOUND, seen_at=clock.real()))
    yield opened
    opened.close()


FOUND = [
    Found(
        kind=DriftKind.UNASKED,
        about="assignment",
        assignment_id="assignment",
        entra_id=ANN,
        person_name="Ann Abara",
        package_id="campaign",
        package_name="Marketing Campaign",
        ends_at=clock.now() + timedelta(days=3),
    ),
    Found(
        kind=DriftKind.MEMBER,
        about="group",
        entra_id=BO,
        person_name="Bo Berg",
        package_id="finance",
        package_name="Finance Reports",
        group_name="Finance readers",
    ),
]


def latchkey(*words):
    return CliRunner().invoke(main, ["drift", *words])


def current(store):
    return {each.kind: each for each in store.run_here(mismatches.current)}


def test_what_is_open_is_listed(store):
    """For people and for programs; 1 says that there is something."""
    shown = latchkey("list")
    assert shown.exit_code == 1
    assert "Ann Abara has Marketing Campaign, until" in shown.output
    assert "Bo Berg is in the group Finance readers" in shown.output
    told = json.loads(latchkey("list", "--json").stdout)
    assert [each["kind"] for each in told["open"]] == ["unasked", "member"]
    assert told["checked"] is None


def test_a_group_within_a_group_is_no_person(store):
    """Programs read which group it is by a name of its own."""
    made = replace(FOUND[1], kind=DriftKind.NESTED, entra_id="inner", person_name="Helpers")
    store.run_here(mismatches.save, [made], seen_at=clock.real())
    by_kind = {each["kind"]: each for each in json.loads(latchkey("list", "--json").stdout)["open"]}
    nested, member = by_kind["nested"], by_kind["member"]
    assert (nested["entra_id"], nested["person_name"]) == (None, None)
    assert (nested["nested_group_id"], nested["nested_group_name"]) == ("inner", "Helpers")
    assert (member["entra_id"], "nested_group_id" in member) == (BO, False)


def test_many_are_adopted_at_once(store):
    """By kind and package, with who it was and why."""
    done = latchkey("adopt", "--kind", "member", "--because", "there before", "--yes")
    assert (done.exit_code, done.stdout) == (0, "1 adopted.\n")
    found = current(store)
    adopted = found[DriftKind.MEMBER]
    assert (adopted.state, adopted.done_by) == (DriftState.ADOPTED, "cli:olga")
    assert found[DriftKind.UNASKED].state is DriftState.OPEN
    rows = store.run_here(audit.rows)
    assert [(r["actor"], r["why"]) for r in rows if r["verb"] == "adopt"] == [
        ("cli:olga", "there before")
    ]


def test_one_is_ignored_by_the_beginning_of_its_id(store):
    """For some days."""
    known = current(store)[DriftKind.UNASKED]
    done = latchkey("ignore", known.id[:8], "--days", "3", "--because", "leaving", "--yes")
    assert done.exit_code == 0
    ignored = current(store)[DriftKind.UNASKED]
    assert ignored.state is DriftState.IGNORED
    assert ignored.until is not None
    assert timedelta(days=2) < ignored.until - clock.now() <= timedelta(days=3)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["adopt", "--because", "all"], 2),
        (["adopt", "--kind", "stuck", "--because", "none", "--yes"], 1),
        (["adopt", "zz", "--because", "unknown", "--yes"], 1),
        (["adopt", "--kind", "member"], 2),
        (["ignore", "--kind", "member", "--because", "for ever", "--days", "9999"], 2),
    ],
)
def test_what_fits_nothing_changes_nothing(store, words, code):
    """Neither everything at once, nor without a reason, nor for ever."""
    assert latchkey(*words).exit_code == code
    assert {each.state for each in current(store).values()} == {DriftState.OPEN}


def test_no_check_is_waited_for_that_nobody_makes(store):
    """No replica has ever looked."""
    refused = latchkey("check")
    assert refused.exit_code == 1
    assert "No check was ever made" in refused.output


def checked(db, found):
    """A check has come to its end."""
    turn = turns.take(db, checks.NAME, lease=timedelta(minutes=1), wanted=clock.real())
    assert turn is not None
    turns.finish(db, turn, due_at=clock.real(), found=found)


def test_groups_that_were_not_looked_through_are_named(store):
    """And so is one of which only the direct members were."""
    result = CheckResult(
        at=clock.now(),
        groups=1,
        too_large=("All Contoso",),
        too_large_within=("Finance readers",),
    )
    store.run_here(checked, checks.to_json(result))
    said = latchkey("list").stderr
    assert "All Contoso has too many members to look through." in said
    assert (
        "Finance readers has too many people in the groups within it: only its direct members"
        in said
    )
    (block,) = of_check(store.run_here(checks.last))
    assert "1 group has too many people in the groups within it" in block["elements"][0]["text"]


def test_what_an_earlier_version_has_found_can_be_read(store):
    """It knew fewer facts of a check."""
    found = checks.to_json(CheckResult(at=clock.now(), groups=3, refused=("Finance readers",)))
    del found["too_large_within"]
    store.run_here(checked, found)
    last = store.run_here(checks.last)
    assert (last.groups, last.refused, last.too_large_within) == (3, ("Finance readers",), ())
