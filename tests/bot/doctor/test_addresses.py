"""The doctor says how many people of the workspace will be refused for their e-mail address, and why."""

import pytest

from bot.doctor.model import CheckFinding
from sandbox.slack import Person
from tests.harness.by_hand import BotHarness, standing
from tests.harness.doctoring import doctors_findings
from tests.harness.simulation import simulation


async def about_addresses(harness: BotHarness) -> CheckFinding:
    """Return what it finds about e-mail addresses."""
    (found,) = [
        each for each in await doctors_findings(harness.latchkey) if each.check == "addresses"
    ]
    return found


def members(harness: BotHarness) -> list[Person]:
    """The full members of the workspace."""
    return [
        each
        for each in harness.workspace.people.values()
        if each.email and each.team_id == "T0LATCH" and not each.is_restricted
    ]


async def test_where_everybody_counts_nothing_is_wrong(harness):
    """Guests, bots and strangers are not counted."""
    found = await about_addresses(harness)

    assert (found.fine, found.sentence) == (True, "The e-mail addresses of 5 members count.")


@pytest.mark.parametrize(
    ("confirmed", "why"),
    [
        (None, "5 have one of which Slack does not say whether it is confirmed"),
        (False, "5 have one that is not confirmed"),
    ],
)
async def test_where_everybody_would_be_refused_it_warns(harness, confirmed, why):
    """Before the first of them asks."""
    for person in members(harness):
        person.is_email_confirmed = confirmed

    found = await about_addresses(harness)

    assert not found.fine
    assert "5 of 5 members" in found.sentence
    assert why in found.sentence
    assert ("LATCHKEY_TRUST_PROVISIONED_EMAIL" in found.sentence) is (confirmed is None)


async def test_a_few_are_told_of_and_no_fault(harness):
    """One has another domain, another no address at all."""
    first, second = members(harness)[:2]
    first.email, second.email = "ann@fabrikam.example", None

    found = await about_addresses(harness)

    assert found.fine
    assert "2 of 5 members" in found.sentence
    assert "1 have one of another domain" in found.sentence
    assert "1 show none" in found.sentence


async def test_where_the_settings_trust_slacks_silence_it_counts(database):
    """And nobody is refused."""
    async with simulation(database) as around:
        harness = await standing(around, LATCHKEY_TRUST_PROVISIONED_EMAIL="true")
        for person in members(harness):
            person.is_email_confirmed = None

        assert (await about_addresses(harness)).fine
        request = await harness.ask("marketing-campaign")
        assert request.state == "submitted"


async def test_a_big_workspace_is_looked_at_in_part(harness):
    """A thousand people, and not for ever."""
    for number in range(1_200):
        user = f"U0X{number}"
        harness.workspace.people[user] = Person(
            id=user,
            name=user,
            real_name=user,
            email=f"{user}@contoso.example",
            team_id="T0LATCH",
        )

    before = len(harness.workspace.calls)
    found = await about_addresses(harness)

    assert "of the first" in found.sentence
    asked = [each.method for each in harness.workspace.calls[before:]]
    # And once more, for those who are looked up in Entra.
    assert asked.count("users.list") == 5 + 1
