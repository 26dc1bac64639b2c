"""A package's own channel, its own sentence on delivery, and what a reason must contain, from the file to Slack."""

import copy
from datetime import timedelta
from pathlib import Path

import pytest

from bot.doctor.model import CheckFinding
from bot.errors import ConfigurationError
from sandbox.slack.model import Channel
from sandbox.tenant import seed
from tests.harness.doctoring import doctors_findings
from tests.harness.valid import complaints
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    World,
    eventually,
    labels,
    living,
    said,
)

FINANCE, AUDIT, PRODUCTION = "C0FINANCE", "C0AUDIT", "C0PRODUCTION"
NOTE = "Sign in <here> with *your* account."
FILE = f"""\
defaults:
  delivery_note: "{NOTE}"
packages:
  Finance Reports:
    channel: {AUDIT}
    policies:
      Everyone at Contoso: {{channel: {FINANCE}}}
  Production Database:
    channel: {PRODUCTION}
    delivery_note: none
    reason_pattern: (INC|CHG)-[0-9]+
    reason_hint: Name the incident or change, such as INC-42.
"""


def with_channels(outside):
    for channel in (FINANCE, AUDIT, PRODUCTION):
        members = {BO, DANA, outside.workspace.bot_user_id}
        made = Channel(id=channel, name=channel[2:].lower(), members=members)
        outside.workspace.channels[channel] = made


@pytest.fixture
def settings_file(tmp_path: Path) -> str:
    file = tmp_path / "latchkey.yml"
    file.write_text(FILE, "utf-8")
    return str(file)


@pytest.fixture
async def world(database, settings_file):
    """Stand-ins and bot, with a file of package settings."""
    async with living(
        database, prepare=with_channels, LATCHKEY_PACKAGE_SETTINGS=settings_file
    ) as made:
        yield made


async def test_cards_go_to_the_channel_of_the_policy_and_nowhere_else(world):
    """Who decides gets theirs as ever; the card in the channel works, and is redrawn."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(FINANCE)
    await world.card(BO)
    assert world.cards(APPROVALS) == world.cards(AUDIT) == []

    await world.press(DANA, card, "Approve")
    await world.told(ANN, "You now have access")
    await eventually(lambda: labels(world.cards(FINANCE)[-1]) == [])
    assert "Approved" in said(world.cards(FINANCE)[-1])


async def test_what_has_no_channel_of_its_own_goes_to_the_admins(database, settings_file):
    """As without a file."""
    async with living(
        database,
        prepare=with_channels,
        LATCHKEY_PACKAGE_SETTINGS=settings_file,
        LATCHKEY_APPROVAL="always",
    ) as world:
        await world.type(ANN, "/request-access marketing-campaign")
        await world.card(APPROVALS)


async def test_what_only_an_admin_can_decide_is_shown_to_the_admins_too(database, tmp_path):
    """They are in their own channel, and the package's approvers are none of theirs."""
    file = tmp_path / "latchkey.yml"
    file.write_text(f"defaults: {{channel: {FINANCE}}}\n", "utf-8")
    async with living(
        database,
        prepare=with_channels,
        LATCHKEY_PACKAGE_SETTINGS=str(file),
        LATCHKEY_APPROVAL="always",
    ) as world:
        await world.type(ANN, "/request-access marketing-campaign")
        await world.card(FINANCE)
        await world.card(APPROVALS)


async def test_the_delivery_ends_with_the_packages_own_sentence(world):
    """It is escaped: what looks like a link or like bold text is none."""
    await world.type(ANN, "/request-access marketing-campaign")
    told = await world.told(ANN, "You now have access")
    assert "Sign in &lt;here&gt; with" in said(told)
    assert complaints(world) == []


async def test_the_command_asks_for_what_a_reason_lacks_and_the_form_insists(world):
    """What was said already is kept; nothing is asked for before it is complete."""
    answer = await world.type(ANN, "/request-access production-database because it is slow")
    assert "Your reason for “Production Database” lacks something." in answer.text
    assert "Name the incident or change, such as INC-42." in answer.text

    await world.press(ANN, answer.message, "Say why")
    form = await eventually(lambda: world.form(ANN))
    assert "Name the incident or change, such as INC-42." in said(form)
    assert form.values["reason"]["reason"]["value"] == "it is slow"
    wrong = await world.slack.submit(
        user=ANN, view_id=form.id, values={"reason": {"reason": "it is slow"}}
    )
    assert wrong.errors == {"reason": "Name the incident or change, such as INC-42."}
    assert await world.states() == []

    right = await world.slack.submit(
        user=ANN, view_id=form.id, values={"reason": {"reason": "it is slow: INC-7"}}
    )
    assert right.ok
    await world.card(PRODUCTION)
    assert world.cards(APPROVALS) == []


