"""Wherever a command is typed and its buttons are pressed, the answer reaches whoever pressed, and nobody else."""

from datetime import timedelta

import pytest

from sandbox.slack.model import Channel, Person
from tests.harness.valid import complaints
from tests.harness.world import ANN, APPROVALS, BO, CY, DANA, EVE, PARTNERS, World, eventually, said

OF_TWO, SECRET, OLD = "D0ANNCY", "G0SECRET", "C0OLD"
CAMPAIGN = "/request-access marketing-campaign"


@pytest.fixture
async def everywhere(world: World) -> World:
    """A direct message of Ann and Cy, and a private channel, neither with the bot; and what was archived."""
    everybody = {ANN, CY, BO, DANA}
    for channel in (
        Channel(id=OF_TWO, name="directmessage", kind="im", members={ANN, CY}),
        Channel(id=SECRET, name="secret", kind="private", members=everybody),
        Channel(id=OLD, name="old", members=everybody),
    ):
        world.slack.channels[channel.id] = channel
    await world.type(ANN, CAMPAIGN)
    await world.told(ANN, "You now have access")
    # From then on an extension brings something.
    await world.later(timedelta(days=2))
    return world


def heard(world: World, user: str, channel: str) -> list[str]:
    """Return what the bot has told *user* where they are, and in their direct message with it."""
    return [*world.whispers(user, channel), *(said(each) for each in world.direct(user))]


@pytest.mark.parametrize("channel", [OF_TWO, SECRET, OLD, "C0GENERAL", "C0MARKETING", PARTNERS])
@pytest.mark.parametrize(
    ("label", "answer"),
    [("Extend", "Asked to extend your access"), ("Return", "Returning *Marketing Campaign*")],
)
async def test_a_button_is_answered_wherever_it_is(everywhere, channel, label, answer):
    """In a direct message of two people, in channels that the bot is not in, and in a shared one."""
    shown = (await everywhere.type(ANN, "/my-access", channel=channel)).message
    if channel == OLD:
        everywhere.slack.channel(OLD).is_archived = True

    await everywhere.press(ANN, shown, label)

    await eventually(
        lambda: any(answer in each for each in heard(everywhere, ANN, channel)), about=answer
    )
    for user in everywhere.slack.channel(channel).members - {ANN}:
        assert not any(answer in each for each in heard(everywhere, user, channel)), user


@pytest.mark.parametrize("channel", [OF_TWO, SECRET])
async def test_a_refusal_is_answered_wherever_it_is(everywhere, channel):
    """The press in a second list, which still offers what the first has returned."""
    everywhere.tenant.world.delivery = timedelta(hours=1)
    lists = [(await everywhere.type(ANN, "/my-access", channel=channel)).message for _ in range(2)]

    # One after the other: of two answers at one moment, either may be the first to arrive.
    await everywhere.press(ANN, lists[0], "Return")
    await eventually(
        lambda: any("Returning" in each for each in heard(everywhere, ANN, channel)),
        about="the first answer",
    )
    await everywhere.press(ANN, lists[1], "Return")

    await eventually(
        lambda: any("being removed already" in each for each in heard(everywhere, ANN, channel)),
        about="the second answer",
    )


async def test_approving_several_too_late_is_answered_in_a_private_channel(everywhere):
    """Where the list was shown."""
    for user in (ANN, CY):
        await everywhere.type(user, "/request-access finance-reports because I must")
    await eventually(lambda: len(everywhere.cards(BO)) == 2, about="two cards")
    shown = (await everywhere.type(DANA, "/access-admin pending", channel=SECRET)).message
    for card in everywhere.cards(BO):
        await everywhere.press(BO, card, "Approve")
    for user in (ANN, CY):
        await everywhere.told(user, "You now have access")

    await everywhere.press(DANA, shown, "Approve all 2 for Finance Reports")

    await eventually(
        lambda: any("None of these waits" in each for each in heard(everywhere, DANA, SECRET)),
        about="that it was too late",
    )


async def test_in_the_app_s_own_messages_it_is_answered_there(everywhere):
    """No second conversation."""
    own = everywhere.slack.dm(ANN)
    shown = (await everywhere.type(ANN, "/my-access", channel=own.id)).message

    await everywhere.press(ANN, shown, "Extend")

    await everywhere.told(ANN, "Asked to extend your access")
    assert not complaints(everywhere)


async def test_in_a_shared_channel_only_the_one_who_pressed_hears(everywhere):
    """Somebody from the other workspace presses what they can see, and is told so, there alone."""
    guest: Person = everywhere.slack.person(EVE)
    await everywhere.type(CY, "/request-access finance-reports because I must")
    card = await everywhere.card(APPROVALS)
    shared = everywhere.slack.channel(APPROVALS)
    shared.is_ext_shared = True
    shared.members.add(guest.id)

    await everywhere.press(EVE, card, "Approve")

    await everywhere.whispered(EVE, APPROVALS, "another one")
    assert everywhere.posts("adminAdd")[1:] == []
