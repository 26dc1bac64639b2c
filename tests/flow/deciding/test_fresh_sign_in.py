"""An approval that a fresh sign-in proves: by whoever approves, for that request, now; and every way around it."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bot import chance, clock
from bot.accounts.store import sign_ins
from bot.approvals.accepting import accept_approval
from bot.approvals.model import Decision
from bot.approvals.store import decisions
from bot.database.audit_log import audit
from bot.database.tables import requests
from bot.errors import ConfigurationError, WrongFields
from bot.people.model import Verb
from bot.requests.evaluation.stages import stage_changes
from bot.requests.store import requests as requests_of_bot
from sandbox.run import StandIns
from sandbox.tenant import seed
from tests.harness.accounts import (
    PUBLIC,
    SETTINGS,
    approve,
    browser_of,
    email_of,
    link_in_form,
    new_link,
    registered,
    sign_in_by,
)
from tests.harness.browser import Browser, Page
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

ASK = "/request-access finance-reports because Q4"
FILE = "packages:\n  Finance Reports: {approval: fresh sign-in, auth_context: c1}\n"
LEFT_OUT = "Where an approval takes a fresh sign-in to Microsoft, this counts only once"
NOT_HEARD = "Bo Berg has not signed in for that"
BACK = f"{PUBLIC}/sign-in/callback"


def settings_file(tmp_path: Path, text: str = FILE) -> str:
    file = tmp_path / "latchkey.yml"
    file.write_text(text, "utf-8")
    return str(file)


@asynccontextmanager
async def approving(
    database: Path | str,
    tmp_path: Path,
    text: str = FILE,
    prepare: Callable[[StandIns], None] = registered,
) -> AsyncIterator[World]:
    """A world with these package settings, in which browsers come back."""
    settings: dict[str, Any] = {
        "LATCHKEY_PACKAGE_SETTINGS": settings_file(tmp_path, text),
        **SETTINGS,
    }
    async with living(database, prepare=prepare, **settings) as made:
        yield made


@pytest.fixture
async def world(database, tmp_path):
    async with approving(database, tmp_path) as made:
        yield made


async def asked(world: World) -> None:
    await world.type(ANN, ASK)
    await world.card(BO)


async def nothing_is_approved(world: World) -> None:
    """However long one waits."""
    await world.later(timedelta(minutes=1))
    assert not [each for each in world.posts("adminAdd") if seed.ANN in str(each.body)]
    assert (await world.states())[-1] == "add pending"


async def details_of_approval(world: World) -> dict[str, Any]:
    rows = await world.bot.store.run(audit.rows)
    return next(row["details"] for row in rows if row["verb"] == "approve-accepted")


async def test_an_approver_signs_in_and_the_approval_counts(world):
    """With the second factor that the authentication context asks for; the audit log has what proves it."""
    await asked(world)
    assert "takes a fresh sign-in" in said(await world.card(BO))
    link = await approve(world, BO)
    browser = browser_of(world)
    shown = await browser.get(link)
    assert "approve “Finance Reports” for Ann Abara" in shown.shown
    assert "Why they ask: Q4" in shown.shown
    tokens: list[str] = []
    _listen(world, tokens)
    await browser.press("Go on to Microsoft")
    page = await browser.sign_in(email_of(BO, world))
    assert page.heading == "Your approval is saved", page.shown
    await world.told(ANN, "You now have access")
    details = await details_of_approval(world)
    assert details["sign_in"] == hashlib.sha256(tokens[-1].encode()).hexdigest()
    assert details["signed_in_at"]


def _listen(world: World, tokens: list[str]) -> None:
    """Note the identity tokens that the stand-in signs."""
    keys = world.tenant.login.keys
    sign = keys.sign

    def listening(claims: Any) -> str:
        tokens.append(sign(claims))
        return tokens[-1]

    keys.sign = listening  # type: ignore[method-assign]


async def test_the_sandboxs_days_make_no_sign_in_older(world):
    """Microsoft says by its own clock when somebody has signed in, whatever day the sandbox plays."""
    await world.later(timedelta(days=40))
    await asked(world)
    page = await sign_in_by(world, await approve(world, BO), email_of(BO, world))
    assert page.heading == "Your approval is saved", page.shown
    await world.told(ANN, "You now have access")


async def test_the_press_alone_approves_nothing(world):
    """A stolen Slack session has no more than that."""
    await asked(world)
    await approve(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await nothing_is_approved(world)


async def test_a_thief_of_a_slack_session_signs_in_as_himself(world):
    """It is refused, told to both, and in the audit log; the request still waits."""
    await world.type(CY, "/my-access")
    await world.type(CY, "/request-access marketing-campaign")
    await world.told(CY, "You now have access")
    await asked(world)
    page = await sign_in_by(world, await approve(world, BO), email_of(CY, world))
    assert "not the one of your Slack account" in page.shown
    await world.told(BO, "to approve a request in your name, with an account that is not yours")
    await world.told(CY, f"to approve a request in the name of <@{BO}>")
    [row] = [
        each for each in await world.bot.store.run(audit.rows) if "signed in" in (each["why"] or "")
    ]
    assert row["details"] == {"signed_in_as": seed.CY, "to": "approve"}
    assert row["request_id"]
    await nothing_is_approved(world)


async def test_the_session_in_the_browser_is_not_enough(world):
    """Whoever signed in to something else a minute ago signs in once more."""
    await asked(world)
    browser = browser_of(world)
    await browser.get(await approve(world, BO))
    await browser.press("Go on to Microsoft")
    await browser.sign_in(email_of(BO, world), password="wrong")
    assert "incorrect" in _shown(browser)
    await browser.sign_in(email_of(BO, world))
    await world.told(ANN, "You now have access")
    await world.type(CY, ASK)
    await world.card(BO, "Cy Chen")
    await browser.get(await approve(world, BO))
    page = await browser.press("Go on to Microsoft")
    assert page.heading in {"Pick an account", "Enter password"}


def _shown(browser: Browser) -> str:
    assert browser.page is not None
    return browser.page.shown


# -- what Microsoft's answer may be like -----------------------------------------------------------

Change = Callable[[World, dict[str, Any]], Any]


def _claims(**changes: Any) -> Change:
    """Sign other claims than those that are so."""

    def sign(world: World, claims: dict[str, Any]) -> Any:
        now = claims["iat"]
        found = {
            name: value(now) if callable(value) else value
            for name, value in {**claims, **changes}.items()
        }
        return {name: value for name, value in found.items() if value is not None}

    return sign


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(world: World, claims: dict[str, Any]) -> str:
    header = {"alg": "none", "kid": world.tenant.login.keys.newest_id}
    return f"{_part(header)}.{_part(claims)}."


def _by_another_key(world: World, claims: dict[str, Any]) -> str:
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kid = world.tenant.login.keys.newest_id
    return jwt.encode(claims, own, algorithm="RS256", headers={"kid": kid})


def _by_the_public_key(world: World, claims: dict[str, Any]) -> str:
    [published] = world.tenant.login.keys.published()["keys"]
    head = f"{_part({'alg': 'HS256', 'kid': published['kid']})}.{_part(claims)}"
    digest = hashlib.sha256(head.encode() + published["n"].encode()).digest()
    return f"{head}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


FORGED: dict[str, Change] = {
    "another person": _claims(oid=seed.CY),
    "another tenant": _claims(tid="7e000000-0000-4000-8000-0000000000ff"),
    "another issuer": _claims(
        iss="https://microsoft.test/7e000000-0000-4000-8000-0000000000ff/v2.0"
    ),
    "another app": _claims(aud="7e000000-0000-4000-8000-0000000000ff"),
    "another sign-in": _claims(nonce="another"),
    "no nonce": _claims(nonce=None),
    "a stale sign-in": _claims(auth_time=lambda now: now - 301),
    "a sign-in from before the link": _claims(auth_time=lambda now: now - 125),
    "a sign-in to come": _claims(auth_time=lambda now: now + 121),
    "no time of the sign-in": _claims(auth_time=None),
    "a time that is none": _claims(auth_time="now"),
    "no authentication context": _claims(acrs=None),
    "another authentication context": _claims(acrs=["c2"]),
    "a context that is a word": _claims(acrs="c1"),
    "an old token": _claims(exp=lambda now: now - 121),
    "no signature": _unsigned,
    "another key": _by_another_key,
    "the public key as a secret": _by_the_public_key,
}


@pytest.mark.parametrize("how", sorted(FORGED))
async def test_an_answer_that_proves_less_approves_nothing(world, how):
    """However Microsoft's login, or whoever stands in its place, comes to give it."""
    await asked(world)
    keys = world.tenant.login.keys
    sign, change = keys.sign, FORGED[how]

    def forged(claims: dict[str, Any]) -> str:
        made = change(world, dict(claims))
        return made if isinstance(made, str) else str(sign(made))

    keys.sign = forged
    page = await sign_in_by(world, await approve(world, BO), email_of(BO, world))
    assert page.status == 400, page.shown
    assert page.heading == "That did not work"
    await nothing_is_approved(world)
    # And as it should be, it counts.
    keys.sign = sign
    await sign_in_by(world, await approve(world, BO), email_of(BO, world))
    await world.told(ANN, "You now have access")


