"""Whoever lets somebody decide signs in for it, so that it counts where an approval takes a fresh sign-in; and every way around it."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest

from bot.accounts.store import accounts
from bot.database import flags
from bot.database.audit_log import audit
from bot.database.tables import delegations as rows_of_delegations
from bot.database.tables import people as rows_of_people
from bot.errors import NotAllowed
from bot.people.delegates import MOST_LOOKED_AT
from bot.people.store import delegations
from bot.requests.store import requests
from sandbox.tenant import seed
from tests.bot.samples import delegation
from tests.flow.deciding.test_fresh_sign_in import (
    FORGED,
    NOT_HEARD,
    approving,
    asked,
    bring,
    brought,
    nothing_is_approved,
)
from tests.harness.accounts import (
    approve,
    browser_of,
    connect,
    email_of,
    link_in_form,
    move_address,
    new_link,
    sign_in_by,
)
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    MIA,
    World,
    buttons,
    eventually,
    labels,
    said,
)

SAVED = "Your sign-in is saved"
OVER = "your sign-in changes nothing"


@pytest.fixture
async def world(database, tmp_path):
    async with approving(database, tmp_path) as made:
        yield made


async def let_decide(world: World, until: str = "until 2027-02-01") -> Any:
    """Bo lets Cy decide; the answer, which has the button."""
    answer = (await world.type(BO, f"/my-access delegate <@{CY}> {until}")).message
    await world.told(CY, "you may decide for")
    return answer


async def links_to_prove(world: World, shown: Any, user: str = BO) -> dict[str, str]:
    """Press the button; the links in the form that opens, by what stands on them."""
    before = world.form(user)
    await world.press(user, shown, "Sign in for it")
    form = await eventually(
        lambda: (found := world.form(user)) and found is not before and found, about="the form"
    )
    return {each["text"]["text"]: each["url"] for each in buttons(form) if "url" in each}


async def link_to_prove(world: World, shown: Any = None) -> str:
    """The link that asks for the authentication context of the package."""
    if shown is None:
        shown = (await world.type(BO, "/my-access delegate")).message
    return (await links_to_prove(world, shown))["Sign in with c1"]


async def proven(world: World, until: str = "until 2027-02-01") -> None:
    """Bo lets Cy decide, and signs in for it."""
    link = await link_to_prove(world, await let_decide(world, until))
    page = await sign_in_by(world, link, email_of(BO, world))
    assert page.heading == SAVED, page.shown


async def cy_is_not_heard(world: World) -> None:
    """Neither their yes nor their no, whatever card they press it on."""
    world.slack.channel(APPROVALS).members.add(CY)
    for verb in ("Approve", "Deny"):
        await world.press(CY, await world.card(APPROVALS), verb)
        await world.whispered(CY, APPROVALS, NOT_HEARD)
    await nothing_is_approved(world)


async def test_a_proven_delegate_approves_with_a_sign_in_of_their_own(world):
    """Both have signed in; the audit log has what proves either, and both are named as the deciders."""
    answer = await let_decide(world)
    assert "this counts only once you have signed in for it" in said(answer)
    browser = browser_of(world)
    shown = await browser.get(await link_to_prove(world, answer))
    assert shown.heading == "Let somebody decide for you"
    assert f"let Cy Chen ({email_of(CY, world)}) decide for you until" in shown.shown
    tokens: list[str] = []
    keys = world.tenant.login.keys
    sign = keys.sign

    def listening(claims: Any) -> str:
        tokens.append(sign(claims))
        return tokens[-1]

    keys.sign = listening
    await browser.press("Go on to Microsoft")
    page = await browser.sign_in(email_of(BO, world))
    assert page.heading == SAVED, page.shown
    await world.told(CY, f"<@{BO}> has signed in to Microsoft for letting you decide")
    await world.told(BO, "You have signed in to Microsoft for letting")

    await asked(world)
    page = await sign_in_by(world, await approve(world, CY), email_of(CY, world))
    assert page.heading == "Your approval is saved", page.shown
    await world.told(ANN, "Approved by Cy Chen for Bo Berg")
    rows = await world.bot.store.run(audit.rows)
    [given] = [row for row in rows if row["verb"] == "prove-delegation"]
    assert (given["actor"], given["actor_entra_id"]) == (BO, seed.BO)
    assert given["subject_entra_id"] == seed.CY
    assert given["details"]["sign_in"] == hashlib.sha256(tokens[0].encode()).hexdigest()
    assert given["details"]["contexts"] == ["c1"]
    [decided] = [row for row in rows if row["verb"] == "approve-accepted"]
    assert decided["details"]["decided_as"] == "delegate"
    assert decided["details"]["sign_in"] == hashlib.sha256(tokens[1].encode()).hexdigest()


async def test_what_waits_already_is_shown_to_the_delegate_once_it_is_proven(world):
    """And they may deny it with a press, as the approver may."""
    await asked(world)
    link = await link_to_prove(world, await let_decide(world))
    await asyncio.sleep(2 * 60)
    assert not world.cards(CY)
    await sign_in_by(world, link, email_of(BO, world))
    await world.press(CY, await world.card(CY), "Deny")
    await world.give_reason(CY, "Not this quarter")
    await world.told(ANN, "Not this quarter")


async def test_a_press_of_a_proven_delegate_approves_nothing(world):
    """Whoever has stolen the delegate's session has no more than the session."""
    await proven(world)
    await asked(world)
    await approve(world, CY)
    await world.press(CY, await world.card(CY), "Approve")
    await nothing_is_approved(world)


