"""`latchkey rehearse` as people call it."""

import json

import pytest
from click.testing import CliRunner

from bot.cli.rehearsal.by_hand import BY_HAND
from bot.cli.rehearsal.command import rehearse
from bot.cli.rehearsal.table import EXPERIMENTS


def test_names_are_those_of_one_experiment_each():
    """By which --only chooses."""
    names = [each.name for each in EXPERIMENTS]
    assert len(set(names)) == len(names)


def test_the_list_says_what_each_writes():
    """Without any setting."""
    said = CliRunner().invoke(rehearse, ["--list"]).stdout
    for each in EXPERIMENTS:
        assert each.question in said
        assert each.writes is None or each.writes in said


def test_an_unknown_name_is_a_sentence():
    """With exit code 2."""
    ended = CliRunner().invoke(rehearse, ["--only", "everything"])
    assert ended.exit_code == 2
    assert "--list" in ended.stderr


@pytest.fixture
def here(tenant, certificate, monkeypatch, tmp_path):
    """A folder, and settings of the stand-in tenant without a workspace."""
    from tests.bot.cli.conftest import settings_for
    from tests.bot.cli.reaching import reach

    monkeypatch.chdir(tmp_path)
    for name, value in settings_for(tenant, reach(tenant, monkeypatch)).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_it_writes_a_report_that_only_its_owner_can_read(here):
    """And says where it is."""
    file = here / "report.json"
    ended = CliRunner(catch_exceptions=False).invoke(
        rehearse, ["--read-only", "--report", str(file)]
    )
    assert ended.exit_code == 0, ended.stderr
    assert str(file) in ended.stdout.replace("\n", "")
    assert file.stat().st_mode & 0o777 == 0o600
    report = json.loads(file.read_text())
    assert {each["name"] for each in report["experiments"]} == {
        each.name for each in EXPERIMENTS if each.writes is None
    }
    assert {each["row"] for each in report["not_tried"]} == set(BY_HAND)


def test_it_asks_before_it_writes(here, tenant):
    """A no leaves that experiment out."""
    calls = len(tenant.calls)
    ended = CliRunner(catch_exceptions=False).invoke(
        rehearse, ["--only", "twice", "--domain", "contoso.example"], input="n\n"
    )
    assert ended.exit_code == 0, ended.stderr
    assert "Make it?" in ended.stderr
    assert "1 left out" in ended.stdout
    assert {call.method for call in tenant.calls[calls:]} <= {"GET"}


def test_no_file_is_written_over(here):
    """Neither is anything tried."""
    (here / "report.json").write_text("mine")
    ended = CliRunner().invoke(rehearse, ["--read-only", "--report", "report.json"])
    assert ended.exit_code == 1
    assert (here / "report.json").read_text() == "mine"


def test_an_unknown_catalog_is_a_sentence(here, tenant):
    """Before anything is made."""
    ended = CliRunner().invoke(
        rehearse, ["--only", "twice", "--domain", "contoso.example", "--catalog", "Nowhere", "-y"]
    )
    assert ended.exit_code == 1
    assert "There is no catalog called “Nowhere”" in ended.stderr


def test_an_authentication_context_is_an_id(here):
    """As in the package settings."""
    ended = CliRunner().invoke(rehearse, ["--auth-context", "high"])
    assert ended.exit_code == 2
    assert "c1 to c99" in ended.stderr


def test_what_is_guided_is_left_out_unless_somebody_looks(here):
    """Nobody sits before it when it is run with --yes alone."""
    file = here / "report.json"
    ended = CliRunner(catch_exceptions=False).invoke(rehearse, ["--yes", "--report", str(file)])
    assert ended.exit_code == 0, ended.stderr
    report = json.loads(file.read_text())
    made = {each["name"] for each in report["experiments"]}
    assert made == {each.name for each in EXPERIMENTS if not each.is_guided}
    assert report["made_with"]["guided"] is False
    assert sum(report["outcomes"].values()) == len(made)


def test_the_report_begins_with_what_is_otherwise(here, tenant):
    """Whoever gets it reads that first."""
    tenant.world.joins_states = False
    file = here / "report.json"
    ended = CliRunner(catch_exceptions=False).invoke(
        rehearse, ["--only", "several-states,department", "--report", str(file)]
    )
    assert ended.exit_code == 0, ended.stderr
    report = json.loads(file.read_text())
    assert list(report["otherwise"]) == ["several-states"]
    assert list(report)[:5] == ["latchkey", "began_at", "made_with", "outcomes", "otherwise"]


def test_the_end_of_what_can_be_read_is_no_yes(here, tenant):
    """As after Ctrl-C at a question: nothing is made, and what was seen before is written."""
    file = here / "report.json"
    calls = len(tenant.calls)
    ended = CliRunner(catch_exceptions=False).invoke(
        rehearse,
        ["--only", "department,twice", "--domain", "contoso.example", "--report", str(file)],
        input="",
    )
    assert ended.exit_code == 1
    assert "interrupted" in ended.stderr
    report = json.loads(file.read_text())
    assert [each["name"] for each in report["experiments"]] == ["department"]
    assert report["made_with"]["interrupted"] is True
    assert {call.method for call in tenant.calls[calls:]} <= {"GET"}


def test_a_yes_to_all_does_not_end_anybodys_sign_ins(here, tenant):
    """That is asked for alone."""
    ended = CliRunner(catch_exceptions=False).invoke(
        rehearse, ["--yes", "--only", "revoked", "--people", "1"], input="n\n"
    )
    assert ended.exit_code == 0, ended.stderr
    assert "revokes all sign-ins" in ended.stderr
    assert "1 left out" in ended.stdout
