"""Where Entra decides: canceling and giving back in one's own name, and who decided in the portal."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.accounts.store import accounts
from bot.database.audit_log import audit
from bot.messages.admins import digest
from bot.messages.phrases import grant_words
from bot.people.model import Verb
from bot.reports.figures import figures
from bot.reports.model import Period
from bot.reports.page import page
from bot.requests.model import DecidedThere
from bot.requests.store import requests
from sandbox.tenant import lifecycle, seed
from sandbox.tenant.errors import bad_request
from tests.flow.access.test_leaver import as_leaver
from tests.flow.administering.test_console import pressed, shows
from tests.flow.administering.test_holding import cards as held_cards
from tests.flow.entra.test_entra_decides import ASK, asked, decide_in_portal, deciding, in_entra
from tests.flow.entra.test_entra_rights import shown_to_admins
from tests.flow.entra.test_made_in_entra import ask_there
from tests.harness.accounts import connect
from tests.harness.world import ANN, BO, DANA, MIA, eventually, labels, said

CANCEL = "^POST .*/cancel$"
UNCLEAR = ["timeout_after", "error_after", "cut_after"]
REFUSED = ["throttle", "unavailable", "unauthorized"]


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    async with deciding(database, tmp_path, GRAPH_API_VERSION=request.param) as made:
        yield made


def cancels(world):
    return [
        each
        for each in world.tenant.calls
        if each.method == "POST" and each.path.endswith("/cancel")
    ]


async def disconnect(world):
    """Ann disconnects her account."""
    await world.type(ANN, "/my-access disconnect")
    await world.whispered(ANN, "C0GENERAL", "Your Microsoft account is disconnected")


async def cancel(world):
    """Press Cancel in /my-access."""
    shown = (await world.type(ANN, "/my-access")).message
    return await world.press(ANN, shown, "Cancel")


async def test_what_is_in_entra_is_canceled_there(world):
    """In the name of whoever asked, and they are told once Entra says so."""
    await asked(world)
    await cancel(world)
    await world.told(ANN, "is canceled in Microsoft Entra")
    assert in_entra(world, "canceled").requestor_id == seed.ANN
    assert len(cancels(world)) == 1
    assert (await world.states())[-1] == "add canceled"
    await eventually(lambda: "Approve" not in labels(world.cards(BO)[-1]), about="the card")
    assert [each[:2] for each in await world.deeds() if each[1] == "cancel"] == [(ANN, "cancel")]


async def test_what_is_canceled_in_the_portal_is_said(world):
    """An administrator may do that, too: nobody is told that it was they themselves."""
    await asked(world)
    lifecycle.cancel(world.tenant.world, in_entra(world, "pendingApproval"))
    await world.later(timedelta(minutes=1))
    await world.told(ANN, "is canceled in Microsoft Entra")
    await eventually(
        lambda: "Canceled in Microsoft Entra" in said(world.cards(BO)[-1]), about="the card"
    )


@pytest.mark.parametrize("fault", [*UNCLEAR, *REFUSED])
async def test_it_is_canceled_once(fault, world):
    """Whatever the answer was, Entra is looked at before it is said once more."""
    await asked(world)
    world.tenant.faults.set(fault, count=1, only=CANCEL)
    await cancel(world)
    await world.told(ANN, "is canceled in Microsoft Entra")
    assert world.tenant.faults.counts[fault] == 1
    assert len(cancels(world)) == (1 if fault in UNCLEAR else 2)


async def test_what_was_decided_first_is_said(world):
    """Entra had approved it when it was to be canceled."""
    await asked(world)
    decide_in_portal(world, seed.BO)
    await cancel(world)
    await world.told(
        ANN, "(?s)decided in Microsoft Entra before it could be canceled.*You now have access"
    )
    assert (await world.states())[-1] == "add delivered"


async def test_what_is_decided_while_it_is_canceled_is_said(world, monkeypatch):
    """Between our look and our word."""
    await asked(world)
    real = lifecycle.cancel

    def late(there, request):
        decide_in_portal(world, seed.BO, approve=False, justification="No budget")
        real(there, request)

    monkeypatch.setattr(lifecycle, "cancel", late)
    await cancel(world)
    await world.told(ANN, "(?s)decided in Microsoft Entra before it could be canceled.*was denied")
    assert (await world.states())[-1] == "add denied"


async def test_an_account_is_needed_to_cancel(world):
    """They are asked to connect; meanwhile it can be decided, and when they have, it is canceled."""
    await asked(world)
    await disconnect(world)
    await cancel(world)
    await world.told(ANN, "To cancel your request")
    shown = said((await world.type(ANN, "/my-access")).message)
    assert "being canceled in Microsoft Entra" in shown
    await world.later(timedelta(minutes=5))
    assert (await world.states())[-1] == "add pending"
    await connect(world, ANN)
    await world.told(ANN, "is canceled in Microsoft Entra")


async def test_an_approver_is_faster_than_a_missing_account(world):
    """The wish to cancel keeps nobody from deciding."""
    await asked(world)
    await connect(world, BO)
    await disconnect(world)
    await cancel(world)
    await world.told(ANN, "To cancel your request")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "(?s)before it could be canceled.*You now have access")
    assert not cancels(world)


async def test_entras_refusal_to_cancel_is_said(world, monkeypatch):
    """And the request waits on."""
    await asked(world)

    def refuses(there, request):
        raise bad_request("Not now.")

    monkeypatch.setattr(lifecycle, "cancel", refuses)
    await cancel(world)
    await world.told(ANN, "(?s)is not canceled.*Microsoft Entra refused it: .*Not now")
    assert (await world.states())[-1] == "add pending"
    await world.later(timedelta(minutes=5))
    assert len(cancels(world)) == 1
    monkeypatch.undo()
    await cancel(world)
    await world.told(ANN, "is canceled in Microsoft Entra")


async def delivered(world):
    await asked(world)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")


async def give_back(world):
    shown = (await world.type(ANN, "/my-access")).message
    await world.press(ANN, shown, "Return")
    await world.told(ANN, "you have returned \\*Finance Reports\\*")


def removals(world):
    return [
        (each.request_type, each.requestor_id)
        for each in world.tenant.world.requests.values()
        if each.request_type.endswith("Remove")
    ]


async def test_access_is_given_back_in_ones_own_name(world):
    """Entra names who has given it back."""
    await delivered(world)
    await give_back(world)
    assert removals(world) == [("userRemove", seed.ANN)]
    assert (await world.states())[-1] == "remove delivered"


async def test_access_is_given_back_without_an_account(world):
    """Taking access away waits for nothing: the app does it."""
    await delivered(world)
    await disconnect(world)
    await give_back(world)
    assert removals(world) == [("adminRemove", None)]


@pytest.mark.parametrize("fault", [*UNCLEAR, *REFUSED])
async def test_access_is_given_back_once(fault, world):
    """Whatever the answer was."""
    await delivered(world)
    world.tenant.faults.set(fault, count=1, only="^POST .*ssignmentRequests$")
    await give_back(world)
    assert world.tenant.faults.counts[fault] == 1
    assert removals(world) == [("userRemove", seed.ANN)]


async def test_an_admin_removes_as_the_app(world):
    """It is not the holder who does it."""
    await delivered(world)
    await connect(world, DANA)
    await world.type(DANA, f"/access-admin remove <@{ANN}> finance-reports because she moved")
    await world.told(ANN, "was removed by")
    assert [each for each, _ in removals(world)] == ["adminRemove"]


async def test_after_a_removal_nobody_is_told_that_an_admin_has_to_approve(world):
    """Entra knows no such thing, and it decides who gets it again."""
    await delivered(world)
    await world.type(DANA, f"/access-admin remove <@{ANN}> finance-reports because she moved")
    await world.told(ANN, "was removed by")

    shown = said((await world.type(ANN, "/request-access finance-reports because Q1")).message)

    assert "Finance Reports" in shown
    assert "an admin has to approve" not in shown


async def in_log(world):
    rows = await world.bot.store.run(audit.rows)
    return [
        row["details"]["decided_in_entra"]
        for row in rows
        if "decided_in_entra" in (row["details"] or {})
    ]


async def test_who_denied_in_the_portal_is_said(world):
    """With their reason: to whoever asked, on the card, and in the log."""
    await asked(world)
    await connect(world, BO)
    decide_in_portal(world, seed.BO, approve=False, justification="Not this year")
    await world.later(timedelta(minutes=1))
    await world.told(ANN, "(?s)denied by Bo Berg.*Not this year")
    await eventually(
        lambda: "Denied in Microsoft Entra by Bo Berg" in said(world.cards(BO)[-1]),
        about="the card",
    )
    assert "Not this year" in said(world.cards(BO)[-1])
    assert await in_log(world) == [[{"stage": 1, "verb": "deny", "entra_id": seed.BO}]]


async def test_who_approved_in_the_portal_is_said(world):
    """To whoever asked, and on the card."""
    await asked(world)
    await connect(world, BO)
    decide_in_portal(world, seed.BO)
    await world.later(timedelta(minutes=1))
    await world.told(ANN, "(?s)You now have access.*Bo Berg|Bo Berg.*You now have access")
    await eventually(
        lambda: "Approved in Microsoft Entra by Bo Berg" in said(world.cards(BO)[-1]),
        about="the card",
    )
    assert await in_log(world) == [[{"stage": 1, "verb": "approve", "entra_id": seed.BO}]]


async def test_who_is_not_known_is_not_named(world):
    """Nobody who decides has connected, so Graph shows nobody's decision."""
    await asked(world)
    decide_in_portal(world, seed.BO, approve=False, justification="Not this year")
    await world.later(timedelta(minutes=1))
    shown = await world.told(ANN, "was denied")
    assert "Bo Berg" not in said(shown)
    assert await in_log(world) == []


