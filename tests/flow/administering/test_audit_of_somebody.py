"""The audit log of one person in the console: what somebody did is listed, whether or not they ever asked for anything."""

import pytest

from bot.database.audit_log import audit
from bot.people.store import people
from tests.flow.administering.test_console import files_for, opened, pressed, shows, sought
from tests.harness.world import ANN, CY, DANA, GENERAL, eventually, said

NOT_KNOWN = "I do not know their Slack account"


async def was_refused(world):
    await world.type(CY, "/access-admin pending")
    await world.whispered(CY, GENERAL, "Only Latchkey's admins")


async def test_what_somebody_mentioned_did_is_listed(world):
    """Cy has asked for nothing, and so is bound to nobody in Entra; the refusal is written down all the same."""
    await was_refused(world)

    await world.type(DANA, "/access-admin audit @cy")

    await shows(world, f"<@{CY}> · *refused*")
    assert "Nothing is written down" not in said(world.form(DANA))
    assert NOT_KNOWN not in said(world.form(DANA))
    await pressed(world, "Export as CSV")
    (file,) = await eventually(lambda: files_for(world, DANA), about="the file")
    assert f",{CY}," in file.content.decode()


async def test_what_an_admin_did_is_listed(world):
    """Also of one who has only ever looked."""
    await world.type(DANA, "/access-admin assignments")

    await world.type(DANA, "/access-admin audit @dana")

    await shows(world, f"<@{DANA}> · *list*")


async def test_that_an_account_is_not_known_is_said(world):
    """By a name alone it is not known who in Slack it is, until they have asked for something."""
    await was_refused(world)
    await opened(world)
    await pressed(world, "Audit log")
    await shows(world, "The audit log")

    await sought(world, "Cy Chen")

    await shows(world, NOT_KNOWN)
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await sought(world, "Ann Abara")
    await shows(world, f"<@{ANN}> · *ask-add*")
    assert NOT_KNOWN not in said(world.form(DANA))


@pytest.mark.parametrize(
    "typed",
    ["ann@contoso.example", "ann abara", "@ann", "ann@contoso.example marketing-campaign"],
)
async def test_a_look_is_written_down_by_ids_and_not_as_typed(world, typed):
    """In the command and in the console: whoever is forgotten later is found by their ids alone."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    bound = world.bot.store.read_here(people.find, ANN)

    await world.type(DANA, f"/access-admin assignments {typed}")
    await world.whispered(DANA, GENERAL, "Marketing Campaign")
    await world.type(DANA, f"/access-admin audit {typed}")
    await shows(world, "*ask-add*")

    looks = [
        row["details"] for row in world.bot.store.read_here(audit.rows) if row["verb"] == "list"
    ]
    assert {look["of"] for look in looks} == {"assignments", "audit"}
    for look in looks:
        assert bound.entra_id in look["about"].split()
        assert not [word for word in ("@", "abara") if word in look["about"].casefold()]