async def test_the_approver_cannot_sign_in_in_the_delegates_place(world):
    """Whose click it is signs in, and nobody else."""
    await proven(world)
    await asked(world)
    page = await sign_in_by(world, await approve(world, CY), email_of(BO, world))
    assert "not the one of your Slack account" in page.shown
    await nothing_is_approved(world)


async def test_home_offers_the_sign_in_and_says_what_it_has_changed(world):
    """To whoever lets somebody decide; the delegate reads whether they may."""
    for user in (BO, CY):
        await world.slack.open_home(user=user)
    await let_decide(world)
    await eventually(lambda: "you have not signed in for it" in said(world.home(BO)))
    await eventually(lambda: f"<@{BO}> has not signed in for it" in said(world.home(CY)))
    assert "Sign in for it" not in labels(world.home(CY))
    await world.press_home(BO, "Sign in for it")
    link = await new_link(world, BO)
    await sign_in_by(world, link, email_of(BO, world))
    await eventually(lambda: "in: you have signed in for it" in said(world.home(BO)))
    await eventually(lambda: f"own: <@{BO}> has signed in for it" in said(world.home(CY)))
    assert "Sign in for it" not in labels(world.home(BO))


async def test_the_form_of_the_approver_leads_to_the_sign_in(world):
    """From its answer, in the same modal."""
    await world.slack.open_home(user=BO)
    await world.type(ANN, "/request-access finance-reports because Q4")
    await eventually(lambda: "Let somebody decide for me" in labels(world.home(BO)))
    await world.press_home(BO, "Let somebody decide for me")
    form = await eventually(lambda: world.form(BO), about="the form")
    until = int((world.outside.clock.now() + timedelta(days=1)).timestamp())
    values = {"delegate": {"delegate": CY}, "until": {"until": until}}
    await world.slack.submit(user=BO, view_id=form.id, values=values)
    answer = world.form(BO)
    assert "this counts only once you have signed in for it" in said(answer)
    [button] = [each for each in buttons(answer) if each["text"]["text"] == "Sign in for it"]
    await world.slack.click_view(
        user=BO,
        view_id=answer.id,
        action_id=button["action_id"],
        block_id=button["block_id"],
        value=button["value"],
    )
    link = await new_link(world, BO)
    page = await sign_in_by(world, link, email_of(BO, world))
    assert page.heading == SAVED, page.shown


# -- somebody holds an approver's Slack session, or an admin's -------------------------------------


async def test_a_thief_of_the_approvers_session_proves_nothing(world):
    """They name themselves, and sign in as themselves: both are told, and the audit log has it."""
    await world.type(CY, "/my-access")
    link = await link_to_prove(world, await let_decide(world))
    page = await sign_in_by(world, link, email_of(CY, world))
    assert "not the one of your Slack account" in page.shown
    await world.told(BO, "to let another person decide in your name, with an account that is not")
    await world.told(CY, f"to let somebody decide in the name of <@{BO}>")
    [row] = [
        each for each in await world.bot.store.run(audit.rows) if "signed in" in (each["why"] or "")
    ]
    assert row["details"] == {"signed_in_as": seed.CY, "to": "delegate"}
    await asked(world)
    await cy_is_not_heard(world)


