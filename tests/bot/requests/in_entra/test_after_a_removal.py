"""What an admin has taken away, nobody gets back without an admin's word, for as long as is set."""

from datetime import timedelta

import pytest

from bot.messages.admins import removal_forms
from bot.packages.model import Stage
from bot.packages.policy_terms import after_removal, hash_of
from bot.requests.model import State
from sandbox.tenant import seed
from tests.bot.samples import removal
from tests.bot.samples import terms as some_terms
from tests.harness.by_hand import BotHarness, by_hand


async def removed(harness: BotHarness, *, reason: str | None = "stolen laptop") -> None:
    """Dana takes the campaign from Ann."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    await harness.permissions.refresh()
    await harness.request_changes.remove(slack_user="U0DANA", assignment_id=held.id, reason=reason)
    await harness.finish()
    assert harness.tenant.world.assignments[held.id].state == "expired"


async def test_who_asks_again_waits_for_an_admin(harness):
    """The policy asks nobody: the card says why an admin decides, and so does a message to her."""
    await removed(harness)

    request = await harness.ask("marketing-campaign")
    await harness.talk()

    assert request.state is State.PENDING
    (card,) = [
        each
        for each in harness.workspace.channels["C0APPROVALS"].messages
        if "asks for" in each.text
    ]
    assert "<@U0DANA> removed this access" in str(card.blocks)
    assert "stolen laptop" in str(card.blocks)
    told = harness.told("U0ANN")[-1].text
    assert "<@U0DANA> removed your access" in told
    assert "an admin has to approve" in told
    assert harness.posted("adminAdd") == 1


async def test_who_is_quicker_than_the_removal_waits_as_well(harness):
    """Entra has removed it, and Latchkey has not seen that yet: that is no gap to slip through."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    await harness.permissions.refresh()
    taken = await harness.request_changes.remove(
        slack_user="U0DANA", assignment_id=held.id, reason="stolen laptop"
    )
    await harness.work()
    harness.shift(timedelta(seconds=10))
    harness.tenant.tick()
    assert harness.tenant.world.assignments[held.id].state == "expired"

    asked = await harness.requests.ask(slack_user="U0ANN", text="marketing-campaign")
    await harness.jobs.evaluator.receive(await harness.claimed(asked.request))
    assert (await harness.request(taken.request.id)).state is State.SUBMITTED
    request = await harness.request(asked.request.id)
    assert request.state is State.PENDING
    await harness.finish()

    await harness.approvals.decide(
        ask_id=request.ask_id, verb="approve", slack_user="U0DANA", team=None, channel=None
    )
    await harness.finish()
    done = await harness.request(request.id)
    assert (done.state, done.round) == (State.DELIVERED, 0)


async def test_an_admin_may_give_it_again(harness):
    """Then it is granted like any other."""
    await removed(harness)
    request = await harness.ask("marketing-campaign")

    await harness.approvals.decide(
        ask_id=request.ask_id, verb="approve", slack_user="U0DANA", team=None, channel=None
    )
    await harness.finish()

    assert (await harness.request(request.id)).state is State.DELIVERED


async def test_the_policys_approvers_do_not_count_for_the_admin(harness):
    """They decide their stages first; the last is the admins'."""
    terms = after_removal(some_terms(), removal())

    assert terms.stages[:-1] == some_terms().stages
    assert terms.stages[-1] == Stage()
    assert hash_of(terms) != hash_of(some_terms())
    assert after_removal(terms, removal()).stages == terms.stages


@pytest.mark.parametrize(
    ("days", "later", "state"),
    [
        ("30", 29, State.PENDING),
        ("30", 31, State.SUBMITTED),
        ("7", 8, State.SUBMITTED),
        ("0", 0, State.SUBMITTED),
    ],
)
async def test_for_as_long_as_is_set(database, days, later, state):
    """And not at all where that is zero."""
    async with by_hand(database, LATCHKEY_REMOVED_DAYS=days) as harness:
        await removed(harness)
        harness.shift(timedelta(days=later))

        assert (await harness.ask("marketing-campaign")).state is state


async def test_days_that_pass_change_no_terms(harness):
    """Asked for within the days, approved after them: it does not go back for another decision."""
    await removed(harness)
    harness.shift(timedelta(days=29))
    request = await harness.ask("marketing-campaign")
    harness.shift(timedelta(days=5))

    await harness.approvals.decide(
        ask_id=request.ask_id, verb="approve", slack_user="U0DANA", team=None, channel=None
    )
    await harness.finish()

    done = await harness.request(request.id)
    assert (done.state, done.round) == (State.DELIVERED, 0)


async def test_what_was_given_back_is_had_again(harness):
    """Whoever returns access has done nothing wrong."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=held.id)
    await harness.finish()

    assert (await harness.ask("marketing-campaign")).state is State.SUBMITTED


async def test_somebody_else_asks_as_before(harness):
    """It is about that person and that package."""
    await removed(harness)

    assert (await harness.ask("marketing-campaign", user="U0CY")).state is State.SUBMITTED


async def test_a_removal_of_what_a_rule_gives_is_warned_of(harness):
    """In the dialog, before it is done, within the length that Slack takes."""
    package = harness.tenant.world.packages[seed.MARKETING_CAMPAIGN]
    await harness.ask("marketing-campaign")
    await harness.finish()
    package.display_name = "Marketing Campaign " + "x" * 200
    await harness.tenant_sync.run()
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    harness.policy_of(seed.MARKETING_CAMPAIGN).settings["automaticRequestSettings"] = {
        "requestAccessForAllowedTargets": True
    }
    await harness.tenant_sync.run()

    automatic = (await harness.assignment_lists.look_up(slack_user="U0DANA", text="")).automatic
    assert held.policy_id in automatic
    row, by_itself = await harness.latchkey.services.removals.find(
        slack_user="U0DANA", assignment_id=held.id
    )
    assert (row.id, by_itself) == (held.id, True)
    for warned in (True, False):
        form = removal_forms.one(held, removal_forms.About(), automatic=warned)
        assert ("may give it again" in str(form["blocks"])) is warned
