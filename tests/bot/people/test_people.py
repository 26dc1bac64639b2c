"""Test who somebody is: exactly one enabled Entra user behind a full member of the workspace, or nobody."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.responses import JSONResponse

from bot import clock
from bot.configuration.addresses import Addresses
from bot.errors import NotAllowed
from bot.people.identity import People
from bot.people.model import Person
from bot.people.store import people
from bot.slack.api import Slack
from bot.slack.errors import SlackRefused
from graph.models import User as EntraUser
from sandbox.tenant import seed
from sandbox.tenant.model import User
from tests.harness.by_hand import BotHarness
from tests.harness.wires import SlackSession, Wire

TWIN = "a0000000-0000-4000-8000-0000000000aa"


def ann(**changes):
    """Ann, as Graph shows her."""
    facts = {"id": seed.ANN, "mail": "ann@contoso.example", "user_principal_name": None}
    return EntraUser(**{**facts, **changes})


async def test_somebody_is_found_in_both_worlds_and_bound(harness):
    """With the names that each has for them."""
    harness.workspace.people["U0ANN"].real_name = "annie"

    found = await harness.people.identify("U0ANN")

    bound = Person(
        slack_user="U0ANN", slack_name="annie", entra_id=seed.ANN, entra_name="Ann Abara"
    )
    assert found.person == bound
    assert found.user.id == seed.ANN
    assert await harness.store.run(people.find, "U0ANN") == bound


async def test_who_has_no_name_in_entra_has_that_of_slack(harness):
    """So that nobody is nameless."""
    harness.tenant.world.users[seed.ANN].display_name = ""

    assert (await harness.people.identify("U0ANN")).person.entra_name == "Ann Abara"


def slack_that_says(harness: BotHarness, word: str) -> Slack:
    """A Slack that refuses everything with one word."""
    answer = JSONResponse({"ok": False, "error": word})
    wire = Wire(harness.bot.process, answer, pause=lambda: 0, moment=lambda what: None)
    session: Any = SlackSession(wire, within=None)
    return Slack(AsyncWebClient(base_url="http://slack.test/", session=session, retry_handlers=[]))


@pytest.mark.parametrize("word", ["user_not_found", "user_not_visible"])
async def test_who_is_unknown_to_slack_is_nobody(harness, word):
    """With a sentence, not an error."""
    slack = slack_that_says(harness, word)
    known = People(slack=slack, graph=harness.graph, store=harness.store, addresses=Addresses())

    with pytest.raises(NotAllowed, match="does not show me"):
        await known.identify("U0NOBODY")


async def test_a_refusal_of_slacks_that_is_about_us_is_an_error(harness):
    """Our token was taken away: that says nothing about Ann."""
    harness.workspace.faults.set("revoked", only="users.info")

    with pytest.raises(SlackRefused):
        await harness.people.identify("U0ANN")


async def disabled(harness):
    """Her account in Entra is blocked."""
    harness.tenant.disable_user(seed.ANN)


async def doubled(harness):
    """Somebody else has her address as well."""
    harness.tenant.world.users[TWIN] = User(
        id=TWIN,
        display_name="Ann Other",
        user_principal_name="annother@contoso.example",
        created_at=clock.now(),
        mail="ann@contoso.example",
    )


async def doubled_and_disabled(harness):
    """Which of the two is hers cannot be told from which is enabled."""
    await doubled(harness)
    await disabled(harness)


async def unknown(harness):
    """Nobody in Entra has her address."""
    harness.tenant.delete_user(seed.ANN)


async def unconfirmed(harness):
    """Anybody can type an address into a profile."""
    harness.workspace.people["U0ANN"].is_email_confirmed = False


async def foreign(harness):
    """Both agree on an address that does not count."""
    harness.workspace.people["U0ANN"].email = "ann@fabrikam.example"
    harness.tenant.world.users[seed.ANN].mail = "ann@fabrikam.example"


async def guest(harness):
    """She is no full member."""
    harness.workspace.people["U0ANN"].is_restricted = True


async def moved(harness):
    """Her profile has another's address since."""
    await harness.people.identify("U0ANN")
    harness.workspace.people["U0ANN"].email = "cy@contoso.example"