async def test_an_admin_who_lets_somebody_decide_cannot_prove_it(world):
    """Their answer has no button, and whoever sends its press is refused; the approver can."""
    answer = await world.type(DANA, f"/access-admin delegate <@{BO}> to <@{CY}> until 2027-02-01")
    assert f"once <@{BO}> has signed in for it, which nobody can do for them" in answer.text
    told = await world.told(BO, "decide for you until")
    [button] = [each for each in buttons(told) if each["text"]["text"] == "Sign in for it"]
    for user in (DANA, CY, MIA):
        with pytest.raises(NotAllowed, match="admins neither"):
            await world.bot.services.signed_delegations.check(
                slack_user=user, delegation_id=button["value"]
            )
    assert "Sign in for it" not in labels(
        (await world.type(DANA, "/access-admin delegate")).message
    )
    page = await sign_in_by(world, await link_to_prove(world, told), email_of(BO, world))
    assert page.heading == SAVED, page.shown
    await eventually(lambda: "Sign in for it" not in labels(told), about="the button is gone")
    listed = said((await world.type(DANA, "/access-admin delegate")).message)
    assert f"<@{BO}> has signed in for it" in listed
    await asked(world)
    await sign_in_by(world, await approve(world, CY), email_of(CY, world))
    await world.told(ANN, "Approved by Cy Chen for Bo Berg")


@pytest.mark.parametrize(
    ("session", "command"),
    [
        (BO, f"/my-access delegate <@{CY}> until 2027-03-01"),
        (BO, f"/my-access delegate <@{CY}> until 2027-02-01"),
        (BO, f"/my-access delegate <@{CY}> until 2027-01-30"),
        (DANA, f"/access-admin delegate <@{BO}> to <@{CY}> until 2027-03-01"),
    ],
    ids=["longer", "the same", "shorter", "an admin's"],
)
async def test_another_end_after_the_proof_is_proven_by_nothing(world, session, command):
    """Whoever has the session makes a new one of the same two: it takes a new sign-in."""
    await proven(world)
    answer = await world.type(session, command)
    assert "only once" in answer.text
    await asked(world)
    await asyncio.sleep(2 * 60)
    assert not world.cards(CY)
    await cy_is_not_heard(world)


async def test_an_end_that_is_changed_while_they_sign_in_is_not_proven(world):
    """The sign-in is for what the page has shown."""
    browser = browser_of(world)
    link = await link_to_prove(world, await let_decide(world))
    url, body = await brought(browser, link, email_of(BO, world))
    await world.type(BO, f"/my-access delegate <@{CY}> until 2027-03-01")
    assert OVER in (await bring(browser, url, body)).shown
    await asked(world)
    await cy_is_not_heard(world)


async def _changed(world: World, **values: Any) -> None:
    await world.bot.store.run(
        lambda db: db.execute(rows_of_delegations.update().values(**values)) and None
    )


@pytest.mark.parametrize(
    "values",
    [{"delegate": MIA}, {"delegator": DANA}, {"longer": True}],
    ids=["another delegate", "another giver", "a longer end"],
)
async def test_a_row_that_was_changed_while_they_sign_in_is_not_proven(world, values):
    """Whatever may have changed it."""
    browser = browser_of(world)
    link = await link_to_prove(world, await let_decide(world))
    url, body = await brought(browser, link, email_of(BO, world))
    longer = {"ends_at": world.outside.clock.now() + timedelta(days=170)}
    await _changed(world, **(longer if "longer" in values else values))
    assert OVER in (await bring(browser, url, body)).shown
    assert not [each for each in await _all(world) if each.proof is not None]


async def _all(world: World) -> list[Any]:
    at = world.outside.clock.now()
    return await world.bot.store.read(delegations.in_force, at=at, limit=20)


@pytest.mark.parametrize("forged", sorted(FORGED))
async def test_an_answer_that_proves_less_proves_no_delegation(world, forged):
    """However Microsoft's login, or whoever stands in its place, comes to give it."""
    link = await link_to_prove(world, await let_decide(world))
    keys = world.tenant.login.keys
    sign, change = keys.sign, FORGED[forged]

    def signing(claims: dict[str, Any]) -> str:
        made = change(world, dict(claims))
        return made if isinstance(made, str) else str(sign(made))

    keys.sign = signing
    page = await sign_in_by(world, link, email_of(BO, world))
    assert page.status == 400, page.shown
    assert not [each for each in await _all(world) if each.proof is not None]
    keys.sign = sign
    page = await sign_in_by(world, await link_to_prove(world), email_of(BO, world))
    assert page.heading == SAVED, page.shown


