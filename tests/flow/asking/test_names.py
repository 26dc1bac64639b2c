"""Test which package somebody gets who types a name: the one of that name, or a question with buttons, never another."""

import dataclasses

import pytest

from bot.errors import UnknownPackage, WhichPackage
from sandbox.tenant import seed
from sandbox.tenant.model import Catalog
from tests.harness.by_hand import BotHarness
from tests.harness.world import eventually, labels, said

US = "c0000000-0000-4000-8000-0000000000ff"


async def renamed(harness: BotHarness, **names: str) -> None:
    """The tenant's packages under other names, as the next sync finds them."""
    for package_id, name in names.items():
        harness.tenant.world.packages[getattr(seed, package_id)].display_name = name
    await harness.tenant_sync.run()


async def two_catalogs(harness: BotHarness, *, elsewhere: str = seed.FINANCE_REPORTS) -> None:
    """Finance Read, twice; one of them in a catalog of its own."""
    world = harness.tenant.world
    general = world.catalogs[seed.GENERAL]
    copy: Catalog = dataclasses.replace(general, id=US, display_name="Finance US")
    world.catalogs[US] = copy
    world.packages[elsewhere].catalog_id = US
    await renamed(harness, FINANCE_REPORTS="Finance Read", MARKETING_CAMPAIGN="Finance Read")


async def test_the_name_with_a_hash_is_not_the_name_with_a_plus(harness):
    """Both make the slug c-build."""
    await renamed(harness, MARKETING_CAMPAIGN="C++ Build", FINANCE_REPORTS="C# Build")

    sharp = await harness.requests.ask(slack_user="U0ANN", text='"C# Build" because x')
    plus = await harness.requests.ask(slack_user="U0ANN", text="c++ build")

    assert sharp.request.package_id == seed.FINANCE_REPORTS
    assert plus.request.package_id == seed.MARKETING_CAMPAIGN
    with pytest.raises(WhichPackage):
        await harness.requests.ask(slack_user="U0CY", text="c-build")


@pytest.mark.parametrize(
    "typed", ["P&amp;L &lt;Q3&gt;", "P&L <Q3>", "p&amp;l &lt;q3&gt; because y"]
)
async def test_what_slack_has_escaped_is_read_as_it_was_typed(harness, typed):
    """And shown as it was typed, not twice escaped."""
    await renamed(harness, FINANCE_REPORTS="P&L <Q3>", MARKETING_CAMPAIGN="P L Q3")

    taken = await harness.requests.ask(
        slack_user="U0ANN", text=typed, reason="a &lt; b &amp;&amp; b &gt; c"
    )
    await harness.work()
    await harness.talk()

    request = await harness.request(taken.request.id)
    assert request.package_id == seed.FINANCE_REPORTS
    assert request.justification == "a < b && b > c"
    (card,) = [each for each in harness.told("U0BO") if "asks for" in each.text]
    assert "P&amp;L &lt;Q3&gt;" in card.text
    assert "&amp;amp;" not in said(card)
    # The reason stands there as plain text, which Slack does not unescape.
    assert "a < b && b > c" in said(card)


async def test_a_name_with_an_entity_in_it_is_a_name_too(harness):
    """Should Slack not escape what is typed in a command."""
    await renamed(harness, FINANCE_REPORTS="R&amp;D", MARKETING_CAMPAIGN="Labs")

    taken = await harness.requests.ask(slack_user="U0ANN", text="R&amp;D", reason="x")

    assert taken.request.package_id == seed.FINANCE_REPORTS


async def test_the_card_names_the_catalog(harness):
    """Of two packages of one name the approver sees which it is."""
    await two_catalogs(harness, elsewhere=seed.MARKETING_CAMPAIGN)

    await harness.ask("Finance Read (General)", reason="the audit")
    await harness.talk()

    (card,) = [each for each in harness.told("U0BO") if "asks for" in each.text]
    assert "*Catalog*\nGeneral" in said(card)


async def test_a_misspelled_name_with_dashes_is_suggested_whole(harness):
    """Not what stands before its first dash."""
    name = "Database - PCQ read access - self approval"
    await renamed(harness, FINANCE_REPORTS=name)

    with pytest.raises(UnknownPackage) as unknown:
        await harness.requests.ask(
            slack_user="U0ANN", text="Database - PCQ raed access - self approval because x"
        )

    assert unknown.value.near[0].name == name