# -- what is brought back --------------------------------------------------------------------------


async def brought(browser: Browser, link: str, email: str) -> tuple[str, bytes]:
    """Sign in, and stop before the answer is brought to the bot."""
    await browser.get(link)
    browser.stops_at = BACK
    await browser.press("Go on to Microsoft")
    await browser.sign_in(email)
    assert browser.stopped is not None, _shown(browser)
    _, url, body = browser.stopped
    browser.stops_at = browser.stopped = None
    return url, body


async def bring(browser: Browser, url: str, body: bytes) -> Page:
    return await browser._go("POST", url, body)


async def test_an_answer_counts_once(world):
    """Nobody approves the next request with the proof of the last."""
    await asked(world)
    browser = browser_of(world)
    url, body = await brought(browser, await approve(world, BO), email_of(BO, world))
    assert (await bring(browser, url, body)).heading == "Your approval is saved"
    await world.told(ANN, "You now have access")
    await world.type(CY, ASK)
    await world.card(BO, "Cy Chen")
    await approve(world, BO)
    page = await bring(browser, url, body)
    assert "was used already" in page.shown
    await nothing_is_approved_for_cy(world)


async def nothing_is_approved_for_cy(world: World) -> None:
    await world.later(timedelta(minutes=1))
    assert (await world.states())[-1] == "add pending"


