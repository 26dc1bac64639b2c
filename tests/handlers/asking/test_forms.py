"""The two forms: with a reason, without one, twice, and by somebody else."""

import pytest
import pytest_asyncio

from bot.packages.store import catalog
from bot.requests.model import State
from bot.requests.store import request_lists
from tests.harness.world import ANN, APPROVALS, BO, CY, DANA, MIA, eventually, labels, said

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def packages(world):
    """The packages on offer, by slug."""
    return {each.slug: each for each in await world.bot.store.run(catalog.list_all)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def card(world):
    """A card in the admins' channel, of a request by Ann that nobody has decided."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    return await world.card(APPROVALS, "Ann Abara asks for Finance Reports")


async def waiting(world, user):
    return [
        each
        for each in (await world.bot.store.run(request_lists.open_for, user)).rows
        if each.holder == user
    ]


async def test_the_ask_button_opens_a_form(world):
    """From the offer, one click opens the form that says what the package gives."""
    await world.type(MIA, "/request-access list")
    # Who has not been known before is looked up.
    await world.bot.background.finish()
    offer = (await world.type(MIA, "/request-access list")).message

    await world.press(MIA, offer, "Ask for it", about="Finance Reports")

    form = await eventually(lambda: world.form(MIA))
    assert "Contoso Ledger" in said(form)
    await world.slack.close(user=MIA, view_id=form.id)


async def test_the_form_asks_with_its_reason(world, endpoint, packages):
    """What stands in the field is the reason of the request."""
    response = await endpoint.submit(
        "latchkey_request", packages["finance-reports"].id, "for the audit", user=CY
    )

    answer = response.json()
    assert (response.status_code, answer["response_action"]) == (200, "update")
    assert "whether you may have *Finance Reports*" in said(answer["view"]["blocks"])
    assert [each.justification for each in await waiting(world, CY)] == ["for the audit"]


@pytest.mark.parametrize("reason", [None, "", "   ", "\n\t", "\u200b"])
async def test_the_form_insists_on_a_reason(world, endpoint, packages, reason):
    """Without a reason the form stays open and says so at the field; nothing is asked for."""
    response = await endpoint.submit(
        "latchkey_request", packages["production-database"].id, reason, user=BO
    )

    assert response.json()["response_action"] == "errors"
    assert "say why" in response.json()["errors"]["reason"]
    assert not await waiting(world, BO)


async def test_a_form_without_a_package_is_answered_with_an_error(endpoint):
    """A package that has gone meanwhile, or an id made up: one sentence in the form."""
    response = await endpoint.submit("latchkey_request", "no-such-package", "because")

    assert "not offered any more" in response.json()["errors"]["reason"]


async def test_a_very_long_reason_is_cut_not_refused(world, endpoint, packages):
    """3,000 characters are more than is kept, and no accident."""
    response = await endpoint.submit(
        "latchkey_request", packages["finance-reports"].id, "why " * 750, user=DANA
    )

    assert response.status_code == 200
    assert [len(each.justification) for each in await waiting(world, DANA)] == [1_000]


async def test_deny_asks_for_a_reason_first(world, card):
    """The Deny button opens a form; until it is sent the request still waits."""
    await world.press(DANA, card, "Deny")

    form = await eventually(lambda: world.form(DANA))
    assert form.callback_id == "latchkey_reason"
    assert [each.state for each in await waiting(world, ANN)] == [State.PENDING]
    await world.slack.close(user=DANA, view_id=form.id)


@pytest.mark.parametrize("reason", [None, "", "  \n "])
async def test_a_decision_without_its_reason_stays_open(world, endpoint, card, reason):
    """An empty reason is answered at the field, and nothing is decided."""
    await world.press(DANA, card, "Deny")
    form = await eventually(lambda: world.form(DANA))

    response = await endpoint.submit("latchkey_reason", form.private_metadata, reason, user=DANA)

    assert response.json()["errors"] == {"reason": "Please give a reason."}
    assert "Deny" in labels(card)
    await world.slack.close(user=DANA, view_id=form.id)


async def test_nobody_completes_somebody_elses_decision(world, endpoint, card):
    """A draft belongs to whoever clicked; its id does not help anybody else."""
    await world.press(DANA, card, "Deny")
    form = await eventually(lambda: world.form(DANA))

    response = await endpoint.submit("latchkey_reason", form.private_metadata, "mine now", user=BO)

    assert "errors" in response.json()
    assert [each.state for each in await waiting(world, ANN)] == [State.PENDING]
    await world.slack.close(user=DANA, view_id=form.id)


@pytest.mark.parametrize("about", ["", "x", "0" * 32, "'; DROP TABLE decision; --"])
async def test_a_reason_without_a_decision_is_answered_with_an_error(endpoint, about):
    """A form about nothing we know gets a sentence at its field."""
    response = await endpoint.submit("latchkey_reason", about, "because")

    assert "has been sent already" in response.json()["errors"]["reason"]


async def test_a_reason_sent_twice_counts_once(world, endpoint):
    """The second of two identical forms changes nothing, and is told so."""
    await world.type(MIA, "/request-access production-database because of the outage")
    card = await world.card(APPROVALS, "Production Database")
    await world.press(DANA, card, "Deny")
    form = await eventually(lambda: world.form(DANA))

    first = await endpoint.submit("latchkey_reason", form.private_metadata, "not now", user=DANA)
    second = await endpoint.submit("latchkey_reason", form.private_metadata, "not ever", user=DANA)

    assert first.content == b""
    assert "has been sent already" in second.json()["errors"]["reason"]
    assert "not now" in said(await world.told(MIA, "was denied"))


async def test_an_unknown_form_is_no_server_error(endpoint):
    """A view that is none of ours is not found."""
    assert (await endpoint.submit("latchkey_explode", "x", "because")).status_code == 404


@pytest.mark.parametrize("state", [None, {}, {"values": None}, {"values": {"reason": None}}])
async def test_a_form_without_its_field_is_no_server_error(endpoint, state):
    """Signed, but not as Slack sends it: below 500, and nothing is decided."""
    payload = {
        "type": "view_submission",
        "team": endpoint.team,
        "user": {"id": "U0ANN", "team_id": "T0LATCH"},
        "api_app_id": "A0LATCH",
        "view": {"type": "modal", "callback_id": "latchkey_reason", "state": state},
    }

    assert (await endpoint.interact(payload)).status_code < 500


@pytest.mark.parametrize(
    "blocks", ["[][]", 7, {"block_id": "reason"}, ["reason"], [None], [{"block_id": ["reason"]}]]
)
async def test_a_form_with_other_blocks_than_slacks_is_turned_away(endpoint, blocks):
    """An error is shown at a block of the form that came back, so they are looked at."""
    response = await endpoint.submit("latchkey_request", "no-package", "because", blocks=blocks)

    assert response.status_code == 400
