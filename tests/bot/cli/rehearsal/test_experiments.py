"""All experiments against the stand-ins: each says something, nothing is left behind, and the report names nobody."""

import asyncio
import copy
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from bot.cli.rehearsal.model import ExperimentOutcome
from bot.cli.rehearsal.report import report_of
from bot.cli.rehearsal.run import RehearsalPlan, rehearse_all
from bot.cli.rehearsal.sign_in_page import SignInPage
from bot.cli.rehearsal.table import EXPERIMENTS
from bot.configuration.settings import read_settings
from sandbox.run import stand_ins
from sandbox.slack.model import Channel
from sandbox.tenant import seed
from sandbox.tenant.model import Policy
from tests.bot.cli.rehearsal.hands import PORT, Hands
from tests.harness.world import BO
from tests.proofs.canaries.canaries import forms

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOREIGN = "C0ELSEWHERE"
# What says neither that Latchkey is right nor that it is wrong: in the stand-ins, or anywhere.
UNCLEAR = {
    *("nested-members", "newer-blocks", "late-end", "questions"),
    *("forwarded", "kept-fields", "federated", "codes", "two-stages", "late-cancel"),
}
# What the stand-in tenant does not have.
NOT_THERE = {"entra-roles", "attribute-questions"}


def contents(outside):
    """All that a run could leave behind."""
    world = outside.tenant.world
    live = [each for each in world.assignments.values() if each.is_live]
    messages = [
        (channel.id, message.ts)
        for channel in outside.workspace.channels.values()
        for message in channel.messages
        # What only one person sees is gone with the next look.
        if not message.deleted and message.ephemeral_to is None
    ]
    return copy.deepcopy(
        (world.users, world.groups, world.resources, world.packages, world.policies, live, messages)
    )


