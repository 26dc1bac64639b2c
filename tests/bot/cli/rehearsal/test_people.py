"""Test people who sign in to a rehearsal: by codes and browsers, refused and idle; what is kept of them; and Ctrl-C in the middle."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from bot.cli.rehearsal.model import ExperimentOutcome, as_assumed
from bot.cli.rehearsal.people import RehearsalRole
from bot.cli.rehearsal.report import report_of
from bot.cli.rehearsal.sign_in_page import SignInPage
from sandbox.tenant import seed
from tests.bot.cli.rehearsal.hands import PORT, Hands
from tests.bot.cli.rehearsal.lies import graph
from tests.bot.cli.rehearsal.test_experiments import (
    contents,
    named,
    no,
    plan_of,
    run,
    stand_ins_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

OF_PEOPLE = ("own-requests", "decide", "cancel", "renewal", "fresh-sign-in", "codes")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside(tmp_path_factory, certificate):
    async with stand_ins_of(tmp_path_factory.mktemp("people"), certificate) as made:
        yield made


def outcomes(result):
    return {each.name: observed.outcome for each, observed in result.made}


async def test_they_sign_in_by_codes_each_once(outside):
    """What only a browser proves is said to take one."""
    hands = Hands(outside)
    result = await run(plan_of(outside, named(*OF_PEOPLE), by_codes=True, hands=hands))
    assert outcomes(result) == {
        "own-requests": ExperimentOutcome.AS_ASSUMED,
        "decide": ExperimentOutcome.AS_ASSUMED,
        "cancel": ExperimentOutcome.AS_ASSUMED,
        "renewal": ExperimentOutcome.AS_ASSUMED,
        "fresh-sign-in": ExperimentOutcome.NOT_POSSIBLE,
        "codes": ExperimentOutcome.UNCLEAR,
    }
    assert sum("type in" in each for each in hands.shown) == 2


async def test_each_scope_that_is_asked_for_has_a_reason(outside):
    """Read before the sign-in begins."""
    hands = Hands(outside)
    await run(plan_of(outside, named("decide"), by_codes=True, hands=hands))
    begins = [each for each in hands.shown if "signs in to Microsoft now" in each]
    assert len(begins) == 2
    for text in begins:
        for line in text.splitlines()[1:]:
            assert re.fullmatch(r"  \S+: .{20,}", line), line


@pytest.mark.parametrize("by_codes", [True, False])
async def test_whoever_does_not_sign_in_is_asked_once_and_keeps_nothing_from_being_made(
    outside, by_codes
):
    """Ten minutes are waited for them in all."""
    hands = Hands(
        outside, page=None if by_codes else SignInPage(PORT), idle=("type in", "Open http")
    )
    before = contents(outside)
    result = await run(
        plan_of(outside, named("own-requests", "cancel", "twice"), by_codes=by_codes, hands=hands)
    )
    assert outcomes(result) == {
        "own-requests": ExperimentOutcome.NOT_POSSIBLE,
        "cancel": ExperimentOutcome.NOT_POSSIBLE,
        "twice": ExperimentOutcome.AS_ASSUMED,
    }
    assert sum("signs in to Microsoft now" in each for each in hands.shown) == 1
    assert contents(outside) == before


async def test_both_must_be_different_users(outside):
    """Nobody approves their own request in Entra."""
    hands = Hands(outside, signs_in_as={"requester": seed.ANN, "approver": seed.ANN})
    result = await run(
        plan_of(outside, named("own-requests", "decide"), by_codes=True, hands=hands)
    )
    assert result.made[-1][1].outcome in {
        ExperimentOutcome.NOT_POSSIBLE,
        ExperimentOutcome.AS_ASSUMED,
    }
    said = {each.name: observed.said for each, observed in result.made}
    assert said["decide"] == "both test people are the same user of Entra"


@pytest.mark.parametrize(("people", "said"), [(0, "--people"), (1, "--people 2")])
async def test_without_people_it_says_what_it_takes(outside, people, said):
    """And nobody is asked to sign in."""
    hands = Hands(outside)
    result = await run(plan_of(outside, named("decide"), hands=hands, people=people, page=None))
    ((_, observed),) = result.made
    assert observed.outcome is ExperimentOutcome.NOT_POSSIBLE
    assert said in observed.said


async def test_nobody_signs_in_for_what_nobody_wants(outside):
    """A no comes before the sign-in."""
    hands = Hands(outside)
    result = await run(plan_of(outside, named(*OF_PEOPLE), hands=hands), may_be_made=no)
    assert set(outcomes(result).values()) == {ExperimentOutcome.LEFT_OUT}
    assert hands.shown == []


async def test_no_token_is_in_the_report_or_kept(outside):
    """Each that was given is looked for in it before it is written; nothing of them is left in memory."""
    people = []

    async def spy(bench):
        people.append(bench.people)
        assert bench.people.known(RehearsalRole.REQUESTER) is not None
        return as_assumed("they have signed in")

    chosen = named("own-requests", "decide")
    last = replace(chosen[0], name="spy", run=spy)
    result = await run(plan_of(outside, [*chosen, last], by_codes=True))
    refresh = set(outside.tenant.login.sign_ins._refresh)
    assert refresh & result.forbidden
    text = report_of(
        result.made, began_at=datetime.now(UTC), made_with={}, forbidden=result.forbidden
    )
    assert [each for each in result.forbidden | refresh if len(each) > 3 and each in text] == []
    assert people[0].known(RehearsalRole.REQUESTER) is None


@pytest.mark.parametrize("name", ["own-requests", "decide", "removal-meanwhile", "history"])
async def test_after_ctrl_c_what_was_made_is_taken_back(outside, name):
    """In the middle of an experiment, while something waits for an approval; what was observed before is kept."""
    before = contents(outside)
    first, second = named("several-states")[0], named(name)[0]
    plan = plan_of(outside, [first, second, *named("twice")], by_codes=True)
    task = asyncio.current_task()
    assert task is not None
    slept = 0

    async def sleep(seconds):
        nonlocal slept
        slept += 1
        # Entra is at it.
        if slept == 3 or name == "history":
            task.cancel()
        await plan.sleep(seconds)

    async def interrupted(bench):
        if name == "history":
            task.cancel()
        return await second.run(bench)

    plan = replace(plan, experiments=[first, replace(second, run=interrupted), *named("twice")])
    result = await run(replace(plan, sleep=sleep))
    assert result.is_interrupted
    assert result.made[0][0].name == "several-states"
    assert "twice" not in outcomes(result)
    assert result.left == []
    assert contents(outside) == before


async def test_what_cannot_be_withdrawn_is_named_and_keeps_nothing_else_from_being_made(
    outside, monkeypatch
):
    """It waits for a day at most; all else is taken back."""
    people = set(outside.tenant.world.users)
    with monkeypatch.context() as patch:
        graph("POST .*/cancel", status=403).tell(outside, patch)
        result = await run(plan_of(outside, named("waiting-request", "own-requests", "twice")))
    # Entra takes no second request of the requester's meanwhile.
    assert outcomes(result)["twice"] is ExperimentOutcome.AS_ASSUMED
    assert any("403" in each and "after a day" in each for each in result.left)
    assert set(outside.tenant.world.users) == people
