"""Enterprise Grid: members of several workspaces, people with two ids, clicks that name the organization, an app for all of it."""

from collections.abc import Callable

import httpx
import pytest
import pytest_asyncio

from bot import clock
from bot.errors import ConfigurationError
from sandbox.run import StandIns
from sandbox.slack.seed import ORGANIZATION, join_grid
from sandbox.tenant.model import User
from tests.handlers.conftest import Endpoint
from tests.harness.simulation import simulation
from tests.harness.world import ANN, APPROVALS, BO, DANA, EVE, eventually, living, said

pytestmark = pytest.mark.asyncio(loop_scope="module")

Prepare = Callable[[StandIns], None]
COLLEAGUES = {"W0WANDA": "wanda", "W0NOLA": "nola", "W0OTTO": "otto", "W0OLGA": "olga"}
HOW = {
    "in one workspace": {},
    "in one workspace, clicks name the organization": {"names_organization": True},
    "for the organization": {"is_org_install": True},
}


def on_grid(*, is_org_install: bool = False, names_organization: bool = False) -> Prepare:
    """The tutorial's world in an organization, with its people in Entra."""

    def prepare(outside: StandIns) -> None:
        join_grid(outside.workspace, org_install=is_org_install)
        outside.workspace.names_organization = names_organization
        for policy in outside.tenant.world.policies.values():
            policy.allowed_target_scope = "allMemberUsers"
        for number, name in enumerate(COLLEAGUES.values()):
            user_id = f"a0000000-0000-4000-8000-00000000010{number}"
            outside.tenant.world.users[user_id] = User(
                id=user_id,
                display_name=name.capitalize(),
                user_principal_name=f"{name}@contoso.example",
                created_at=clock.now(),
                mail=f"{name}@contoso.example",
            )

    return prepare


@pytest_asyncio.fixture(params=HOW, loop_scope="module")
async def world(request, tmp_path, sqlite_template):
    """A bot on Enterprise Grid, in each of the ways it may be installed."""
    file = tmp_path / "latchkey.db"
    file.write_bytes(sqlite_template.read_bytes())
    facts = HOW[request.param]
    workspace = "T0LATCH" if facts.get("is_org_install") else ""
    prepare = on_grid(**facts)
    async with living(file, prepare=prepare, LATCHKEY_WORKSPACE=workspace) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def grid_endpoint(world):
    transport = httpx.ASGITransport(app=world.bot.asgi, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:
        yield Endpoint(world.bot, world.slack.signing_secret, http)


@pytest.mark.parametrize("user", ["W0WANDA", "W0NOLA", ANN])
async def test_a_member_of_ours_gets_what_they_ask_for(world, user):
    """Called after another workspace, after none, or after ours."""
    await world.type(user, "/request-access marketing-campaign")

    await world.told(user, "You now have access")


@pytest.mark.parametrize("user", ["W0OTTO", "W0OLGA"])
async def test_a_member_of_other_workspaces_alone_gets_nothing(world, grid_endpoint, user):
    """With or without a home workspace in their profile, and although the command names ours."""
    await grid_endpoint.command(
        "/request-access",
        "marketing-campaign",
        user_id=user,
        is_enterprise_install=str(world.slack.is_org_install).lower(),
        enterprise_id=ORGANIZATION,
    )

    await eventually(lambda: _states(world))
    assert await world.states() == ["add refused"]
    assert not world.posts("adminAdd")


async def _states(world):
    return "add refused" in await world.states()


@pytest.mark.parametrize("user", [BO, DANA])
async def test_a_decider_decides_whichever_team_the_click_names(world, user):
    """An approver whom the policy names, and an admin whom a user group lists by another id."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Finance Reports")

    await world.press(user, await world.card(APPROVALS, "Finance Reports"), "Approve")

    await world.told(ANN, "You now have access")


async def test_an_admin_who_is_listed_by_another_id_sees_the_lists(world):
    """Slack knows her by both."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")

    shown = said((await world.type(DANA, "/access-admin assignments")).message)

    assert "Marketing Campaign" in shown