async def test_the_answer_of_one_sign_in_proves_one_delegation(world):
    """Brought again, or with the state of another, it proves no second one."""
    browser = browser_of(world)
    link = await link_to_prove(world, await let_decide(world))
    url, body = await brought(browser, link, email_of(BO, world))
    assert (await bring(browser, url, body)).heading == SAVED
    other = (await world.type(BO, f"/my-access delegate <@{MIA}> until 2027-02-01")).message
    second = await brought(browser, await link_to_prove(world, other), email_of(BO, world))
    assert "was used already" in (await bring(browser, url, body)).shown
    code = dict(each.split("=", 1) for each in body.decode().split("&"))["code"]
    fields = dict(each.split("=", 1) for each in second[1].decode().split("&"))
    swapped = "&".join(f"{key}={each}" for key, each in {**fields, "code": code}.items())
    assert (await bring(browser, url, swapped.encode())).status == 400
    assert [each.delegate for each in await _all(world) if each.proof is not None] == [CY]


async def test_a_sign_in_for_an_approval_proves_no_delegation(world):
    """Nor the other way: each is for what its page has said."""
    await asked(world)
    to_approve = await approve(world, BO)
    to_prove = await link_to_prove(world, await let_decide(world))
    first, second = browser_of(world), browser_of(world)
    url, approval = await brought(first, to_approve, email_of(BO, world))
    _, proof = await brought(second, to_prove, email_of(BO, world))
    of_approval = dict(each.split("=", 1) for each in approval.decode().split("&"))
    of_proof = dict(each.split("=", 1) for each in proof.decode().split("&"))
    for browser, mine, other in (
        (first, of_approval, of_proof),
        (second, of_proof, of_approval),
    ):
        mixed = "&".join(f"{key}={each}" for key, each in {**mine, "code": other["code"]}.items())
        assert (await bring(browser, url, mixed.encode())).status == 400
    assert not [each for each in await _all(world) if each.proof is not None]
    await nothing_is_approved(world)


async def test_a_sign_in_of_another_browser_proves_no_delegation(world):
    """Whoever is talked into signing in by somebody else's link lets nobody decide."""
    thief, bo = browser_of(world), browser_of(world)
    await thief.get(await link_to_prove(world, await let_decide(world)))
    thief.stops_at = "https://microsoft.test"
    await thief.press("Go on to Microsoft")
    assert thief.stopped is not None
    await bo.get(thief.stopped[1])
    page = await bo.sign_in(email_of(BO, world))
    assert "another browser" in page.shown
    assert not [each for each in await _all(world) if each.proof is not None]


async def test_a_sign_in_for_a_delegation_is_over_after_ten_minutes(world):
    """As for an approval; and what they showed five minutes ago is not of now."""
    browser = browser_of(world)
    link = await link_to_prove(world, await let_decide(world))
    url, body = await brought(browser, link, email_of(BO, world))
    await asyncio.sleep(5 * 60 + 1)
    assert "older sign-in" in (await bring(browser, url, body)).shown
    url, body = await brought(browser, await link_to_prove(world), email_of(BO, world))
    await world.later(timedelta(minutes=10))
    assert "is over" in (await bring(browser, url, body)).shown
    assert not [each for each in await _all(world) if each.proof is not None]


async def test_a_delegate_who_is_somebody_else_in_entra_meanwhile_is_not_proven(world):
    """The page has shown who decides; the Slack account alone says nothing of that."""
    browser = browser_of(world)
    link = await link_to_prove(world, await let_decide(world))
    url, body = await brought(browser, link, email_of(BO, world))
    users = world.tenant.world.users
    cy, mia = users[seed.CY], users[seed.MIA]
    cy.mail, mia.mail = mia.mail, cy.mail
    cy.user_principal_name, mia.user_principal_name = (
        mia.user_principal_name,
        cy.user_principal_name,
    )
    forgotten = rows_of_people.delete().where(rows_of_people.c.slack_user.in_([CY, MIA]))
    await world.bot.store.run(lambda db: db.execute(forgotten) and None)
    assert (await world.bot.people.identify(CY)).user.id == seed.MIA
    assert OVER in (await bring(browser, url, body)).shown
    assert not [each for each in await _all(world) if each.proof is not None]