async def test_the_answer_of_one_sign_in_is_none_to_another(world):
    """The code of one with the state of the other, in the same browser, approves neither."""
    await asked(world)
    await world.type(CY, ASK)
    await world.card(BO, "Cy Chen")
    ann, cy = browser_of(world), browser_of(world)
    cards = [each for each in world.cards(BO) if "Approve" in labels(each)]
    links = []
    for card in cards:
        before = link_in_form(world.form(BO))
        await world.press(BO, card, "Approve")
        links.append(await new_link(world, BO, before))
    url, first = await brought(ann, links[0], email_of(BO, world))
    _, second = await brought(cy, links[1], email_of(BO, world))
    of_first, of_second = _fields(first), _fields(second)
    swapped = {**of_first, "code": of_second["code"]}
    page = await ann.is_sent(url, swapped)
    assert page.status == 400
    page = await cy.is_sent(url, {**of_second, "code": of_first["code"]})
    assert page.status == 400
    await nothing_is_approved(world)


def _fields(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode()))


async def test_a_sign_in_of_another_browser_does_not_count(world):
    """Whoever is talked into signing in by somebody else's link approves nothing."""
    await asked(world)
    thief, bo = browser_of(world), browser_of(world)
    await thief.get(await approve(world, BO))
    thief.stops_at = "https://microsoft.test"
    await thief.press("Go on to Microsoft")
    assert thief.stopped is not None
    await bo.get(thief.stopped[1])
    page = await bo.sign_in(email_of(BO, world))
    assert "another browser" in page.shown
    await nothing_is_approved(world)