async def test_a_stage_in_the_portal_and_one_in_slack(world):
    """Each is said once, as it was."""
    await connect(world, ANN)
    await world.type(ANN, "/request-access production-database because deploy")
    await world.card(MIA)
    await connect(world, MIA)
    decide_in_portal(world, seed.MIA, justification="On call")
    await world.later(timedelta(minutes=1))
    card = await world.card(BO)
    assert "Approved in Microsoft Entra by Mia Moreau" in said(card)
    await world.told(ANN, "Mia Moreau approved step 1 of 2")
    await connect(world, BO)
    await world.press(BO, card, "Approve")
    await world.give_reason(BO, "Fine")
    await world.told(ANN, "You now have access")
    await eventually(lambda: f"Approved by <@{BO}>" in said(world.cards(BO)[-1]), about="the card")
    assert said(world.cards(BO)[-1]).count("Bo Berg") <= 1


async def test_what_was_decided_in_slack_is_no_decision_of_the_portals(world):
    """Entra shows it, too, and it is one."""
    await delivered(world)
    await world.later(timedelta(minutes=2))
    assert "Approved in Microsoft Entra" not in said(await shown_to_admins(world))
    assert await in_log(world) == []


async def test_what_waits_for_the_account_has_no_reminder_once_it_is_canceled(world):
    """It is over, and nothing waits any more."""
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    await cancel(world)
    before = len(world.direct(ANN))
    await world.later(timedelta(days=1, minutes=15))
    assert not [each for each in world.direct(ANN)[before:] if "still waits" in said(each)]