def plan_of(
    outside,
    experiments=EXPERIMENTS,
    *,
    domain=seed.DOMAIN,
    tester=BO,
    by_codes=False,
    hands=None,
    **more,
):
    """A run in the stand-ins, whose clock is moved where it would wait."""

    async def sleep(seconds: float) -> None:
        outside.clock.shift(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    hands = hands or Hands(outside, page=None if by_codes else SignInPage(PORT))
    return RehearsalPlan(
        settings=read_settings(outside.environment),
        experiments=experiments,
        domain=domain,
        catalog="General",
        tester=tester,
        mark="abc123",
        sleep=sleep,
        **{
            "at_hand": hands,
            "people": 2,
            "page": hands.page,
            "auth_context": "c1",
            "foreign_channel": FOREIGN,
            **more,
        },
    )


def named(*names):
    return [each for each in EXPERIMENTS if each.name in names]


async def yes(experiment):
    return True


async def no(experiment):
    return False


async def run(plan, *, may_be_made=yes):
    return await rehearse_all(plan, may_be_made=may_be_made, tell=lambda each, observed: None)


@asynccontextmanager
async def stand_ins_of(folder, certificate):
    """Stand-ins in which everything can be tried that they have."""
    async with stand_ins(folder, certificate=certificate, socket_mode=True) as made:
        made.tenant.world.directory_lag *= 0
        made.tenant.permissions.add("User.RevokeSessions.All")
        made.tenant.login.app.web_addresses.add(SignInPage(PORT).callback)
        elsewhere = Channel(id=FOREIGN, name="elsewhere", members={BO})
        made.workspace.channels[FOREIGN] = elsewhere
        made.workspace.dm(BO)
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside(tmp_path_factory, certificate):
    async with stand_ins_of(tmp_path_factory.mktemp("rehearsal"), certificate) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rehearsed(outside):
    """One run of everything; gives what came of it, and what was there before and after."""
    before = contents(outside)
    result = await run(plan_of(outside))
    return outside, result, before, contents(outside)


async def test_every_experiment_finds_the_stand_ins_as_latchkey_takes_them(rehearsed):
    """Or cannot tell: those are listed here."""
    _, result, _, _ = rehearsed
    wanted = {
        each.name: ExperimentOutcome.UNCLEAR
        if each.name in UNCLEAR
        else ExperimentOutcome.NOT_POSSIBLE
        if each.name in NOT_THERE
        else ExperimentOutcome.AS_ASSUMED
        for each in EXPERIMENTS
    }
    said = {each.name: observed for each, observed in result.made}
    assert {name: each.outcome for name, each in said.items()} == wanted, said


async def test_nothing_is_left_behind(rehearsed):
    """Neither in the tenant nor in Slack."""
    _, result, before, after = rehearsed
    assert result.left == []
    assert after == before


async def test_the_report_names_nobody(rehearsed):
    """No secret, name, address or id, in any form."""
    outside, result, _, _ = rehearsed
    text = report_of(
        result.made, began_at=datetime.now(UTC), made_with={}, forbidden=result.forbidden
    )
    canaries = set(result.forbidden) | {outside.workspace.team_id}
    for person in outside.workspace.people.values():
        canaries |= {person.real_name, person.email, person.id} - {"Latchkey"}
    for user in outside.tenant.world.users.values():
        canaries |= {user.display_name, user.id, user.mail or "", user.user_principal_name}
    for other in (outside.tenant.world.groups, outside.tenant.world.packages):
        canaries |= {each.display_name for each in other.values()} | set(other)
    found = [
        (canary, form)
        for canary in canaries - {"", None}
        for form, written in forms(canary).items()
        if written and written in text
    ]
    assert found == []


async def test_the_report_has_what_was_sent_and_answered(rehearsed):
    """With words of Graph's and Slack's, and the same number for the same id."""
    _, result, _, _ = rehearsed
    report = json.loads(
        report_of(result.made, began_at=datetime.now(UTC), made_with={}, forbidden=set())
    )
    by_name = {each["name"]: each for each in report["experiments"]}

    posts = [each for each in by_name["twice"]["exchanges"] if each["sent"].startswith("POST")]
    refused = next(each for each in posts if each["status"] == 400)
    assert refused["answer"]["error"]["code"] == "ExistingOpenRequest"
    assert refused["body"]["requestType"] == "adminAdd"
    assert refused["body"]["assignment"] == posts[0]["body"]["assignment"]
    assert by_name["orphan"]["exchanges"][-1]["answer"]["error"] == "thread_not_found"


async def test_what_nobody_wants_is_not_made(outside):
    """Whoever is asked says no: nothing is written."""
    before = contents(outside)
    calls = len(outside.tenant.calls)

    result = await run(plan_of(outside), may_be_made=no)

    left_out = {
        each.name for each, seen in result.made if seen.outcome is ExperimentOutcome.LEFT_OUT
    }
    assert left_out == {each.name for each in EXPERIMENTS if each.writes}
    changed = [
        call
        for call in outside.tenant.calls[calls:]
        if call.method != "GET"
        and "checkMemberGroups" not in call.path
        and "$batch" not in call.path
    ]
    assert changed == []
    assert contents(outside) == before


async def test_without_domain_and_tester_it_says_what_it_takes(outside):
    """And makes nothing."""
    result = await run(plan_of(outside, named("twice", "history"), domain=None, tester=None))
    assert [observed.outcome for _, observed in result.made] == [ExperimentOutcome.NOT_POSSIBLE] * 2
    assert "--tester" in result.made[0][1].said
    assert "--domain" in result.made[1][1].said


@pytest.mark.parametrize("fault", ["html", "error_after", "forbidden"])
async def test_one_that_fails_keeps_no_other_from_being_made_and_leaves_nothing(outside, fault):
    """Whatever step it is, and also when only the answer was lost."""
    before = contents(outside)
    outside.tenant.faults.set(fault, count=1, only="POST .*ssignmentPolicies")
    try:
        result = await run(plan_of(outside, named("approval", "twice", "gone")))
    finally:
        outside.tenant.faults.clear()
    assert result.left == []
    assert contents(outside) == before
    assert [observed.outcome for _, observed in result.made][1:] == [
        ExperimentOutcome.AS_ASSUMED
    ] * 2


@pytest.mark.parametrize("people", [0, 2])
async def test_where_entra_runs_the_approval_of_admin_add_all_else_is_tried_and_nothing_is_left(
    outside, monkeypatch, people
):
    """An approver who has signed in ends what waits; without, it gives no access and keeps nothing else from being made."""
    honest = Policy.stages_for

    def stages(policy, request_type):
        return honest(policy, "userAdd" if request_type == "adminAdd" else request_type)

    monkeypatch.setattr(Policy, "stages_for", stages)
    before = contents(outside)
    names = ("twice", "own-requests", "decide", "approval", "emergency")
    result = await run(plan_of(outside, named(*names), people=people))
    of_people = ExperimentOutcome.AS_ASSUMED if people else ExperimentOutcome.NOT_POSSIBLE
    assert {each.name: observed.outcome for each, observed in result.made} == {
        "twice": ExperimentOutcome.AS_ASSUMED,
        "own-requests": of_people,
        "decide": of_people,
        "approval": ExperimentOutcome.OTHERWISE,
        "emergency": ExperimentOutcome.OTHERWISE if people else ExperimentOutcome.UNCLEAR,
    }
    assert result.left == []
    assert contents(outside) == before