async def test_a_sign_in_that_takes_too_long_does_not_count(world):
    """Ten minutes after the link."""
    await asked(world)
    browser = browser_of(world)
    url, body = await brought(browser, await approve(world, BO), email_of(BO, world))
    await world.later(timedelta(minutes=10))
    assert "is over" in (await bring(browser, url, body)).shown
    await nothing_is_approved(world)


async def test_an_answer_that_is_brought_late_does_not_count(world):
    """Five minutes after they have signed in, although the link still holds."""
    await asked(world)
    browser = browser_of(world)
    url, body = await brought(browser, await approve(world, BO), email_of(BO, world))
    await asyncio.sleep(5 * 60 + 1)
    assert "older sign-in" in (await bring(browser, url, body)).shown
    await nothing_is_approved(world)


async def test_what_was_denied_meanwhile_is_not_approved(world):
    """To deny takes no sign-in."""
    await asked(world)
    browser = browser_of(world)
    url, body = await brought(browser, await approve(world, BO), email_of(BO, world))
    await world.press(DANA, await world.card(APPROVALS), "Deny")
    await world.give_reason(DANA, "No.")
    await world.told(ANN, "denied")
    assert "has changed" in (await bring(browser, url, body)).shown
    assert not world.posts("adminAdd")


async def test_the_link_of_a_request_that_changed_is_over(world):
    """A sign-in proves the terms that were read."""
    await asked(world)
    link = await approve(world, BO)
    request_id = (await world.bot.store.run(audit.rows))[0]["request_id"]
    await world.bot.store.run(_with_other_terms, request_id)
    assert "has changed" in (await browser_of(world).get(link)).shown


def _with_other_terms(db: Any, request_id: str) -> None:
    db.execute(requests.update().where(requests.c.id == request_id).values(terms_hash="another"))


async def test_whoever_may_not_decide_does_not_by_a_sign_in(world):
    """A sign-in proves who somebody is, and gives no right."""
    await asked(world)
    world.slack.channel(APPROVALS).members.add(CY)
    await world.press(CY, await world.card(APPROVALS), "Approve")
    await world.whispered(CY, APPROVALS, "not among those who may decide")
    assert world.form(CY) is None
    await nothing_is_approved(world)


# -- the other ways to approve ---------------------------------------------------------------------


async def test_approving_for_less_takes_it_too(world):
    """After the form that asks for the end."""
    await asked(world)
    await world.press(BO, await world.card(BO), "Approve for less")
    form = await eventually(lambda: world.form(BO))
    end = int((world.outside.clock.now() + timedelta(days=2)).timestamp())
    await world.slack.submit(user=BO, view_id=form.id, values={"until": {"until": end}})
    link = await new_link(world, BO)
    await nothing_is_approved(world)
    page = await sign_in_by(world, link, email_of(BO, world))
    assert page.heading == "Your approval is saved", page.shown
    await world.told(ANN, "You now have access")
    assert (await details_of_approval(world))["until"]


async def _for_less(world: World, days: int, before: str | None) -> str:
    """Approve for less in Slack; returns the new link."""
    form = world.form(BO)
    await world.press(BO, await world.card(BO), "Approve for less")
    opened = await eventually(
        lambda: (found := world.form(BO)) and found is not form and found, about="the form"
    )
    until = int((world.outside.clock.now() + timedelta(days=days)).timestamp())
    await world.slack.submit(user=BO, view_id=opened.id, values={"until": {"until": until}})
    return await new_link(world, BO, before)