async def test_whoever_has_decided_a_step_may_see_the_next(world):
    """Bo, who has connected no account, decides the second in the portal; Mia's token shows it."""
    await connect(world, ANN)
    await world.type(ANN, "/request-access production-database because deploy")
    await world.card(MIA)
    await connect(world, MIA)
    await world.press(MIA, await world.card(MIA), "Approve")
    await world.card(BO)
    decide_in_portal(world, seed.BO, approve=False, justification="Not tonight")
    await world.later(timedelta(minutes=1))
    await world.told(ANN, "(?s)denied by Bo Berg.*Mia Moreau had approved.*Not tonight")


@pytest.mark.parametrize("is_known", [True, False])
async def test_who_decided_in_the_portal_is_counted_in_the_report(is_known, world):
    """As decided in Entra, if somebody's token shows who did; if not, the page says that one is left out."""
    await asked(world)
    if is_known:
        await connect(world, BO)
    decide_in_portal(world, seed.BO, approve=False, justification="Not this year")
    await world.told(ANN, "was denied|denied by")
    now = world.outside.clock.now() + timedelta(minutes=1)
    period = Period(since=now - timedelta(days=7), until=now)
    found = await world.bot.store.read(
        figures, at=now, period=period, ends_within=timedelta(days=7)
    )
    shown = page(found, about="All packages")
    counted = [(each.name, each.approved, each.denied) for each in found.approvers]
    assert counted == ([("Bo Berg (in Microsoft Entra)", 0, 1)] if is_known else [])
    assert ("Requests that are not counted here" in shown) is not is_known
    assert "Nobody decided a request" not in shown


async def last_use(world, user):
    account = await world.bot.store.read(accounts.find, user)
    return account.used_at


async def test_that_latchkey_looks_by_itself_is_no_use_of_a_token(world):
    """It reads the stages with the token of somebody who is asked, and who does nothing; what they do counts."""
    await connect(world, ANN)
    await world.type(ANN, "/request-access production-database because deploy")
    await world.card(MIA)
    await connect(world, MIA)
    since = await last_use(world, MIA)
    await world.later(timedelta(days=2))
    await eventually(
        lambda: any("ssignmentApprovals/" in each.path for each in world.tenant.calls),
        about="a look at the stages",
    )
    assert await last_use(world, MIA) == since
    await world.press(MIA, await world.card(MIA), "Approve")
    await world.card(BO)
    assert await last_use(world, MIA) - since >= timedelta(days=2)


async def extending(world):
    """Ann has access, and waits in Entra for Bo, who decides whether she keeps it longer."""
    await asked(world)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=25))
    await world.extend(ANN, (await world.type(ANN, "/my-access")).message)
    await eventually(lambda: "asks to extend" in said(world.cards(BO)[-1]), about="the card")


