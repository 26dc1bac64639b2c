"""The console's tab of somebody who leaves: what *Remove all* says that it does, it does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.tenant import seed
from tests.flow.administering.test_console import (
    delivered,
    opened,
    pressed,
    shows,
    sought,
    two_packages,
    with_reason,
)
from tests.harness.valid import complaints
from tests.harness.world import ANN, BO, DANA, eventually, labels, said

CANCELS = "*Remove all* cancels these requests, too."


async def has_one_and_waits_for_another(world):
    await delivered(world)
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)


async def of_leaver(world, text):
    await opened(world)
    await pressed(world, "Leaver")
    await shows(world, "Choose who has left")
    await sought(world, text)


async def test_what_one_package_is_about_cancels_nothing_else(world):
    """Narrowed to a package, its access is removed, and requests for others stay as they are."""
    await has_one_and_waits_for_another(world)
    await of_leaver(world, "Ann Abara marketing-campaign")
    await shows(world, "They also wait for these requests")

    assert CANCELS not in said(world.form(DANA))
    await pressed(world, "Remove all …")
    await shows(world, "What Ann Abara has of “Marketing Campaign”: 1 to be removed.")
    await with_reason(world, "She left")
    await world.told(ANN, "She left")
    assert "add pending" in await world.states()
    assert complaints(world) == []


async def test_where_nothing_is_to_cancel_no_button_promises_it(world):
    """Of a package that she does not have, while she waits for another."""
    await has_one_and_waits_for_another(world)
    await of_leaver(world, "Ann Abara board-papers")

    await shows(world, "Ann Abara does not have *Board Papers*.")

    assert CANCELS not in said(world.form(DANA))
    assert "Remove all …" not in labels(world.form(DANA))


async def test_requests_are_canceled_while_the_last_access_goes(world):
    """Its row has no button any more, and those requests still need theirs."""
    await has_one_and_waits_for_another(world)
    await of_leaver(world, "Ann Abara")
    await shows(world, CANCELS)
    world.tenant.faults.set("unavailable", count=100, only="/assignmentRequests")
    await pressed(world, "Remove")
    await shows(world, "loses it within minutes")
    await with_reason(world, "She left")
    await shows(world, "Being removed.")

    assert CANCELS in said(world.form(DANA))
    await pressed(world, "Remove all …")
    await shows(world, "1 open request is canceled as well")
    await with_reason(world, "She left")

    async def is_canceled():
        return "add canceled" in await world.states()

    await eventually(is_canceled)


async def test_no_request_is_left_out_without_a_word(world):
    """Of eleven that somebody waits for, ten are shown, and the last is counted; all are canceled."""
    tenant = world.tenant.world
    policy = next(
        each for each in tenant.policies.values() if each.package_id == seed.FINANCE_REPORTS
    )
    for number in range(11):
        id_ = f"d0000000-0000-4000-8000-0000000001{number:02}"
        tenant.packages[id_] = replace(
            tenant.packages[seed.FINANCE_REPORTS], id=id_, display_name=f"Reports {number:02}"
        )
        tenant.policies[f"p{number}"] = replace(policy, id=f"p{number}", package_id=id_)
    await world.later(timedelta(hours=1))
    for number in range(11):
        await world.type(ANN, f"/request-access reports-{number:02} because Q4")
        await world.card(BO, f"Reports {number:02}")

    await of_leaver(world, "Ann Abara")

    await shows(world, "They also wait for these requests")
    assert "… and 1 more." in said(world.form(DANA))
    await pressed(world, "Remove all …")
    await shows(world, "*11 open requests are canceled as well:*")
    assert complaints(world) == []


@pytest.mark.parametrize("tab", ["Assignments", "People", "Leaver"])
async def test_that_one_package_is_gone_is_not_said_of_everything(world, tab):
    """She has another: that nothing is left of everything would be false."""
    await two_packages(world)
    await opened(world)
    await pressed(world, tab)
    await eventually(lambda: "Search" in said(world.form(DANA)))
    await sought(world, "Ann Abara marketing-campaign")
    await shows(world, "1 assignment of *Marketing Campaign*")
    held = next(
        each
        for each in world.tenant.world.assignments.values()
        if each.package_id == seed.MARKETING_CAMPAIGN
    )
    world.tenant.remove_assignment(held.id)
    await world.later(timedelta(hours=1))
    await world.later(timedelta(hours=1))

    await pressed(world, "Remove all …")

    await shows(world, "Nothing on this page can be removed any more.")
    assert "Everything" not in said(world.form(DANA))


async def test_the_audit_log_of_somebody_and_a_package_names_each_once(world):
    """What was typed names both, and is not the name of somebody."""
    await two_packages(world)
    await opened(world)
    await pressed(world, "Audit log")
    await shows(world, "The audit log")

    await sought(world, "Ann Abara finance-reports")

    await shows(world, "The audit log of Ann Abara and Finance Reports, the newest first.")


async def test_what_is_stuck_is_not_said_to_be_with_entra(world):
    """It may never have come there; what is to be done about it is said instead."""
    world.tenant.faults.set("unavailable", count=10_000, only="POST .*assignmentRequests")
    await world.type(ANN, "/request-access marketing-campaign")

    async def is_stuck():
        return any(verb == "hold" for _, verb, _ in await world.deeds())

    await eventually(is_stuck, seconds=2 * 24 * 3_600)
    await of_leaver(world, "Ann Abara")

    await shows(world, "1 request is stuck and is not canceled: give it up in the tab *Stuck*.")
    assert "with Entra already" not in said(world.form(DANA))
    assert CANCELS not in said(world.form(DANA))
