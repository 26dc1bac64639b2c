"""`latchkey tutorial`: it runs to its end, shows what it does, and leaves nothing behind."""

import asyncio
import copy
import os
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from bot.cli.connection import Stop
from bot.cli.tenant.narration import Narrator
from bot.cli.tenant.tutorial import TutorialTenant, run_in, tutorial
from bot.configuration.settings import read_settings
from sandbox.tenant import Tenant, seed
from tests.tutorial import TUTORIAL, Telling

GROUPS = {value for value in vars(seed).values() if str(value).startswith("b0000000")}
DOMAIN = ["--domain", seed.DOMAIN, "--yes"]


def contents(tenant: Tenant) -> Any:
    """All that a run could leave behind."""
    world = tenant.world
    live = [each for each in world.assignments.values() if each.is_live]
    return copy.deepcopy(
        (world.users, world.groups, world.resources, world.packages, world.policies, live)
    )


@pytest.fixture
def nothing_configured(monkeypatch, tmp_path):
    """A machine without any setting."""
    monkeypatch.chdir(tmp_path)


def run_without_waiting(tenant: Tenant) -> None:
    """As in a real tenant, but its clock is moved where the command would wait."""

    async def sleep(seconds: float) -> None:
        tenant.clock.shift(timedelta(seconds=seconds))

    place = TutorialTenant(settings=read_settings(), domain=seed.DOMAIN, sleep=sleep)
    asyncio.run(run_in(place, Narrator(Console(file=StringIO())), api=None, catalog="General"))


@pytest.mark.parametrize("api", ["v1.0", "beta"])
def test_without_settings_it_runs_in_the_stand_in(nothing_configured, api):
    """A newcomer needs no account; the request is the person's own there."""
    result = CliRunner(catch_exceptions=False).invoke(tutorial, ["--api", api])
    assert result.exit_code == 0, result.stderr
    assert "nothing of it is left" in result.stdout
    assert re.search(r'"requestType": "userAdd"', result.stdout, re.IGNORECASE)


def test_every_step_shows_its_calls_and_their_answers(nothing_configured):
    """Verb, path and status of each, under the tutorial's own headings."""
    said = CliRunner().invoke(tutorial, []).stdout
    for step in range(1, 6):
        assert f"Step {step}: " in said
    calls = re.findall(r"→ (GET|POST|DELETE) /v1\.0/", said)
    answers = re.findall(r"← \d{3} ", said)
    assert len(calls) == len(answers) > 30


def test_no_password_and_no_token_is_shown(nothing_configured):
    """The password of the account it makes is nobody's business."""
    said = CliRunner().invoke(tutorial, []).stdout
    assert '"passwordProfile": "…"' in said
    assert "Bearer" not in said


def test_the_environment_is_as_it_was_afterwards(nothing_configured, monkeypatch):
    """Trust in the stand-in's certificate ends with it."""
    monkeypatch.setenv("SSL_CERT_FILE", "/somewhere/ca.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test")
    before = dict(os.environ)
    assert CliRunner().invoke(tutorial, []).exit_code == 0
    assert dict(os.environ) == before


def test_with_settings_it_runs_in_that_tenant_and_leaves_it_as_it_was(latchkey, tenant):
    """An app cannot ask for a person, so there it gives."""
    tenant.world.directory_lag *= 0
    before = contents(tenant)
    result = latchkey(tutorial, DOMAIN)
    assert result.exit_code == 0, result.stderr
    assert contents(tenant) == before
    assert {each.request_type for each in tenant.world.requests.values()} == {
        "adminAdd",
        "adminRemove",
    }


def test_it_changes_what_the_tutorial_changes(latchkey, tenant):
    """Call for call, and nothing else; the looks between are its own."""
    tenant.world.directory_lag *= 0
    latchkey(tutorial, DOMAIN)
    changes = [step for step in TUTORIAL if step.method != "GET" and step.status < 400]
    made = [call for call in tenant.calls if call.method != "GET"]
    telling = Telling(made[0].version)
    for step, call in zip(changes, made, strict=True):
        assert call.name == telling.call(step)
        telling.learn(step, call.answer)


def test_a_real_tenant_is_only_touched_after_a_yes(latchkey, tenant):
    """And only with a domain, which it cannot guess."""
    assert latchkey(tutorial, ["--domain", seed.DOMAIN], input="n\n").exit_code == 1
    assert latchkey(tutorial, ["--yes"]).exit_code == 2
    assert tenant.calls == []


@pytest.mark.cases(6)
@pytest.mark.parametrize(
    "where",
    [
        "POST .*/groups$",
        "POST .*esourceRequests$",
        "POST .*/accessPackages$",
        "POST .*esourceRoleScopes$",
        "POST .*ssignmentPolicies$",
        "POST .*ssignmentRequests$",
    ],
)
@pytest.mark.parametrize("fault", ["html", "error_after"])
def test_it_cleans_up_whichever_step_fails(latchkey, tenant, where, fault):
    """Also when the step took effect and only its answer was lost."""
    tenant.world.directory_lag *= 0
    before = contents(tenant)
    tenant.faults.set(fault, count=1, only=where)
    if "esourceRequests" in where:
        # The resource is found in the catalog in spite of it, or asked for again.
        run_without_waiting(tenant)
    else:
        with pytest.raises(Stop):
            run_without_waiting(tenant)
    assert contents(tenant) == before


def test_where_nothing_was_made_nothing_is_cleaned_up(latchkey, tenant):
    """A missing permission is said at once, and once."""
    tenant.permissions.discard("User.ReadWrite.All")
    result = latchkey(tutorial, DOMAIN)
    assert result.exit_code == 1
    assert "Step 5" not in result.stdout
    assert [call.method for call in tenant.calls] == ["POST"]


def test_what_cannot_be_taken_back_is_named(latchkey, tenant):
    """With the mark by which an administrator finds it; the rest is taken back all the same."""
    tenant.faults.set("unavailable", only="DELETE .*/groups/")
    with pytest.raises(Stop) as stopped:
        run_without_waiting(tenant)
    (left,) = [each for each in tenant.world.groups.values() if each.id not in GROUPS]
    mark = left.display_name.rpartition(" ")[2]
    assert any(f"look for names with “{mark}”" in each for each in stopped.value.sentences)
    assert any(each.startswith("Delete the group: ") for each in stopped.value.sentences)
    assert len(tenant.world.users) == 6


def test_an_unknown_catalog_is_a_sentence(latchkey, tenant):
    """And what was made before it is gone."""
    before = contents(tenant)
    result = latchkey(tutorial, [*DOMAIN, "--catalog", "Nowhere"])
    assert result.exit_code == 1
    assert "There is no catalog called “Nowhere”" in result.stderr
    assert contents(tenant) == before