@pytest.mark.parametrize("days", [29, 2])
async def test_the_end_that_was_signed_for_is_the_one_that_counts(world, days):
    """Whoever has the Slack session sends the form again, while the approver is at Microsoft's page."""
    await asked(world)
    link = await _for_less(world, 1, None)
    browser = browser_of(world)
    url, body = await brought(browser, link, email_of(BO, world))
    again = await _for_less(world, days, link)

    page = await bring(browser, url, body)

    assert "has changed" in page.shown
    await nothing_is_approved(world)
    page = await sign_in_by(world, again, email_of(BO, world))
    assert page.heading == "Your approval is saved"
    await world.told(ANN, "You now have access")


async def test_a_plain_approval_forgets_the_shorter_end_that_nobody_signed_for(world):
    """Bo chooses a day, does not sign in, and presses Approve: what Ann gets is what she has asked for."""
    await asked(world)
    short = await _for_less(world, 1, None)
    for view in list(world.slack.person(BO).modals):
        await world.slack.close(user=BO, view_id=view.id)
    link = await approve(world, BO)

    assert "has changed" in (await browser_of(world).get(short)).shown
    await nothing_is_approved(world)
    page = await sign_in_by(world, link, email_of(BO, world))

    assert page.heading == "Your approval is saved", page.shown
    assert "instead of" not in said(await world.told(ANN, "You now have access"))
    assert "until" not in await details_of_approval(world)


async def test_a_reason_is_asked_for_first(database, tmp_path):
    """And kept with the approval."""

    def prepare(outside: StandIns) -> None:
        registered(outside)
        for policy in outside.tenant.world.policies.values():
            if policy.package_id == seed.FINANCE_REPORTS:
                stage = policy.settings["requestApprovalSettings"]["stages"][0]
                stage["isApproverJustificationRequired"] = True

    async with approving(database, tmp_path, prepare=prepare) as world:
        await asked(world)
        await world.press(BO, await world.card(BO), "Approve")
        await world.give_reason(BO, "It is needed.")
        link = await new_link(world, BO)
        browser = browser_of(world)
        assert "Your reason: It is needed." in (await browser.get(link)).shown
        await browser.press("Go on to Microsoft")
        await browser.sign_in(email_of(BO, world))
        await world.told(ANN, "You now have access")
        assert (BO, "approve-accepted", "It is needed.") in await world.deeds()


async def test_several_are_not_approved_at_once(world):
    """Home has no button for them; who sends such a form all the same is refused."""
    for user in (ANN, CY):
        await world.type(user, ASK)
    await eventually(lambda: len(world.cards(BO)) == 2)
    await world.slack.open_home(user=BO)
    home = await eventually(lambda: world.home(BO))
    assert not [each for each in labels(home) if "Approve all" in each]
    rows = await world.bot.store.run(audit.rows)
    ask_ids = [f"{each}0000" for each in dict.fromkeys(row["request_id"] for row in rows) if each]
    approvals = world.bot.services.approvals
    with pytest.raises(WrongFields, match="fresh sign-in"):
        await approvals.approve_several(ask_ids=ask_ids, slack_user=BO, team=None, reason="x")
    await nothing_is_approved(world)


