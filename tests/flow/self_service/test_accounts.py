"""People connect their Microsoft account: by a link and a browser, or by a code, and nobody else's."""

from datetime import timedelta

import pytest

from bot.accounts.model import ConnectedAccount, MustSignInAgain, NotConnected
from bot.accounts.store import accounts
from bot.people.store import people
from sandbox.tenant import seed
from tests.harness.accounts import (
    KEY,
    begin_as_second_account,
    browser_of,
    connect,
    connectable,
    email_of,
    link_of,
    move_address,
    sign_in_by,
)
from tests.harness.world import ANN, BO, CY, World, eventually, labels, living, said


@pytest.fixture
async def world(database):
    async with connectable(database) as made:
        yield made


async def account_of(world: World, user: str) -> ConnectedAccount:
    """Return the account that somebody has connected."""
    found = await world.bot.store.read(accounts.find, user)
    assert found is not None, f"{user} has connected nothing"
    return found


async def is_connected(world: World, user: str) -> bool:
    return await world.bot.store.read(accounts.find, user) is not None


async def connect_as(world: World, user: str, owner: str) -> None:
    """Connect the account of *owner* to the Slack account of *user*, which is theirs as well."""
    page = await sign_in_by(world, await link_of(world, user), email_of(owner, world))
    assert page.heading == "Your Microsoft account is connected", page.shown


async def test_somebody_connects_their_account(world):
    """They are told, and from then on there are tokens to act in their name."""
    await connect(world, ANN)
    await world.told(ANN, "Your Microsoft account is connected")
    account = await account_of(world, ANN)
    assert account.entra_id == seed.ANN
    token = await world.bot.accounts.tokens.of(ANN).token()
    assert token
    assert ("U0ANN", "connect", "") in await world.deeds()


@pytest.mark.parametrize("looking", [True, False])
async def test_a_token_is_kept_as_long_as_somebody_uses_it(looking, world):
    """What is read by itself, day by day, is no use of it."""
    await connect(world, ANN)
    for _ in range(7):
        await world.later(timedelta(days=15))
        if await is_connected(world, ANN):
            assert await world.bot.accounts.tokens.of(ANN, looking=looking).token()
    assert await is_connected(world, ANN) is not looking


async def test_the_token_is_kept_sealed(world):
    """Nowhere in the database is it as it is."""
    await connect(world, ANN)
    known = list(world.tenant.login.sign_ins._refresh)
    assert known
    sealed = await world.bot.store.read(accounts.sealed_token, ANN)
    assert sealed
    assert not any(each in sealed for each in known)


async def test_somebody_elses_account_is_refused(world):
    """Both sides are told, and nothing is kept."""
    await world.type(CY, "/request-access marketing-campaign")
    await world.told(CY, "You now have access")
    page = await sign_in_by(world, await link_of(world, ANN), email_of(CY, world))
    assert "not the one of your Slack account" in page.shown
    await world.told(ANN, "Somebody signed in to Microsoft by your link")
    await world.told(CY, f"for the Slack account of <@{ANN}>")
    assert not await is_connected(world, ANN)
    assert not await is_connected(world, CY)
    assert [verb for actor, verb, why in await world.deeds() if "not the one" in why] == ["refused"]
    with pytest.raises(NotConnected):
        await world.bot.accounts.tokens.of(ANN).token()


async def test_a_link_is_good_for_one_sign_in(world):
    """Nothing that was sent before is taken again."""
    link = await link_of(world, ANN)
    browser = browser_of(world)
    await browser.get(link)
    browser.stops_at = "https://latchkey.example/sign-in/callback"
    await browser.press("Go on to Microsoft")
    await browser.sign_in(email_of(ANN, world))
    assert browser.stopped is not None
    _, url, body = browser.stopped
    browser.stops_at = None
    page = await browser._go("POST", url, body)
    assert page.heading == "Your Microsoft account is connected"
    page = await browser._go("POST", url, body)
    assert "was used already" in page.shown
    assert "was used already" in (await browser.get(link)).shown


async def test_the_login_may_send_the_browser_on(world):
    """To a tenant's own identity provider, as ADFS: browsers hold each step behind a form to the page's policy."""
    page = await browser_of(world).get(await link_of(world, ANN))

    policy = dict(
        each.split(" ", 1) for each in page.headers["content-security-policy"].split("; ")
    )
    assert policy["form-action"].split() == ["'self'", "https:"]
    assert policy["default-src"] == "'none'"
    assert "script-src" not in policy


async def test_a_sign_in_of_another_browser_does_not_count(world):
    """Whoever gets somebody else to sign in by their link has no use of it."""
    browser, other = browser_of(world), browser_of(world)
    await browser.get(await link_of(world, ANN))
    browser.stops_at = "https://latchkey.example/sign-in/callback"
    await browser.press("Go on to Microsoft")
    await browser.sign_in(email_of(ANN, world))
    assert browser.stopped is not None
    _, url, body = browser.stopped
    page = await other._go("POST", url, body)
    assert "another browser" in page.shown
    assert not await is_connected(world, ANN)


