"""Who pressed a button hears of it, wherever the button stood."""

from datetime import timedelta

from tests.harness.world import ANN, APPROVALS, BO, GENERAL, PARTNERS, eventually, said


async def test_a_click_in_a_channel_without_the_bot_is_answered(world):
    """Commands work in every channel, also where the bot cannot whisper: the answer still arrives."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=2))
    shown = (await world.type(ANN, "/my-access", channel=GENERAL)).message

    await world.press(ANN, shown, "Extend")

    def heard():
        everything = [*world.slack.channel(GENERAL).seen_by(ANN), *world.direct(ANN)]
        return any("Asked to extend your access" in said(each) for each in everything)

    await eventually(heard)


async def test_a_refused_click_in_a_channel_without_the_bot_is_answered(world):
    """A list in any channel has buttons; pressing one too late is refused aloud."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(APPROVALS)
    shown = (await world.type(ANN, "/my-access", channel=GENERAL)).message
    await world.press(BO, await world.card(BO), "Deny")
    await world.give_reason(BO, "Not now")
    await world.told(ANN, "was denied")

    await world.press(ANN, shown, "Cancel")

    def heard():
        everything = [*world.slack.channel(GENERAL).seen_by(ANN), *world.direct(ANN)]
        return any("withdrawn" in said(each) for each in everything)

    await eventually(heard)


async def test_an_answer_in_a_shared_channel_is_for_one_person(world):
    """In a channel that another company reads, nobody but the person sees what they have."""
    await world.type(ANN, "/request-access marketing-campaign", channel=PARTNERS)
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=2))
    shown = (await world.type(ANN, "/my-access", channel=PARTNERS)).message
    await world.press(ANN, shown, "Extend")
    await world.whispered(ANN, PARTNERS, "Asked to extend your access")

    seen = world.slack.channel(PARTNERS).messages

    assert {each.ephemeral_to for each in seen if each.by_app} == {ANN}
