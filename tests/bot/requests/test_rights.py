"""The services let people do what is theirs to do, admins what is an admin's, and nobody anything else."""

import pytest

from bot.assignments.model import Assignment
from bot.database.audit_log import audit
from bot.errors import NotAllowed
from bot.requests.model import State
from bot.requests.store import request_lists
from tests.harness.by_hand import BotHarness

FINANCE = "finance-reports because Q4"


async def campaign_of_ann(harness: BotHarness) -> Assignment:
    """Ann has been given the campaign."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    return held


@pytest.mark.parametrize("act", ["cancel", "extend", "return_access", "let_end", "remind_again"])
async def test_nobody_touches_what_is_somebody_elses(harness, act):
    """Not even an admin, by the holder's buttons; and it is written down."""
    held = await campaign_of_ann(harness)
    waiting = await harness.ask(FINANCE)

    about = {"request_id": waiting.id} if act == "cancel" else {"assignment_id": held.id}
    service = harness.assignments if act in {"let_end", "remind_again"} else harness.request_changes
    for user in ("U0CY", "U0DANA", ""):
        with pytest.raises(NotAllowed):
            await getattr(service, act)(slack_user=user, **about)

    rows = await harness.store.run(audit.rows)
    assert [row["actor"] for row in rows if row["verb"] == "refused"] == ["U0CY", "U0DANA", ""]
    assert (await harness.request(waiting.id)).state is State.PENDING


async def test_only_admins_remove(harness):
    """By what was read lately, and once more by what is true when it happens."""
    held = await campaign_of_ann(harness)

    with pytest.raises(NotAllowed):
        await harness.request_changes.remove(slack_user="U0BO", assignment_id=held.id)
    taken = await harness.request_changes.remove(
        slack_user="U0DANA", assignment_id=held.id, reason="Left"
    )
    harness.workspace.usergroups["S0IAM"].users = []
    await harness.work()

    assert (await harness.request(taken.request.id)).state is State.REFUSED
    assert harness.posted("adminRemove") == 0


async def test_a_removal_by_an_admin_is_told_to_both(harness):
    """The holder learns who did it."""
    held = await campaign_of_ann(harness)

    await harness.request_changes.remove(
        slack_user="U0DANA", assignment_id=held.id, reason="Left the team"
    )
    await harness.finish()

    assert "removed by <@U0DANA>" in harness.told("U0ANN")[-1].text
    assert "Left the team" in harness.told("U0ANN")[-1].text
    assert "no longer has access" in harness.told("U0DANA")[-1].text


async def test_no_admins_means_nobody(harness):
    """An empty group does not open the door."""
    harness.workspace.usergroups["S0IAM"].users = []
    await harness.permissions.refresh()

    for user in ("U0DANA", "U0ANN", ""):
        with pytest.raises(NotAllowed):
            await harness.request_lists.pending(slack_user=user)


async def test_what_waits_is_listed_for_admins(harness):
    """Oldest first."""
    one = await harness.ask(FINANCE)
    two = await harness.ask(FINANCE, user="U0CY")

    listed = (await harness.request_lists.pending(slack_user="U0DANA")).rows

    assert [each.id for each in listed] == [one.id, two.id]
    assert (await harness.store.run(request_lists.pending)).rows == listed