@pytest.mark.parametrize("user", ["W0OTTO", "W0OLGA", EVE])
async def test_nobody_else_decides_whatever_their_click_names(world, grid_endpoint, user):
    """Colleagues of other workspaces and strangers, who see a card and claim our team or the organization."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(APPROVALS, "Finance Reports")
    value = next(
        each["value"] for each in card.blocks[-1]["elements"] if each["text"]["text"] == "Approve"
    )

    for team in ("T0LATCH", "T0OTHER", ORGANIZATION, None):
        payload = grid_endpoint.click_payload("latchkey_approve", value, user=user, team=team)
        payload |= {
            "enterprise": {"id": ORGANIZATION, "name": "Contoso"},
            "is_enterprise_install": world.slack.is_org_install,
        }
        assert (await grid_endpoint.interact(payload)).status_code == 200

    async def refused():
        return [deed[:2] for deed in await world.deeds()].count((user, "approve-refused")) == 4

    await eventually(refused)
    assert await world.states() == ["add pending"]


# What payloads name: team, enterprise, whether they are for the organization; and where they are let in.
PAYLOADS = [
    ("T0LATCH", None, False, {"in one workspace"}),
    ("T0LATCH", ORGANIZATION, False, {"in one workspace", "for the organization"}),
    ("T0LATCH", ORGANIZATION, True, {"for the organization"}),
    (None, ORGANIZATION, True, {"for the organization"}),
    (ORGANIZATION, ORGANIZATION, True, {"for the organization"}),
    (ORGANIZATION, ORGANIZATION, False, {"in one workspace", "for the organization"}),
    ("T0OTHER", ORGANIZATION, False, set()),
    ("T0OTHER", ORGANIZATION, True, set()),
    (None, ORGANIZATION, False, set()),
    (None, None, True, set()),
    (None, None, False, set()),
    (None, "E0ELSE", True, set()),
    ("E0ELSE", "E0ELSE", True, set()),
    ("E0ELSE", "E0ELSE", False, set()),
    (ORGANIZATION, "E0ELSE", True, set()),
]


@pytest.mark.cases(12)
@pytest.mark.parametrize(("team", "enterprise", "is_org", "where"), PAYLOADS)
async def test_only_what_is_for_us_comes_in(
    world, grid_endpoint, request, team, enterprise, is_org, where
):
    """By team, by organization and by installation, as this app is installed."""
    payload = grid_endpoint.click_payload("latchkey_extend", "x", user=ANN) | {
        "team": team and {"id": team},
        "enterprise": enterprise and {"id": enterprise},
        "is_enterprise_install": is_org,
    }
    way = "for the organization" if world.slack.is_org_install else "in one workspace"
    before = len(world.whispers(ANN, APPROVALS)) + len(world.direct(ANN))

    assert (await grid_endpoint.interact(payload)).status_code == 200
    await world.bot.background.finish()

    heard = len(world.whispers(ANN, APPROVALS)) + len(world.direct(ANN)) - before
    is_at_home = way in where or (team == "T0LATCH" and not is_org)
    assert heard == int(is_at_home)


@pytest.mark.parametrize("strange", ["E0CONTOSO", 7, [ORGANIZATION], {"id": None}, {"id": {}}])
async def test_a_payload_of_an_unknown_organization_is_rejected(world, grid_endpoint, strange):
    """Signed, but not as Slack sends it."""
    payload = grid_endpoint.click_payload("latchkey_extend", "x", user=ANN) | {
        "team": None,
        "enterprise": strange,
        "is_enterprise_install": True,
    }
    before = len(world.whispers(ANN, APPROVALS)) + len(world.direct(ANN))

    assert (await grid_endpoint.interact(payload)).status_code < 500
    await world.bot.background.finish()

    assert len(world.whispers(ANN, APPROVALS)) + len(world.direct(ANN)) == before


async def test_an_app_of_an_organization_needs_to_know_its_workspace(tmp_path, sqlite_template):
    """Without the setting it does not start, and says what to do."""
    file = tmp_path / "latchkey.db"
    file.write_bytes(sqlite_template.read_bytes())
    async with simulation(file) as around:
        on_grid(is_org_install=True)(around.outside)

        with pytest.raises(ConfigurationError, match="LATCHKEY_WORKSPACE"):
            await around.start()


@pytest.mark.parametrize("is_org", [True, False])
async def test_another_workspace_than_the_tokens_is_refused(tmp_path, sqlite_template, is_org):
    """A slip in the setting: an app of an organization cannot read that workspace, another is not of it."""
    file = tmp_path / "latchkey.db"
    file.write_bytes(sqlite_template.read_bytes())
    async with simulation(file) as around:
        on_grid(is_org_install=is_org)(around.outside)

        with pytest.raises(ConfigurationError):
            await around.start(LATCHKEY_WORKSPACE="T0WRONG")