@pytest.mark.parametrize("verb", ["Approve", "Deny"])
@pytest.mark.parametrize(
    ("session", "command"),
    [
        (BO, f"/my-access delegate <@{CY}> until 2027-02-01"),
        (DANA, f"/access-admin delegate <@{BO}> to <@{CY}> until 2027-02-01"),
    ],
    ids=["the approver's", "an admin's"],
)
@pytest.mark.parametrize("is_before", [True, False], ids=["before", "while it waits"])
async def test_a_stolen_session_lets_nobody_else_decide(world, session, command, is_before, verb):
    """Who has it names themselves as delegate, for which nobody signs in, and could then sign in as themselves."""
    if not is_before:
        await asked(world)
    answer = said((await world.type(session, command)).message)
    assert LEFT_OUT in answer
    await world.told(CY, LEFT_OUT)
    if session != BO:
        await world.told(BO, LEFT_OUT)
    if is_before:
        await asked(world)
    await asyncio.sleep(2 * 60)
    assert not world.cards(CY)

    world.slack.channel(APPROVALS).members.add(CY)
    await world.press(CY, await world.card(APPROVALS), verb)

    await world.whispered(CY, APPROVALS, NOT_HEARD)
    assert world.form(CY) is None or verb == "Deny"
    await nothing_is_approved(world)
    page = await sign_in_by(world, await approve(world, BO), email_of(BO, world))
    assert page.heading == "Your approval is saved"
    await world.told(ANN, "Approved by Bo Berg")


async def test_a_delegate_made_by_the_form_is_not_heard_either(world):
    """Its answer says what is left out; and their question is none of whoever may decide."""
    await asked(world)
    await world.slack.open_home(user=BO)
    await eventually(lambda: "Let somebody decide for me" in labels(world.home(BO)))
    await world.press_home(BO, "Let somebody decide for me")
    form = await eventually(lambda: world.form(BO), about="the form")
    until = int((world.outside.clock.now() + timedelta(days=1)).timestamp())
    values = {"delegate": {"delegate": CY}, "until": {"until": until}}
    outcome = await world.slack.submit(user=BO, view_id=form.id, values=values)
    assert outcome.ok, outcome
    assert LEFT_OUT in said(world.form(BO))
    await world.told(CY, "you may decide for")

    world.slack.channel(APPROVALS).members.add(CY)
    await world.press(CY, await world.card(APPROVALS), "Ask a question")

    await world.whispered(CY, APPROVALS, NOT_HEARD)


async def test_whoever_is_a_delegate_of_one_of_a_quorum_decides_nothing(database, tmp_path):
    """Not even no, after the approver's yes, which a delegate may elsewhere."""
    text = "packages:\n  Finance Reports: {approval: fresh sign-in, quorum: 2}\n"
    async with approving(database, tmp_path, text) as world:
        await asked(world)
        await world.type(BO, f"/my-access delegate <@{CY}> until tomorrow")
        await world.told(CY, "you may decide for")
        await sign_in_by(world, await approve(world, BO), email_of(BO, world))
        await eventually(lambda: "1 of 2" in said(world.cards(BO)[-1]), about="Bo's counts")
        world.slack.channel(APPROVALS).members.add(CY)
        for verb in ("Approve", "Deny"):
            await world.press(CY, await world.card(APPROVALS), verb)
            await world.whispered(CY, APPROVALS, NOT_HEARD)
        await nothing_is_approved(world)


async def test_the_answer_to_a_delegation_is_as_ever_without_such_packages(database, tmp_path):
    """Nothing is left out, and nobody reads of it."""
    async with approving(database, tmp_path, "defaults: {approval: none}\n") as world:
        command = f"/my-access delegate <@{CY}> until tomorrow"
        answer = said((await world.type(BO, command)).message)
        assert "may decide for you" in answer
        assert LEFT_OUT not in answer


async def test_an_admin_who_is_a_delegate_stands_in_as_an_admin(world):
    """By their own right, with their own sign-in, and in nobody's name."""
    await world.type(BO, f"/my-access delegate <@{DANA}> until tomorrow")
    await world.told(DANA, "you may decide for")
    await asked(world)
    await world.press(DANA, await world.card(APPROVALS), "Approve")
    link = await new_link(world, DANA)
    await sign_in_by(world, link, email_of(DANA, world))
    await world.told(ANN, "You now have access")
    assert (await details_of_approval(world))["decided_as"] == "admin"