async def test_an_admin_removes_only_what_is_named_clearly(harness):
    """Of two packages of one name neither is taken away."""
    await two_catalogs(harness)
    await harness.ask("Finance Read (General)", user="U0CY")
    await harness.finish()

    outcome = await harness.workspace.command(
        user="U0DANA",
        channel="C0GENERAL",
        command="/access-admin",
        text="remove @cy Finance Read because left",
    )

    assert "Finance Read (General)" in said(outcome.message)
    assert "Finance Read (Finance US)" in said(outcome.message)
    assert harness.posted("adminRemove") == 0
    outcome = await harness.workspace.command(
        user="U0DANA",
        channel="C0GENERAL",
        command="/access-admin",
        text="remove @cy Finance Read (General) because left - yesterday",
    )
    await harness.finish()
    assert "access to *Finance Read*" in said(outcome.message)
    assert harness.posted("adminRemove") == 1


async def test_a_question_has_a_button_for_each(harness):
    """The button asks for exactly that one."""
    await two_catalogs(harness)

    outcome = await harness.workspace.command(
        user="U0ANN", channel="C0GENERAL", command="/request-access", text="finance-read because x"
    )

    assert labels(outcome.message) == ["Ask for it", "Ask for it"]
    assert "Finance US" in said(outcome.message)
    assert "General" in said(outcome.message)
    assert harness.tenant.world.requests == {}


async def test_a_question_leads_to_the_form_of_the_one_that_is_chosen(world):
    """And no other's."""
    tenant = world.tenant.world
    tenant.packages[seed.FINANCE_REPORTS].display_name = "C# Build"
    tenant.packages[seed.MARKETING_CAMPAIGN].display_name = "C++ Build"
    await world.synced()

    asked = (await world.type("U0ANN", "/request-access c-build")).message
    await world.press("U0ANN", asked, "Ask for it", about="C# Build")
    await world.give_reason("U0ANN", "the release")

    card = await world.card("U0BO", "C# Build")
    assert "the release" in said(card)


async def test_what_is_asked_for_already_is_said_without_a_reason(harness):
    """Whoever asks how it stands need not give one again."""
    await harness.ask("finance-reports because x")

    again = await harness.requests.ask(slack_user="U0ANN", text="finance-reports")

    assert not again.created


async def test_packages_are_found_by_a_part_of_their_names(world):
    """A hundred of them, and each can be reached: by a word, or page by page."""
    tenant = world.tenant.world
    campaign, policy = (
        tenant.packages[seed.MARKETING_CAMPAIGN],
        next(p for p in tenant.policies.values() if p.package_id == seed.MARKETING_CAMPAIGN),
    )
    for number in range(100):
        one = f"d1000000-0000-4000-8000-{number:012}"
        tenant.packages[one] = dataclasses.replace(
            campaign,
            id=one,
            display_name=f"Database {number:03} read access",
            description="x" * 900,
        )
        tenant.policies[f"p{number}"] = dataclasses.replace(
            policy, id=f"f1000000-0000-4000-8000-{number:012}", package_id=one
        )
    await world.synced()

    found = (await world.type("U0ANN", "/request-access 042")).message
    assert "Database 042 read access" in said(found)
    assert labels(found).count("Ask for it") <= 5
    await world.type("U0ANN", "/request-access list")
    await world.bot.background.finish()
    seen, page = "", 1
    while True:
        shown = (await world.type("U0ANN", f"/request-access page {page}")).message
        assert labels(shown), said(shown)
        seen += said(shown)
        if f"page {page + 1}" not in said(shown):
            break
        page += 1
    assert all(f"Database {number:03} read access" in seen for number in range(100))


async def test_two_packages_behind_one_command_are_not_taken_for_one_and_its_reason(world):
    """A button for each; nothing is asked for before one is pressed, and then with the reason behind both."""
    answer = await world.type(
        "U0ANN", "/request-access finance-reports, marketing-campaign because Q4"
    )

    assert "You named several packages." in said(answer.message)
    assert "Your reason: Q4" in said(answer.message)
    assert labels(answer.message) == ["Ask for it", "Ask for it", "Open the form"]
    assert await world.states() == []
    await world.press("U0ANN", answer.message, "Ask for it", about="Finance Reports")
    card = await world.card("U0BO", "Ann Abara asks for Finance Reports")
    assert "Q4" in said(card)
    assert "marketing" not in said(card)


async def test_the_form_for_several_has_the_reason_that_was_typed(world):
    """They are chosen in it, and asked for together."""
    answer = await world.type(
        "U0ANN", "/request-access finance-reports, marketing-campaign because Q4"
    )

    await world.press("U0ANN", answer.message, "Open the form")

    form = await eventually(lambda: world.form("U0ANN"), about="the form")
    assert form.values["reason"]["reason"]["value"] == "Q4"
    assert "package" in form.values