async def test_the_page_of_what_is_canceled_says_that_it_is_over(world):
    """Nobody is sent to Microsoft for it."""
    link = await link_to_prove(world, await let_decide(world))
    await world.press(BO, (await world.type(BO, "/my-access delegate")).message, "Cancel")
    page = await browser_of(world).get(link)
    assert OVER in page.shown
    assert not page.forms


# -- what changes after the proof ------------------------------------------------------------------


async def test_ending_it_takes_no_sign_in(world):
    """And what was canceled proves nothing any more."""
    await proven(world)
    await asked(world)
    card = await world.card(CY)
    listed = (await world.type(BO, "/my-access delegate")).message
    await world.press(BO, listed, "Cancel")
    await eventually(lambda: "not asked about this request any more" in said(card))
    world.slack.channel(APPROVALS).members.add(CY)
    await world.press(CY, await world.card(APPROVALS), "Approve")
    await world.whispered(CY, APPROVALS, "not among those who may decide")
    await nothing_is_approved(world)


async def test_what_is_canceled_while_they_sign_in_is_not_proven(world):
    """A sign-in brings nothing back."""
    browser = browser_of(world)
    link = await link_to_prove(world, await let_decide(world))
    url, body = await brought(browser, link, email_of(BO, world))
    await world.press(BO, (await world.type(BO, "/my-access delegate")).message, "Cancel")
    assert OVER in (await bring(browser, url, body)).shown
    assert await _all(world) == []


async def test_canceled_between_the_approval_and_the_grant_it_does_not_count(world):
    """Seen just before access is given, as for any delegation."""
    await proven(world)
    await asked(world)
    link = await approve(world, CY)
    await world.bot.store.run(flags.pause, why="a test")
    await sign_in_by(world, link, email_of(CY, world))
    await eventually(lambda: _is(world, "add approved"), about="approved")
    await world.press(BO, (await world.type(BO, "/my-access delegate")).message, "Cancel")
    await world.bot.store.run(flags.resume)
    await eventually(lambda: _is(world, "add pending"), about="asked anew")
    await nothing_is_approved(world)


async def _is_refused(world: World) -> bool:
    return "approve-refused" in [verb for _, verb, _ in await world.deeds()]


async def _is(world: World, state: str) -> bool:
    return (await world.states())[-1] == state


async def test_whoever_is_disabled_in_entra_lets_nobody_decide(world):
    """Their proof lasts no longer than their account."""
    await proven(world)
    await asked(world)
    await world.card(CY)
    world.tenant.world.users[seed.BO].account_enabled = False
    await world.press(CY, await world.card(CY), "Approve")
    await eventually(lambda: _is_refused(world), about="Cy is refused")
    assert world.form(CY) is None
    await nothing_is_approved(world)


async def test_whoever_is_no_approver_any_more_lets_nobody_decide(world):
    """The policy of the grant says who decides: what their delegate has approved is asked anew of others."""
    await proven(world)
    await asked(world)
    link = await approve(world, CY)
    for policy in world.tenant.world.policies.values():
        if policy.package_id == seed.FINANCE_REPORTS:
            [approver] = policy.settings["requestApprovalSettings"]["stages"][0]["primaryApprovers"]
            approver["userId"] = seed.DANA
    await sign_in_by(world, link, email_of(CY, world))
    await world.card(DANA)
    await nothing_is_approved(world)
    world.slack.channel(APPROVALS).members.add(CY)
    await world.press(CY, await world.card(APPROVALS), "Approve")
    await world.whispered(CY, APPROVALS, "not among those who may decide")


async def test_disconnecting_changes_no_proof_and_makes_none(world):
    """A thief of the session disconnects the account: that this Slack account is theirs is still known."""
    await connect(world, BO)
    await proven(world)
    await world.type(BO, "/my-access disconnect")
    await eventually(lambda: _has_no_account(world), about="disconnected")
    await asked(world)
    page = await sign_in_by(world, await approve(world, CY), email_of(CY, world))
    assert page.heading == "Your approval is saved", page.shown
    await world.told(ANN, "Approved by Cy Chen for Bo Berg")