async def test_no_reason_at_all_is_called_missing(world):
    """And a command with a complete one needs no form."""
    answer = await world.type(CY, "/request-access production-database")
    assert "Your reason for “Production Database” is missing." in answer.text
    answer = await world.type(CY, "/request-access production-database because of CHG-9")
    assert "whether you may have *Production Database*" in answer.text


async def test_a_channel_that_takes_no_cards_is_told_to_the_admins_and_tried_again(world):
    """The request is not lost: who decides has a card, the list shows it, and the channel gets it in the end."""
    channel = world.slack.channels[FINANCE]
    channel.members.discard(world.slack.bot_user_id)
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    alarm = await eventually(
        lambda: next(
            (
                each
                for each in world.slack.channel(APPROVALS).messages
                if "not_in_channel" in said(each)
            ),
            None,
        )
    )
    assert f"<#{FINANCE}>" in said(alarm)
    channel.members.add(world.slack.bot_user_id)
    await world.later(timedelta(minutes=2))
    await world.card(FINANCE)
    alarms = [
        each for each in world.slack.channel(APPROVALS).messages if "not_in_channel" in said(each)
    ]
    assert len(alarms) == 1


async def test_a_file_with_mistakes_stops_the_start(database, tmp_path):
    """All of them at once, each with its place."""
    file = tmp_path / "latchkey.yml"
    file.write_text("defaults:\n  chanel: C01\n  quorum: 0\n", "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        async with living(database, LATCHKEY_PACKAGE_SETTINGS=str(file)):
            pass
    first, second = caught.value.problems
    assert first.startswith(
        "LATCHKEY_PACKAGE_SETTINGS: latchkey.yml, line 2, column 3: “chanel” means nothing here."
    )
    assert "line 3" in second


async def found_by_doctor(world: World) -> CheckFinding:
    (found,) = [
        each
        for each in await doctors_findings(world.bot)
        if "latchkey.yml" in each.sentence or "settings of its own" in each.sentence
    ]
    return found


async def test_the_doctor_is_content_with_names_and_channels_that_are_there(world):
    """Entra has the names, and the app is in the channels."""
    found = await found_by_doctor(world)
    assert found.fine, found
    assert found.sentence.startswith("latchkey.yml names only packages, catalogs and policies")


async def test_the_doctor_names_what_nothing_bears(database, tmp_path):
    """A name of nothing in the tenant, and a channel that the app is not in."""
    file = tmp_path / "latchkey.yml"
    file.write_text(
        "packages:\n  Finance Report:\n    channel: C0NOWHERE\n  Board Papers: {}\n", "utf-8"
    )
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=str(file)) as world:
        found = await found_by_doctor(world)
    assert not found.fine
    assert "line 2, column 3: There is no access package “Finance Report”." in found.sentence
    assert "Did you mean “Finance Reports”?" in found.sentence


TWO_POLICIES = f"""
packages:
  Finance Reports:
    policies:
      Everyone at Contoso: {{channel: {FINANCE}}}
      Auditors: {{channel: {AUDIT}}}
"""


def with_auditors(outside):
    """Cy asks for the finance reports under a policy of his own, which names him and so goes first."""
    with_channels(outside)
    policies = outside.tenant.world.policies
    everyone = next(each for each in policies.values() if each.package_id == seed.FINANCE_REPORTS)
    auditors = copy.deepcopy(everyone)
    auditors.id, auditors.display_name = "d1000000-0000-4000-8000-0000000000aa", "Auditors"
    auditors.allowed_target_scope = "specificDirectoryUsers"
    auditors.specific_allowed_targets = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.CY}
    ]
    policies[auditors.id] = auditors


async def test_two_policies_of_a_package_have_two_channels(database, tmp_path):
    """Each card is where the policy says under which it was asked, and nowhere else; in each it decides."""
    file = tmp_path / "latchkey.yml"
    file.write_text(TWO_POLICIES, "utf-8")
    async with living(
        database, prepare=with_auditors, LATCHKEY_PACKAGE_SETTINGS=str(file)
    ) as world:
        await world.type(ANN, "/request-access finance-reports because Q4")
        await world.type(CY, "/request-access finance-reports because of the audit")
        of_ann, of_cy = await world.card(FINANCE), await world.card(AUDIT)

        assert "Ann Abara" in of_ann.text
        assert "Cy Chen" in of_cy.text
        assert len(world.cards(FINANCE)) == len(world.cards(AUDIT)) == 1
        assert world.cards(APPROVALS) == []
        await world.press(DANA, of_cy, "Approve")
        await world.told(CY, "You now have access")
        assert labels(of_ann)
