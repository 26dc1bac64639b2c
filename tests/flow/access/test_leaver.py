"""Who leaves loses what they have, and what they have asked for is canceled with it."""

from datetime import timedelta

from sandbox.tenant.seed import FINANCE_REPORTS
from tests.flow.administering.test_console import (
    delivered,
    opened,
    pressed,
    shows,
    sought,
    with_reason,
)
from tests.flow.asking.test_on_behalf import allow, ask_for
from tests.harness.world import ANN, BO, CY, DANA, MIA, eventually, labels, said


async def as_leaver(world, name="Ann Abara"):
    await opened(world)
    await pressed(world, "Leaver")
    await shows(world, "Choose who has left")
    await sought(world, name)


async def test_open_requests_are_canceled_with_the_removal(world):
    """Shown beforehand; the card loses its buttons, and whoever asked reads why."""
    await delivered(world)
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    await as_leaver(world)
    await shows(world, "*Remove all* cancels these requests, too.")
    await pressed(world, "Remove all …")
    await shows(world, "*1 open request is canceled as well:*\n• *Finance Reports*")
    assert (await world.states()).count("add pending") == 1

    await with_reason(world, "Ann has left.")

    await shows(
        world,
        "1 access is being removed; each holder is told when it is done. 1 open request is being canceled.",
    )
    await world.told(
        ANN, "An admin has canceled your request for \\*Finance Reports\\*.*Ann has left"
    )
    await world.told(ANN, "was removed by")
    assert sorted(await world.states()) == ["add canceled", "add delivered", "remove delivered"]
    await eventually(lambda: "Approve" not in labels(world.cards(BO)[-1]))
    assert "Declined" not in said(world.cards(BO)[-1])
    assert "Ann has left." in said(world.cards(BO)[-1])
    assert (DANA, "move", "An admin is removing all access of this person: Ann has left.") in (
        await world.deeds()
    )


async def test_who_has_nothing_loses_their_requests(world):
    """There is a button for that, too."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    await as_leaver(world)
    await shows(world, "does not have anything")
    await pressed(world, "Remove all …")
    await shows(world, "1 open request is canceled as well")
    await with_reason(world, "Ann has left.")
    await shows(world, "1 open request is being canceled.")
    await world.told(ANN, "An admin has canceled your request")
    assert await world.states() == ["add canceled"]


async def test_whoever_asked_for_a_leaver_is_told(world):
    """Not that they have declined: an admin has canceled it."""
    await delivered(world, CY)
    allow(world, FINANCE_REPORTS)
    await world.synced()
    assert await ask_for(world, MIA, CY)
    await world.card(BO)
    await as_leaver(world, "Cy Chen")
    await shows(world, "for Cy Chen")
    await pressed(world, "Remove all …")
    await shows(world, "canceled as well")
    await with_reason(world, "Cy has left.")
    await world.told(MIA, "Your request for \\*Finance Reports\\* for .* is canceled.")
    await world.told(CY, "An admin has canceled the request of")


async def test_who_is_no_admin_any_more_cancels_nothing(world):
    """By what Slack says now, whatever it said when the form was opened; the request goes on as it was."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(BO)
    await as_leaver(world)
    await shows(world, "does not have anything")
    await pressed(world, "Remove all …")
    await shows(world, "1 open request is canceled as well")
    world.slack.usergroups["S0IAM"].users.remove(DANA)
    await with_reason(world, "Ann has left.")

    async def is_refused():
        return any(
            (actor, verb) == (DANA, "refused") and "Only Latchkey's admins" in (why or "")
            for actor, verb, why in await world.deeds()
        )

    await eventually(is_refused, about="the refusal in the audit log")
    assert await world.states() == ["add pending"]
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")


async def test_who_is_no_admin_any_more_is_told_so_before_the_form_opens(world):
    """Where the button was pressed, over the console."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    await as_leaver(world)
    await shows(world, "does not have anything")
    world.slack.usergroups["S0IAM"].users.remove(DANA)

    await pressed(world, "Remove all …")

    await shows(world, "Only Latchkey's admins can do that.")
    assert "canceled as well" not in said(world.form(DANA))
    assert await world.states() == ["add pending"]


async def test_nothing_is_granted_before_it_is_known_whether_it_is_canceled(world):
    """Slack does not say who is an admin: whoever approves meanwhile, nothing is sent to Entra; then it is canceled."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(BO)
    await as_leaver(world)
    await shows(world, "does not have anything")
    await pressed(world, "Remove all …")
    await shows(world, "1 open request is canceled as well")
    world.slack.faults.set("server_error", only="^usergroups.users.list$")
    await with_reason(world, "Ann has left.")
    await shows(world, "1 open request is being canceled.")
    await world.press(BO, card, "Approve")
    await world.later(timedelta(minutes=1))
    assert world.posts() == []

    world.slack.faults.set("server_error", on=False)
    await world.told(ANN, "An admin has canceled your request")
    assert await world.states() == ["add canceled"]
    assert world.posts() == []


async def test_of_a_person_who_stays_requests_are_kept(world):
    """Removing everything in the tab of people is about what they have."""
    await delivered(world)
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    await opened(world)
    await pressed(world, "People")
    await shows(world, "Choose a person")
    await sought(world, "Ann Abara")
    await shows(world, "for Ann Abara")
    await pressed(world, "Remove all …")
    await shows(world, "1 to be removed")
    assert "canceled as well" not in said(world.form(DANA))
    await with_reason(world, "Not needed.")
    await world.told(ANN, "was removed by")
    assert (await world.states()).count("add pending") == 1


async def test_what_is_asked_meanwhile_is_shown_first(world):
    """Nothing is canceled that was not to be seen."""
    await delivered(world)
    await as_leaver(world)
    await shows(world, "for Ann Abara")
    await pressed(world, "Remove all …")
    await shows(world, "1 to be removed")
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    await with_reason(world, "Ann has left.")
    await shows(world, "That has changed meanwhile. Nothing was removed")
    await shows(world, "1 open request is canceled as well")
    assert (await world.states()).count("add pending") == 1


async def test_whom_a_mention_names_is_shown_as_slack_shows_them(world):
    """A command's mention has a name in it, which is no part of how they are shown; the package beside it is not either."""
    await delivered(world)
    await world.type(DANA, "/access-admin leaver @ann marketing campaign")
    await shows(world, "has *Marketing Campaign*")

    await pressed(world, "Remove all …")

    await shows(world, f"*What <@{ANN}> has of “Marketing Campaign”: 1 to be removed.*")