async def _has_no_account(world: World) -> bool:
    return await world.bot.store.read(accounts.find, BO) is None


@pytest.mark.parametrize(
    ("whose", "becomes"), [(BO, seed.DANA), (CY, seed.MIA)], ids=["the giver", "the delegate"]
)
async def test_a_slack_account_that_is_somebody_elses_by_now_has_no_proof(world, whose, becomes):
    """A proof is of two people in Entra, whatever their Slack accounts come to be."""
    await proven(world)
    column = "proven_as" if whose == BO else "proven_to"
    await _changed(world, **{column: becomes})
    await asked(world)
    await cy_is_not_heard(world)


async def test_a_delegate_whom_entra_does_not_know_is_said_to_be(world):
    """Whoever signs in reads for whom; where that is nobody there is no link."""
    answer = await let_decide(world)
    world.tenant.world.users[seed.CY].account_enabled = False
    await world.press(BO, answer, "Sign in for it")
    form = await eventually(lambda: world.form(BO), about="the form")
    assert "cannot tell in Entra who your delegate is" in said(form)
    assert link_in_form(form) is None


async def test_a_delegate_whose_second_account_is_still_to_be_told_of_is_said_to_be(world):
    """That Slack or Entra cannot be read is not so; it goes on once the first account has been told."""
    await asked(world)
    move_address(world, of=ANN, to=CY)
    world.slack.faults.set("fatal_error", only="conversations.open", on=True)
    answer = (await world.type(BO, f"/my-access delegate <@{CY}> until 2027-02-01")).message
    await world.press(BO, answer, "Sign in for it")
    form = await eventually(lambda: world.form(BO), about="the form")
    assert "the first one and the admins are being told of it" in said(form)
    assert link_in_form(form) is None


async def test_what_others_have_given_keeps_no_proven_delegate_from_deciding(world):
    """However many have let them decide before, without a sign-in."""
    now = world.outside.clock.now()
    for number in range(2 * MOST_LOOKED_AT):
        other = delegation(
            delegator=f"U0NOBODY{number}",
            made_by=f"U0NOBODY{number}",
            made_at=now,
            ends_at=now + timedelta(days=30),
        )
        await world.bot.store.run(delegations.add, other)
    await proven(world)
    await asked(world)
    await sign_in_by(world, await approve(world, CY), email_of(CY, world))
    await world.told(ANN, "Approved by Cy Chen for Bo Berg")


async def test_where_entra_decides_no_delegate_is_heard_proven_or_not(database, tmp_path):
    """It takes a decision from nobody but whom the policy names."""
    text = "packages:\n  Finance Reports: {decides: entra, approval: fresh sign-in, auth_context: c1}\n"
    async with approving(database, tmp_path, text) as world:
        await connect(world, ANN)
        await proven(world)
        await asked(world)
        await asyncio.sleep(2 * 60)
        assert not world.cards(CY)
        [request_id] = {
            row["request_id"] for row in await world.bot.store.run(audit.rows) if row["request_id"]
        }
        request = await world.bot.store.read(requests.get, request_id)
        actor = await world.bot.services.delegations._permissions.actor(CY, request=request)
        assert (actor.in_entra, actor.acts_for) == (True, None)


# -- authentication contexts -----------------------------------------------------------------------


async def test_a_plain_sign_in_counts_for_no_stronger_package(world):
    """Who cannot sign in as strongly proves less, and reads where it does not count; the rest can follow."""
    links = await links_to_prove(world, await let_decide(world))
    assert list(links) == ["Sign in with c1", "Sign in to Microsoft"]
    page = await sign_in_by(world, links["Sign in to Microsoft"], email_of(BO, world))
    assert page.heading == SAVED, page.shown
    await world.told(CY, "has signed in to Microsoft for letting you decide")
    await asked(world)
    await cy_is_not_heard(world)
    listed = (await world.type(BO, "/my-access delegate")).message
    assert "Not yet where it takes the authentication context c1" in said(listed)
    assert list(await links_to_prove(world, listed)) == ["Sign in with c1"]
    await sign_in_by(world, await link_to_prove(world, listed), email_of(BO, world))
    await sign_in_by(world, await approve(world, CY), email_of(CY, world))
    await world.told(ANN, "Approved by Cy Chen for Bo Berg")