async def test_two_sign_ins_in_one_browser_do_not_take_each_others_cookie(world):
    """Two tabs: the one that began first ends first, and the other one after it."""
    browser = browser_of(world)
    answers = []
    for _ in range(2):
        await browser.get(await link_of(world, ANN))
        browser.stops_at = "https://latchkey.example/sign-in/callback"
        await browser.press("Go on to Microsoft")
        await browser.sign_in(email_of(ANN, world))
        assert browser.stopped is not None
        answers.append(browser.stopped)
        browser.stops_at = None
    for _, url, body in answers:
        page = await browser._go("POST", url, body)
        assert page.heading == "Your Microsoft account is connected", page.shown


@pytest.mark.parametrize("field", [b"a&", b"state=x&"])
async def test_a_form_of_very_many_fields_is_not_read(world, field):
    """Whoever sends one, without having signed in to anything, keeps nobody waiting."""
    browser = browser_of(world)
    url = "https://latchkey.example/sign-in/callback"
    status, _headers, _body = await browser._send("POST", url, [], field * (60_000 // len(field)))
    assert status == 413


async def test_a_link_is_over_after_ten_minutes(world):
    """However far the sign-in has come."""
    link = await link_of(world, ANN)
    browser = browser_of(world)
    await browser.get(link)
    browser.stops_at = "https://latchkey.example/sign-in/callback"
    await browser.press("Go on to Microsoft")
    await world.later(timedelta(minutes=10))
    await browser.sign_in(email_of(ANN, world))
    assert browser.stopped is not None
    _, url, body = browser.stopped
    browser.stops_at = None
    page = await browser._go("POST", url, body)
    assert "is over" in page.shown
    assert not await is_connected(world, ANN)


async def test_whoever_declines_is_not_connected(world):
    """And is told so on the page."""
    page = await sign_in_by(world, await link_of(world, ANN), email_of(ANN, world), consent=False)
    assert "You have not signed in" in page.shown
    assert not await is_connected(world, ANN)


async def test_an_address_says_no_more_who_somebody_is(world):
    """Once they have signed in: not theirs when it changes, and nobody else's who gets it."""
    await connect(world, ANN)
    ann, cy = world.slack.person(ANN), world.slack.person(CY)
    ann.email, cy.email = "ann.new@contoso.example", ann.email
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await world.type(CY, "/request-access marketing-campaign")
    await world.told(CY, "connected to another Slack account")


async def test_somebody_disconnects(world):
    """What was kept is gone, and who they are is still known."""
    await connect(world, ANN)
    await world.type(ANN, "/my-access disconnect")
    await world.whispered(ANN, "C0GENERAL", "Your Microsoft account is disconnected")
    assert not await is_connected(world, ANN)
    assert await world.bot.store.read(accounts.sealed_token, ANN) is None
    with pytest.raises(NotConnected):
        await world.bot.accounts.tokens.of(ANN).token()
    assert await world.bot.store.read(people.proven_among, [ANN])


async def test_a_refresh_token_that_is_revoked_is_deleted(world):
    """Microsoft says invalid_grant."""
    await connect(world, ANN)
    world.tenant.login.sign_ins.revoke(seed.ANN)
    with pytest.raises(NotConnected):
        await world.bot.accounts.tokens.of(ANN).token()
    assert not await is_connected(world, ANN)
    assert await world.bot.store.read(accounts.sealed_token, ANN) is None


@pytest.mark.parametrize("error", ["interaction_required", "invalid_grant"])
async def test_a_challenge_is_passed_on_to_the_next_sign_in(world, error):
    """That sign-in then satisfies it; the account stays connected, in whichever word Microsoft's login asks."""
    world.tenant.login.sign_ins.challenged_as = error
    await connect(world, ANN)
    world.tenant.login.sign_ins.challenge(seed.ANN, "c1")
    with pytest.raises(MustSignInAgain):
        await world.bot.accounts.tokens.of(ANN).token()
    assert "c1" in str((await account_of(world, ANN)).challenge)
    await world.slack.open_home(user=ANN)
    await eventually(lambda: "wants you to sign in again" in said(world.home(ANN)))
    assert "has been connected since" not in said(world.home(ANN))
    assert {"Connect my Microsoft account", "Disconnect"} <= set(labels(world.home(ANN)))
    await connect(world, ANN)
    await eventually(lambda: "has been connected since" in said(world.home(ANN)))
    assert await world.bot.accounts.tokens.of(ANN).token()
    assert (await account_of(world, ANN)).challenge is None


async def test_tokens_that_nobody_uses_are_deleted(world):
    """After ninety days."""
    await connect(world, ANN)
    await world.later(timedelta(days=89))
    assert await account_of(world, ANN)
    await world.later(timedelta(days=2))
    await eventually(lambda: _is_gone(world, ANN), about="the token is deleted")


async def _is_gone(world: World, user: str) -> bool:
    return not await is_connected(world, user)


async def test_tokens_of_whoever_is_deactivated_in_slack_are_deleted(world):
    """Within some hours."""
    await connect(world, ANN)
    world.slack.person(ANN).deleted = True
    await world.later(timedelta(hours=7))
    await eventually(lambda: _is_gone(world, ANN), about="the token is deleted")


async def test_home_has_the_button(world):
    """To connect, and then to disconnect."""
    await world.slack.open_home(user=BO)
    await eventually(lambda: "Connect my Microsoft account" in labels(world.home(BO)))
    await world.press_home(BO, "Connect my Microsoft account")
    form = await eventually(lambda: world.form(BO))
    link = next(each["url"] for each in _all_buttons(form) if each.get("url"))
    await sign_in_by(world, link, email_of(BO, world))
    await eventually(lambda: "has been connected since" in said(world.home(BO)))
    await world.press_home(BO, "Disconnect")
    await eventually(lambda: "Connect my Microsoft account" in labels(world.home(BO)))


def _all_buttons(view):
    return [each for block in view.blocks for each in block.get("elements", ())]


async def test_a_code_is_typed_in_where_no_browser_comes_back(database):
    """In Socket Mode without an address of ours."""
    async with living(database, socket_mode=True, LATCHKEY_TOKEN_KEY=KEY) as world:
        await world.type(ANN, "/my-access connect")
        form = await eventually(lambda: world.form(ANN), about="the code")
        typed = said(form).partition("*`")[2].partition("`")[0]
        browser = browser_of(world)
        await browser.get("https://microsoft.test/common/oauth2/deviceauth")
        await browser.press("Next", user_code=typed)
        await browser.sign_in(email_of(ANN, world))
        await world.told(ANN, "Your Microsoft account is connected")
        assert (await account_of(world, ANN)).is_public
        assert await world.bot.accounts.tokens.of(ANN).token()


async def test_a_code_that_somebody_else_types_in_connects_nobody(database):
    """Both are told."""
    async with living(database, socket_mode=True, LATCHKEY_TOKEN_KEY=KEY) as world:
        await world.type(ANN, "/my-access connect")
        form = await eventually(lambda: world.form(ANN), about="the code")
        typed = said(form).partition("*`")[2].partition("`")[0]
        browser = browser_of(world)
        await browser.get("https://microsoft.test/common/oauth2/deviceauth")
        await browser.press("Next", user_code=typed)
        await browser.sign_in(email_of(CY, world))
        await world.told(ANN, "Somebody signed in to Microsoft by your link")
        assert not await is_connected(world, ANN)


async def test_where_it_is_not_set_up_nobody_can_connect(database):
    """Home has no button, and the command says so."""
    async with living(database) as world:
        await world.type(ANN, "/my-access connect")
        await world.whispered(ANN, "C0GENERAL", "it is not set up")
        await world.slack.open_home(user=ANN)
        home = await eventually(lambda: world.home(ANN))
        assert "Connect my Microsoft account" not in labels(home)


async def test_a_second_slack_account_that_connects_first_reads_what_it_waits_for(world):
    """Whoever was known before is told of it; nothing is said that is not so, and the same link counts a moment later."""
    await connect(world, ANN)
    move_address(world, of=ANN, to=CY)
    link = await link_of(world, CY)
    browser = browser_of(world)
    await browser.get(link)
    page = await browser.press("Go on to Microsoft")
    assert "the first one and the admins are being told of it" in page.shown
    assert "cannot be read" not in page.shown
    await world.told(ANN, "has begun to use Latchkey as Ann Abara")
    page = await sign_in_by(world, link, email_of(ANN, world), browser=browser)
    assert page.heading == "Your Microsoft account is connected"


async def test_whoever_has_signed_in_is_reminded_and_not_who_had_only_the_address(world):
    """From the next sync on, also of access that was asked for by the other account."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await begin_as_second_account(world, of=ANN, to=CY)
    await connect_as(world, CY, ANN)
    move_address(world, of=CY, to=ANN)
    await world.synced()

    await world.later(timedelta(days=24))

    await world.told(CY, "Your access to .* ends")
    assert not [each for each in world.direct(ANN) if "ends" in each.text]


async def both_connected(world):
    """Ann has access, and signs in by her account and by another one; return what the other one lists."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await connect(world, ANN)
    await begin_as_second_account(world, of=ANN, to=CY)
    await connect_as(world, CY, ANN)
    return (await world.type(CY, "/my-access")).message


async def test_what_one_account_gives_back_the_other_is_told_of(world):
    """Messages about the access went there, and end."""
    mine = await both_connected(world)

    await world.press(CY, mine, "Return")
    await world.told(CY, "Done: you have returned")
    await world.told(ANN, f"You have returned .* by another Slack account of yours, <@{CY}>")
    assert not [each for each in world.direct(CY) if "by another Slack account" in each.text]


async def test_who_gives_back_by_another_account_what_has_run_out_hears_that_as_well(world):
    """Each account once, and neither of a return."""
    mine = await both_connected(world)
    world.outside.clock.shift(timedelta(days=31))

    await world.press(CY, mine, "Return")

    for user in (CY, ANN):
        await world.told(user, "Your access to \\*Marketing Campaign\\* has ended")
    assert not [
        each for user in (CY, ANN) for each in world.direct(user) if "returned" in said(each)
    ]