NOBODY = [
    (disabled, "is disabled"),
    (doubled, "More than one account"),
    (doubled_and_disabled, "More than one account"),
    (unknown, "Nobody in Entra"),
    (unconfirmed, "no confirmed e-mail"),
    (foreign, "not of a domain"),
    (guest, "this account is a guest"),
    (moved, "another Entra account"),
]


@pytest.mark.parametrize(("change", "why"), NOBODY, ids=lambda each: getattr(each, "__name__", ""))
async def test_who_cannot_be_told_for_certain_is_nobody(harness, change, why):
    """And learns why."""
    await change(harness)

    with pytest.raises(NotAllowed, match=why):
        await harness.people.identify("U0ANN")


@pytest.mark.parametrize("change", [disabled, doubled, unknown, unconfirmed, foreign, guest])
async def test_nobody_is_bound_who_cannot_be_told(harness, change):
    """A mistake would stay for good."""
    await change(harness)

    with pytest.raises(NotAllowed):
        await harness.people.identify("U0ANN")
    assert await harness.store.run(people.find, "U0ANN") is None


@pytest.mark.parametrize(
    ("domains", "address", "counts"),
    [
        ((), "ann@fabrikam.example", True),
        (("contoso.example", "fabrikam.example"), "ann@FABRIKAM.example", True),
        (("contoso.example",), "ann@evil-contoso.example", False),
        (("contoso.example",), '"ann@contoso.example"@fabrikam.example', False),
    ],
)
async def test_a_domain_counts_as_the_settings_say(harness, domains, address, counts):
    """Whole, whatever its case, and after the last @; without a list, every one does."""
    harness.workspace.people["U0ANN"].email = address
    harness.tenant.world.users[seed.ANN].mail = address
    known = People(
        slack=harness.slack,
        graph=harness.graph,
        store=harness.store,
        addresses=Addresses(domains=frozenset(domains)),
    )

    if counts:
        assert (await known.identify("U0ANN")).user.id == seed.ANN
        return
    with pytest.raises(NotAllowed, match="not of a domain"):
        await known.identify("U0ANN")


@pytest.mark.parametrize(
    "user",
    [
        ann(),
        ann(mail="Ann@Contoso.example"),
        ann(mail=None, user_principal_name="ann@contoso.example"),
        ann(mail="ann@fabrikam.example", user_principal_name="ann@contoso.example"),
        ann(mail="annie@contoso.example", user_principal_name="ann@contoso.example"),
    ],
)
async def test_a_member_is_found_by_either_address(harness, user):
    """Whatever its case; an address that leads nowhere does not hide the other."""
    found = await harness.people.slack_member_of(user)

    assert found is not None
    assert found.id == "U0ANN"


@pytest.mark.parametrize("change", [unconfirmed, guest])
async def test_who_is_no_member_for_certain_gets_no_card(harness, change):
    """Neither a guest nor an address that Slack has not confirmed."""
    await change(harness)

    assert await harness.people.slack_member_of(ann()) is None


async def test_an_address_of_a_foreign_domain_is_not_looked_up(harness):
    """Even if a profile has it."""
    await foreign(harness)

    assert await harness.people.slack_member_of(ann(mail="ann@fabrikam.example")) is None


async def test_who_has_no_address_is_not_in_slack(harness):
    """Nothing is asked."""
    assert await harness.people.slack_member_of(ann(mail=None)) is None


async def test_who_has_signed_in_as_somebody_and_is_unknown_to_slack_is_nobody_there(harness):
    """As one who has left: nobody else gets what is theirs, and whoever stands behind them is looked for."""
    await harness.people.identify("U0ANN")
    await harness.store.run(people.prove, "U0ANN")
    assert (await harness.people.slack_member_of(ann())).id == "U0ANN"
    del harness.workspace.people["U0ANN"]

    assert await harness.people.slack_member_of(ann()) is None