async def test_several_contexts_are_proven_one_after_the_other(database, tmp_path):
    """Each sign-in is for one, and those before still count."""
    text = (
        "packages:\n  Finance Reports: {approval: fresh sign-in, auth_context: c2}\n"
        "  Customer Data: {approval: fresh sign-in, auth_context: c1}\n"
    )
    async with approving(database, tmp_path, text) as world:
        world.tenant.login.steps.contexts["c2"] = False
        links = await links_to_prove(world, await let_decide(world))
        for label in ("Sign in with c2", "Sign in with c1"):
            page = await sign_in_by(world, links[label], email_of(BO, world))
            assert page.heading == SAVED, page.shown
        [made] = await _all(world)
        assert made.proven_contexts == ("c1", "c2")
        await asked(world)
        await sign_in_by(world, await approve(world, CY), email_of(CY, world))
        await world.told(ANN, "Approved by Cy Chen for Bo Berg")


# -- a curious delegate ----------------------------------------------------------------------------


async def test_two_sign_ins_at_the_same_moment_both_count(database, tmp_path):
    """Neither forgets what the other has shown."""
    text = "packages:\n  Finance Reports: {approval: fresh sign-in, auth_context: c2}\n  Customer Data: {auth_context: c1}\n"
    async with approving(database, tmp_path, text) as world:
        world.tenant.login.steps.contexts["c2"] = False
        links = await links_to_prove(world, await let_decide(world))
        browsers = [browser_of(world) for _ in links]
        came = [
            await brought(browser, link, email_of(BO, world))
            for browser, link in zip(browsers, links.values(), strict=True)
        ]
        pages = await asyncio.gather(
            *(bring(browser, *one) for browser, one in zip(browsers, came, strict=True))
        )
        assert [page.heading for page in pages] == [SAVED] * 3
        [now] = await _all(world)
        assert now.proven_contexts == ("c1", "c2")


async def test_a_proven_delegate_approves_nothing_of_their_own(world):
    """Neither what they ask for, nor what they pass on to somebody else."""
    await proven(world)
    await world.type(CY, "/request-access finance-reports because Q4")
    await world.card(BO, "Cy Chen")
    world.slack.channel(APPROVALS).members.add(CY)
    await world.press(CY, await world.card(APPROVALS), "Approve")
    await world.whispered(CY, APPROVALS, "cannot decide your own request")
    await nothing_is_approved_of(world)


async def nothing_is_approved_of(world: World) -> None:
    await world.later(timedelta(minutes=1))
    assert (await world.states())[-1] == "add pending"


async def test_a_proven_delegate_passes_nothing_on(world):
    """Their own delegate decides nothing by it, proven or not."""
    await proven(world)
    answer = (await world.type(CY, f"/my-access delegate <@{MIA}> until 2027-01-20")).message
    links = await links_to_prove(world, answer, CY)
    await sign_in_by(world, links["Sign in with c1"], email_of(CY, world))
    await asked(world)
    world.slack.channel(APPROVALS).members.add(MIA)
    await world.press(MIA, await world.card(APPROVALS), "Approve")
    await world.whispered(MIA, APPROVALS, "not among those who may decide")
    await nothing_is_approved(world)


async def test_approver_and_delegate_are_one_voice_with_two_sign_ins(database, tmp_path):
    """Of a quorum of two they are one."""
    text = "packages:\n  Finance Reports: {approval: fresh sign-in, auth_context: c1, quorum: 2}\n"
    async with approving(database, tmp_path, text) as world:
        await proven(world)
        await asked(world)
        await sign_in_by(world, await approve(world, CY), email_of(CY, world))
        await eventually(lambda: "1 of 2" in said(world.cards(BO)[-1]), about="Cy's counts")
        world.slack.channel(APPROVALS).members.add(BO)
        await world.press(BO, await world.card(APPROVALS), "Approve")
        await world.whispered(BO, APPROVALS, "counts once")
        await nothing_is_approved(world)


async def test_where_no_package_takes_a_sign_in_nothing_of_it_is_shown(database, tmp_path):
    """As ever."""
    async with approving(database, tmp_path, "defaults: {approval: none}\n") as world:
        await let_decide(world)
        listed = (await world.type(BO, "/my-access delegate")).message
        assert labels(listed) == ["Cancel", "Let somebody decide for me"]
        assert "sign-in" not in said(listed)
