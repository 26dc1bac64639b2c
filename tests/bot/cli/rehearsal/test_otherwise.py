"""Each experiment turns red where Graph, the login, Slack or people are otherwise than Latchkey takes them, and leaves nothing behind."""

from dataclasses import replace

import pytest
import pytest_asyncio

from bot.cli.rehearsal.model import ExperimentOutcome
from bot.cli.rehearsal.sign_in_page import SignInPage
from bot.cli.rehearsal.table import EXPERIMENTS
from tests.bot.cli.rehearsal.hands import PORT, Hands
from tests.bot.cli.rehearsal.lies import LIES, NEITHER
from tests.bot.cli.rehearsal.test_experiments import (
    contents,
    named,
    plan_of,
    run,
    stand_ins_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside(tmp_path_factory, certificate):
    async with stand_ins_of(tmp_path_factory.mktemp("otherwise"), certificate) as made:
        yield made


async def test_each_experiment_is_lied_to_or_has_a_reason_why_not():
    """A new one must be thought through."""
    assert set(LIES) | set(NEITHER) == {each.name for each in EXPERIMENTS}
    assert not set(LIES) & set(NEITHER)


@pytest.mark.cases(12)
@pytest.mark.parametrize("name", LIES)
async def test_it_turns_red_and_leaves_nothing(outside, monkeypatch, name):
    """The lie lasts as long as the experiment: cleaning up is honest again."""
    before, lie = contents(outside), LIES[name]
    (experiment,) = named(name)

    async def lied_to(bench):
        if bench.scene is not None and experiment.writes:
            await bench.scene.ready()
        with monkeypatch.context() as patch:
            lie.tell(outside, patch)
            return await experiment.run(bench)

    hands = Hands(outside, page=SignInPage(PORT), **(lie.hands or {}))
    result = await run(plan_of(outside, [replace(experiment, run=lied_to)], hands=hands))
    ((_, observed),) = result.made
    assert observed.outcome is ExperimentOutcome.OTHERWISE, observed.said
    assert result.left == []
    assert contents(outside) == before
