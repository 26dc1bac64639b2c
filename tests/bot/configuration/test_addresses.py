"""Test which addresses mean one person: case, domains that count, aliases, proxies; and never anybody else's."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import clock
from bot.configuration.addresses import Addresses, same_address
from bot.configuration.settings import UnreadableSettings, read_settings
from bot.errors import NotAllowed
from bot.people.identity import People
from sandbox.tenant import Tenant
from sandbox.tenant.model import User
from tests.harness.by_hand import BotHarness

ALIASES = {"old.example": "new.example", "older.example": "new.example"}
DOMAINS = ["old.example", "older.example", "new.example", "else.example", "NEW.example"]
names = st.text(alphabet=string.ascii_letters + "'+.é", min_size=1, max_size=5)
addresses = st.builds("{}@{}".format, names, st.sampled_from(DOMAINS))


@given(addresses, addresses, st.sets(st.sampled_from(["old.example", "new.example"])))
def test_two_addresses_are_one_only_by_case_or_by_an_alias(slack, entra, domains):
    """The name before the @ is the same but for capitals, and the domain is the same or stands for the other."""
    rules = Addresses(domains=frozenset(domains), aliases=ALIASES)

    match = any(same_address(each, entra) for each in rules.in_entra(slack))

    (name, domain), (theirs, their_domain) = (each.split("@") for each in (slack, entra))
    own = ALIASES.get(domain.lower(), domain.lower())
    counts = not domains or {domain.lower(), own} & domains
    same = name.encode().lower() == theirs.encode().lower()
    assert match is bool(counts and same and their_domain.lower() in {domain.lower(), own})


@given(addresses)
def test_what_leads_to_slack_leads_back(entra):
    """Whoever is looked for in Slack by an address would be found in Entra by it."""
    rules = Addresses(aliases=ALIASES)

    for each in rules.in_slack(entra):
        assert any(same_address(entra, back) for back in rules.in_entra(each))


@pytest.mark.parametrize("nothing", ["", "@", "ann", "@new.example", "ann@"])
def test_what_is_no_address_leads_nowhere(nothing):
    """Neither to Entra nor to Slack."""
    rules = Addresses(aliases=ALIASES)

    assert rules.in_entra(nothing) == rules.in_slack(nothing) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [("straße@x.example", "strasse@x.example"), ("\u212aim@x.example", "kim@x.example")],
)
def test_letters_that_only_look_alike_are_not_the_same(one, other):
    """Some would call them equal; nobody has said that mail servers do."""
    assert not same_address(one, other)


@pytest.mark.parametrize("one", [None, ""])
@pytest.mark.parametrize("other", [None, "", "ann@x.example"])
def test_whoever_has_no_address_has_nobodys(one, other):
    """Two who have none are two people."""
    assert not same_address(one, other)
    assert not same_address(other, one)


def entra_user(tenant: Tenant, user_id: str, name: str, **facts: Any) -> None:
    tenant.world.users[user_id] = User(
        id=user_id,
        display_name=name,
        user_principal_name=facts.pop("user_principal_name", f"{name}@contoso.example"),
        created_at=clock.now(),
        **facts,
    )


async def found(harness: BotHarness, rules: Addresses, *, email: str) -> str:
    """Return who Ann is with that address in her profile, by Entra id."""
    harness.workspace.people["U0ANN"].email = email
    known = People(slack=harness.slack, graph=harness.graph, store=harness.store, addresses=rules)
    return (await known.identify("U0ANN")).user.id


NEWT = "a0000000-0000-4000-8000-0000000000bb"


@pytest.mark.parametrize(
    ("rules", "facts", "is_found"),
    [
        (Addresses(aliases=ALIASES), {"mail": "newt@new.example"}, True),
        (Addresses(aliases=ALIASES), {"mail": "NEWT@New.Example"}, True),
        (Addresses(aliases=ALIASES), {"mail": "newt@old.example"}, True),
        (Addresses(), {"mail": "newt@new.example"}, False),
        (Addresses(with_proxies=True), {"proxy_addresses": ["smtp:newt@old.example"]}, True),
        (Addresses(), {"proxy_addresses": ["smtp:newt@old.example"]}, False),
        (
            Addresses(aliases=ALIASES, with_proxies=True),
            {"proxy_addresses": ["smtp:Newt@NEW.example"]},
            True,
        ),
        (Addresses(with_proxies=True), {"proxy_addresses": ["SIP:newt@old.example"]}, False),
        (
            Addresses(aliases=ALIASES, domains=frozenset({"new.example"})),
            {"mail": "newt@new.example"},
            True,
        ),
        (Addresses(domains=frozenset({"new.example"})), {"mail": "newt@old.example"}, False),
    ],
)
async def test_aliases_and_proxies_lead_to_entra_by_setting(harness, rules, facts, is_found):
    """Off unless switched on, and always to exactly this one."""
    entra_user(harness.tenant, NEWT, "newt", **facts)

    if is_found:
        assert await found(harness, rules, email="newt@old.example") == NEWT
        return
    with pytest.raises(NotAllowed):
        await found(harness, rules, email="newt@old.example")


@pytest.mark.parametrize("enabled", [True, False])
async def test_an_alias_that_leads_to_two_leads_to_nobody(harness, enabled):
    """One has the old address and another the new one; which of them is disabled does not matter."""
    entra_user(harness.tenant, NEWT, "newt", mail="newt@old.example", account_enabled=enabled)
    other = NEWT.replace("bb", "cc")
    entra_user(harness.tenant, other, "newt2", mail="newt@new.example")

    with pytest.raises(NotAllowed, match="More than one account"):
        await found(harness, Addresses(aliases=ALIASES), email="newt@old.example")


async def test_a_proxy_address_that_is_somebody_elses_mail_leads_to_nobody(harness):
    """It cannot be told which of them it is."""
    entra_user(harness.tenant, NEWT, "newt", proxy_addresses=["smtp:ann@contoso.example"])

    with pytest.raises(NotAllowed, match="More than one account"):
        await found(harness, Addresses(with_proxies=True), email="ann@contoso.example")


async def test_a_disabled_user_behind_an_alias_is_refused(harness):
    """As behind any other address."""
    entra_user(harness.tenant, NEWT, "newt", mail="newt@new.example", account_enabled=False)

    with pytest.raises(NotAllowed, match="disabled"):
        await found(harness, Addresses(aliases=ALIASES), email="newt@old.example")


async def test_who_has_an_alias_in_slack_gets_their_messages(harness):
    """Found by the address that Entra has, spelled as Slack may."""
    entra_user(harness.tenant, NEWT, "newt", mail="newt@new.example")
    harness.workspace.people["U0ANN"].email = "newt@old.example"
    known = People(
        slack=harness.slack,
        graph=harness.graph,
        store=harness.store,
        addresses=Addresses(aliases=ALIASES),
    )

    profile = await known.slack_member_of(await harness.graph.users.get(NEWT))

    assert profile is not None
    assert profile.id == "U0ANN"


def test_aliases_are_read_from_the_settings():
    """Pairs, in any case, with or without an @."""
    settings = read_settings(
        {
            "LATCHKEY_EMAIL_ALIASES": "@Old.example=new.example, older.example=New.Example",
            "LATCHKEY_EMAIL_DOMAINS": "new.example",
            "LATCHKEY_PROXY_ADDRESSES": "true",
        }
    )

    assert settings.addresses == Addresses(
        domains=frozenset({"new.example"}), aliases=ALIASES, with_proxies=True
    )
    assert read_settings({}).addresses == Addresses()


@pytest.mark.parametrize(
    "wrong",
    [
        "old.example",
        "old.example=",
        "=new.example",
        "old=new",
        "old.example=old.example",
        "old.example=new.example,old.example=newer.example",
        "old.example=new.example,new.example=newer.example",
        "ann@old.example=new.example",
        "old.example=new.example=newer.example",
    ],
)
def test_aliases_that_cannot_be_meant_are_refused(wrong):
    """In a sentence that names the setting."""
    with pytest.raises(UnreadableSettings, match="EMAIL_ALIASES"):
        read_settings({"LATCHKEY_EMAIL_ALIASES": wrong})