async def test_what_waits_to_be_extended_is_given_back(world):
    """Entra takes no removal of what waits for a decision, so the extension is canceled first, in the same person's name."""
    await extending(world)
    await world.press(ANN, (await world.type(ANN, "/my-access")).message, "Return")
    await world.told(ANN, "Done: you have returned")
    assert await world.states() == ["add delivered", "extend canceled", "remove delivered"]
    assert len(cancels(world)) == 1


async def test_what_waits_to_be_extended_is_removed_by_an_admin(world):
    """It does not wait until somebody decides about the extension."""
    await extending(world)
    await world.type(DANA, f"/access-admin remove <@{ANN}> finance-reports because she moved")
    await world.told(ANN, "was removed by")
    assert (await world.states())[-1] == "remove delivered"
    assert (DANA, "cancel", "The access is being removed.") in await world.deeds()


async def blocked(world):
    """Ann, who waits in Entra to be extended, has disconnected, and an admin removes her access."""
    await extending(world)
    await disconnect(world)
    await world.type(DANA, f"/access-admin remove <@{ANN}> finance-reports because laptop stolen")
    await world.told(DANA, "still has \\*Finance Reports\\*.*have that request denied")


async def test_an_admin_removes_what_waits_to_be_extended_once_it_is_denied_there(world):
    """Entra takes no removal while it waits, and no app may cancel it: that is said once, and it goes on by itself."""
    await blocked(world)
    await world.later(timedelta(hours=5))
    assert not held_cards(world)
    assert len([each for each in world.direct(DANA) if "still has" in said(each)]) == 1
    assert (await world.states())[-1] == "remove approved"
    refused = len(world.posts("adminRemove"))
    decide_in_portal(world, seed.BO, approve=False, justification="No")
    await world.told(ANN, "was removed by")
    assert (await world.states())[-2:] == ["extend denied", "remove delivered"]
    assert len(world.posts("adminRemove")) == refused + 1


async def test_an_admin_removes_what_waits_to_be_extended_once_its_account_is_connected(world):
    """Then it is canceled, in the name of whoever asked."""
    await blocked(world)
    await connect(world, ANN)
    await world.told(ANN, "was removed by")
    assert (await world.states())[-2:] == ["extend canceled", "remove delivered"]


async def test_what_waits_to_be_extended_is_given_back_once_an_account_is_connected(world):
    """They read what keeps them from it."""
    await extending(world)
    await disconnect(world)
    await world.press(ANN, (await world.type(ANN, "/my-access")).message, "Return")
    await world.told(ANN, "You still have \\*Finance Reports\\*.*Please connect")
    shown = said((await world.type(ANN, "/my-access")).message)
    assert "waiting until another request about it is over in Microsoft Entra" in shown
    await connect(world, ANN)
    await world.told(ANN, "Done: you have returned")
    assert await world.states() == ["add delivered", "extend canceled", "remove delivered"]


@pytest.mark.parametrize("is_made_there", [False, True])
async def test_of_a_leaver_what_is_in_entra_is_not_canceled(is_made_there, world):
    """The app may not do that, and nobody is told that it was: the admin reads what is left to do."""
    await connect(world, ANN)
    if is_made_there:
        ask_there(world, seed.ANN)
        await world.later(timedelta(minutes=1))
    else:
        await world.type(ANN, ASK)
    await world.card(BO)
    await as_leaver(world)
    await shows(world, "1 request is with Entra already and is not canceled")
    assert "cancels these requests" not in said(world.form(DANA))
    await pressed(world, "Remove all …")
    await shows(world, "there is nothing left to remove")
    await shows(world, "have it denied")
    assert (await world.states())[-1] == "add pending"
    assert in_entra(world, "pendingApproval")


async def test_nowhere_is_said_that_nobody_had_to_approve_what_was_approved_in_the_portal(world):
    """Neither to an admin who asks why somebody has it, nor in the digest, nor in an auditor's page."""
    await asked(world)
    decide_in_portal(world, seed.BO)
    await world.told(ANN, "You now have access")
    now = world.outside.clock.now() + timedelta(minutes=1)
    period = Period(since=now - timedelta(days=7), until=now)
    found = await world.bot.store.read(
        figures, at=now, period=period, ends_within=timedelta(days=7)
    )
    (request,) = found.finished
    assert "as Microsoft Entra decided" in digest._grant_line(request)
    kept = await world.bot.store.read(requests.get, request.id)
    assert "It was approved in Microsoft Entra." in grant_words.why(kept, (), None, ())
    # Once somebody who may read it has connected their account, it is known who.
    by = DecidedThere(stage=0, verb=Verb.APPROVE, entra_id=seed.BO, name="Bo Berg")
    kept = replace(kept, decided_there=(by,))
    said = grant_words.why(kept, (), kept, ())
    assert said.count("Approved in Microsoft Entra by Bo Berg.") == 2
    assert "obody had to" not in said