async def test_what_a_delegate_has_approved_before_does_not_count_at_the_grant(world):
    """A version that heard delegates here may have taken it, with the delegate's own sign-in."""
    await world.type(BO, f"/my-access delegate <@{CY}> until tomorrow")
    await world.told(CY, "you may decide for")
    await asked(world)
    rows = await world.bot.store.run(audit.rows)
    request_id = next(row["request_id"] for row in rows if row["request_id"])
    await world.bot.store.run(_approved_by_a_delegate, request_id)
    world.bot.jobs.wake()
    await eventually(lambda: _waits(world), about="asked anew")
    await nothing_is_approved(world)


async def _waits(world: World) -> bool:
    return (await world.states())[-1] == "add pending"


def _approved_by_a_delegate(db: Any, request_id: str) -> None:
    """As an earlier version has written it."""
    request = requests_of_bot.get(db, request_id)
    click = Decision(
        id=chance.new_id(),
        request_id=request_id,
        verb=Verb.APPROVE,
        slack_user=CY,
        at=clock.now(),
        round=0,
        stage=0,
        entra_id=seed.CY,
        name="Cy Chen",
        for_user=BO,
        for_entra_id=seed.BO,
        for_name="Bo Berg",
        proof="0" * 64,
        proven_as=seed.CY,
        signed_in_at=clock.real(),
    )
    decisions.add(db, click, holder=ANN, holder_entra_id=seed.ANN, is_draft=True)
    assert accept_approval(db, click, request, stage_changes(request, stage=1))


async def test_an_admin_in_place_of_the_approvers_signs_in(world):
    """There is no way around it for them."""
    await asked(world)
    await world.press(DANA, await world.card(APPROVALS), "Approve")
    link = await new_link(world, DANA)
    await nothing_is_approved(world)
    await sign_in_by(world, link, email_of(DANA, world))
    await world.told(ANN, "You now have access")


async def test_each_of_a_quorum_signs_in(database, tmp_path):
    """One proof is one voice."""
    text = "packages:\n  Finance Reports: {approval: fresh sign-in, quorum: 2}\n"
    async with approving(database, tmp_path, text) as world:
        await asked(world)
        await sign_in_by(world, await approve(world, BO), email_of(BO, world))
        await eventually(lambda: "1 of 2" in said(world.cards(BO)[-1]), about="Bo's counts")
        assert not world.posts("adminAdd")
        await world.press(DANA, await world.card(APPROVALS), "Approve")
        link = await new_link(world, DANA)
        await sign_in_by(world, link, email_of(DANA, world))
        await world.told(ANN, "You now have access")


async def test_a_click_that_was_saved_without_proof_does_not_count(world):
    """Whatever has saved it: the job that judges it insists."""
    await asked(world)
    rows = await world.bot.store.run(audit.rows)
    request_id = next(row["request_id"] for row in rows if row["request_id"])
    await world.bot.store.run(_saved_without_proof, request_id)
    world.bot.jobs.wake()
    await world.told(BO, "takes a fresh sign-in")
    await nothing_is_approved(world)


def _saved_without_proof(db: Any, request_id: str) -> None:
    click = Decision(
        id=chance.new_id(),
        request_id=request_id,
        verb=Verb.APPROVE,
        slack_user=BO,
        at=clock.now(),
        round=0,
        stage=0,
    )
    decisions.add(db, click, holder=ANN, holder_entra_id=seed.ANN, is_draft=False)


async def test_other_packages_take_a_press(world):
    """As ever."""
    await world.type(CY, "/request-access marketing-campaign")
    await world.told(CY, "You now have access")
    assert await world.bot.store.read(sign_ins.owing_news) == []


async def test_without_a_public_address_it_does_not_start(database, tmp_path):
    """Nobody could approve anything."""
    with pytest.raises(ConfigurationError, match="needs LATCHKEY_PUBLIC_URL"):
        async with living(database, LATCHKEY_PACKAGE_SETTINGS=settings_file(tmp_path)):
            pass
