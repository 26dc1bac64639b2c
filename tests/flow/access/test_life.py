"""The whole life of access, from the command to its end, in every setting that must not matter."""

from datetime import timedelta

import pytest

from sandbox.tenant.seed import ANN as ANN_IN_ENTRA
from sandbox.tenant.seed import FINANCE_READERS, MARKETING_RESOURCES
from tests.harness.valid import complaints
from tests.harness.world import ANN, APPROVALS, BO, buttons, eventually, labels, living, said

# Every pair of settings occurs together at least once.
SETTINGS = [
    ("sqlite", False, "v1.0"),
    ("sqlite", True, "beta"),
    ("postgresql", False, "beta"),
    ("postgresql", True, "v1.0"),
]


@pytest.mark.parametrize(
    ("database_url", "socket_mode", "version"), SETTINGS, indirect=["database_url"]
)
async def test_access_lives_from_asking_to_its_end(database, database_url, socket_mode, version):
    """Ask, decide, deliver, remind, extend, return and end, the same in every setting."""
    async with living(
        database,
        socket_mode=socket_mode,
        DATABASE_URL=database_url,
        GRAPH_API_VERSION=version,
    ) as world:
        await gets_access_without_approval(world)
        await gets_access_with_approval(world)
        await is_reminded_of_both(world)
        await extends_both(world)
        await returns_one(world)
        await loses_the_other(world)

        assert await world.states() == [
            "add delivered",
            "add delivered",
            "extend delivered",
            "extend delivered",
            "remove delivered",
        ]
        assert {call.path.split("/")[1] for call in world.tenant.calls} == {version}
        transport = "socket" if socket_mode else "http"
        assert {each.transport for each in world.slack.deliveries} == {transport}
        assert not [each for each in world.slack.deliveries if each.error]
        assert complaints(world) == []


async def gets_access_without_approval(world):
    asked = await world.type(ANN, "/request-access marketing-campaign")
    assert "whether you may have *Marketing Campaign*" in asked.text
    assert asked.message.ephemeral_to == ANN
    delivered = await world.told(ANN, "You now have access to \\*Marketing Campaign")
    assert "Member of the group Marketing resources" in said(delivered)
    assert ANN_IN_ENTRA in world.holders(MARKETING_RESOURCES)
    assert len(world.posts("adminAdd")) == 1


async def gets_access_with_approval(world):
    await world.type(ANN, "/request-access finance reports because Q4 <!channel>")
    card = await world.card(BO, "Ann Abara asks for Finance Reports")
    for fact in ("Ann Abara", "Contoso Ledger", "30 days after delivery", "Everyone at Contoso"):
        assert fact in said(card)
    assert "Q4 <!channel>" in [
        block["text"]["text"]
        for block in card.blocks
        if block.get("text", {}).get("type") == "plain_text"
    ]
    assert len(world.posts("adminAdd")) == 1

    await world.press(BO, card, "Approve")

    delivered = await world.told(ANN, "You now have access to \\*Finance Reports")
    assert "Approved by Bo Berg" in said(delivered)
    assert ANN_IN_ENTRA in world.holders(FINANCE_READERS)
    assert len(world.posts("adminAdd")) == 2
    for place in (BO, APPROVALS):
        await eventually(
            lambda place=place: "Delivered, until" in said(world.cards(place)[-1]),
            about=f"the card in {place} to say so",
        )
        # Those who read the admins' channel may take it away again.
        assert labels(world.cards(place)[-1]) == (["Remove"] if place == APPROVALS else [])
        assert f"Approved by <@{BO}>" in said(world.cards(place)[-1])


async def is_reminded_of_both(world):
    await world.later(timedelta(days=22, hours=23))
    assert not [each for each in world.direct(ANN) if "Ending soon" in each.text]

    await world.later(timedelta(hours=2))
    await world.told(ANN, "Ending soon: .*, ")

    await world.later(timedelta(days=6))
    reminder = await world.told(ANN, "Ending soon: .*, ", times=2)
    assert "Marketing Campaign" in said(reminder)
    assert "Finance Reports" in said(reminder)
    assert [each.split(" to ")[0] for each in labels(reminder)] == 2 * [
        "Extend",
        "Return now",
        "Let it end",
    ]
    assert "Bo Berg must approve that." in said(reminder)
    first = world.direct(ANN)[[each.text for each in world.direct(ANN)].index(reminder.text)]
    await eventually(lambda: labels(first) == [])
    await world.synced()
    await world.told(ANN, "Ending soon", times=2)


async def extends_both(world):
    reminder = await world.told(ANN, "Ending soon", times=2)
    before = end_of(world, "Marketing Campaign")

    await world.press(ANN, reminder, "Extend", about="Marketing Campaign")
    await world.told(ANN, "Your access to \\*Marketing Campaign\\* now lasts until")
    assert end_of(world, "Marketing Campaign") > before + timedelta(days=28)

    before = end_of(world, "Finance Reports")
    await world.extend(ANN, reminder, about="Finance Reports")
    card = await world.card(BO, "Ann Abara asks to extend Finance Reports")
    assert end_of(world, "Finance Reports") == before
    await world.press(BO, card, "Approve")
    await world.told(ANN, "Your access to \\*Finance Reports\\* now lasts until")
    assert end_of(world, "Finance Reports") > before + timedelta(days=28)
    assert len(world.posts("adminUpdate")) == 2


async def returns_one(world):
    await world.type(ANN, "/my-access")
    shown = world.slack.channel("C0GENERAL").seen_by(ANN)[-1]
    # Both have just been extended: to do so again would bring nothing.
    about_access = [
        each["action_id"]
        for each in buttons(shown)
        if "url" not in each and "Past" not in str(each["text"])
    ]
    assert about_access == 2 * ["latchkey_return"]

    await world.press(ANN, shown, "Return", about="Marketing Campaign")

    await world.told(ANN, "you have returned \\*Marketing Campaign\\*")
    assert ANN_IN_ENTRA not in world.holders(MARKETING_RESOURCES)
    assert ANN_IN_ENTRA in world.holders(FINANCE_READERS)
    assert len(world.posts("adminRemove")) == 1


async def loses_the_other(world):
    await world.later(timedelta(days=31))
    ended = await world.told(ANN, "Your access to \\*Finance Reports\\* has ended")
    assert "Ask again" in labels(ended)
    assert ANN_IN_ENTRA not in world.holders(FINANCE_READERS)
    assert "You have no access" in (await world.type(ANN, "/my-access")).text


def end_of(world, package):
    """When Ann's access to a package ends, as Graph has it."""
    ids = {each.id for each in world.tenant.world.packages.values() if each.display_name == package}
    return next(
        each.end
        for each in world.tenant.world.assignments.values()
        if each.package_id in ids and each.target_id == ANN_IN_ENTRA and each.is_live
    )
