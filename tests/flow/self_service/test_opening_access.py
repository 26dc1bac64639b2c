"""Test that people can open what they have been given: from the news of it, from their list, and from Home."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.tenant import seed
from sandbox.tenant.model import Application, Resource, ResourceRoleScope
from tests.flow.asking.test_on_behalf import ask_for
from tests.flow.self_service.test_home import opened
from tests.harness.valid import complaints
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    GENERAL,
    World,
    buttons,
    eventually,
    labels,
    living,
    said,
)

OWN = "https://reports.contoso.example/today?view=all#top"
FILE = f"""\
packages:
  Finance Reports: {{open: "{OWN}"}}
  Marketing Campaign: {{open: none}}
"""


def links(shown: Any) -> list[str]:
    return [each["url"] for each in buttons(shown) if "url" in each]


async def listed(world: World, user: str) -> Any:
    """Return the answer to somebody's /my-access."""
    answer = await world.type(user, "/my-access")
    assert answer.message is not None
    return answer.message


def answer_to(world: World, user: str) -> Any:
    """Return the list of everything that somebody can open, where they asked for it."""
    found = [
        each
        for each in world.slack.channel(GENERAL).seen_by(user)
        if "What you can open with" in each.text
    ]
    return found[-1] if found else None


async def has_reports(world: World) -> Any:
    """Ann has got the finance reports; what she was told."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(BO)
    await world.press(BO, card, "Approve")
    return await world.told(ANN, "You now have access to \\*Finance Reports\\*")


def more_applications(world: World, count: int) -> None:
    """Have the finance reports give more applications, each with its own role."""
    tenant = world.tenant.world
    package = tenant.packages[seed.FINANCE_REPORTS]
    for number in range(count):
        application = Application(tenant.new_id(), f"Tool {number}", {tenant.new_id(): "User"})
        tenant.applications[application.id] = application
        (role,) = application.roles
        resource = Resource(
            id=tenant.new_id(),
            catalog_id=package.catalog_id,
            display_name=application.display_name,
            origin_id=application.id,
            origin_system="AadApplication",
            created_at=package.created_at,
            scope_id=tenant.new_id(),
            role_ids={role: tenant.new_id()},
        )
        tenant.resources[resource.id] = resource
        package.role_scopes.append(
            ResourceRoleScope(
                id=f"{resource.role_ids[role]}_{resource.scope_id}",
                resource_id=resource.id,
                role_origin_id=role,
                created_at=package.created_at,
            )
        )


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_the_news_of_access_opens_what_it_gives(database, version):
    """An application in My Apps and a site at its own address; a link that is opened is acknowledged."""
    async with living(database, GRAPH_API_VERSION=version) as world:
        told = await has_reports(world)

        assert labels(told) == ["Open Contoso Ledger", "Open Finance"]
        ledger, site = links(told)
        assert site == seed.FINANCE_SITE
        parts = urlsplit(ledger)
        assert (parts.scheme, parts.netloc) == ("https", "myapps.microsoft.com")
        assert re.fullmatch(r"/signin/Contoso%20Ledger/[0-9a-f-]{36}", parts.path)
        assert parse_qs(parts.query) == {"tenantId": [world.tenant.tenant_id]}
        for label in labels(told):
            outcome = await world.press(ANN, told, label)
            assert outcome.ok
        assert complaints(world) == []


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_a_team_opens_in_teams(database, version):
    """One thing needs no name: the package's stands beside it."""
    async with living(database, GRAPH_API_VERSION=version) as world:
        await world.type(ANN, "/request-access marketing-campaign")
        told = await world.told(ANN, "You now have access")

        (button,) = buttons(told)
        assert button["text"]["text"] == "Open"
        assert button["accessibility_label"] == "Open: Marketing resources, Marketing Campaign"
        assert f"groupId={seed.MARKETING_RESOURCES}" in button["url"]
        assert complaints(world) == []


async def test_ones_list_and_home_open_what_one_has(world):
    """Beside what else can be done about it; each press is acknowledged, and changes nothing."""
    await opened(world, ANN)
    await has_reports(world)

    shown = await listed(world, ANN)
    assert labels(shown)[:3] == ["Open Contoso Ledger", "Open Finance", "Return"]
    await eventually(lambda: "Open Finance" in labels(world.home(ANN)))
    assert links(world.home(ANN)) == links(shown)
    for outcome in (
        await world.press(ANN, shown, "Open Finance"),
        await world.press_home(ANN, "Open Finance"),
    ):
        assert outcome.ok
    assert "Finance Reports" in said(await listed(world, ANN))
    assert complaints(world) == []


async def test_what_is_not_there_is_not_offered(world):
    """Not while it waits, not while it is returned, and not when it has ended."""
    await opened(world, ANN)
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(BO)
    assert links(await listed(world, ANN)) == []
    assert links(card) == links(world.home(ANN)) == []
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")
    shown = await listed(world, ANN)
    assert links(shown)

    world.tenant.faults.set("unavailable", only="^POST .*ssignmentRequests")
    await world.press(ANN, shown, "Return")
    await eventually(lambda: "Being removed." in said(world.home(ANN)))
    assert links(await listed(world, ANN)) == links(world.home(ANN)) == []

    world.tenant.faults.clear()
    await world.later(timedelta(days=31))
    await eventually(
        lambda: "Finance Reports" not in said(world.home(ANN)).split("Access you can")[0]
    )
    assert links(await listed(world, ANN)) == links(world.home(ANN)) == []


async def test_nobody_else_is_offered_what_somebody_has(world):
    """Neither whoever decided it, nor the admins, nor in the list of who has what."""
    await has_reports(world)

    await opened(world, BO, DANA)
    shown = await world.type(DANA, "/access-admin assignments")
    for each in (
        world.home(BO),
        world.home(DANA),
        shown.message,
        *world.cards(BO),
        *world.cards(APPROVALS),
    ):
        assert links(each) == []


async def test_whoever_asked_for_somebody_is_not_offered_it(world):
    """The other is."""
    assert await ask_for(world, DANA, ANN, seed.MARKETING_CAMPAIGN)

    assert links(await world.told(DANA, "now has access to .*Marketing Campaign")) == []
    assert len(links(await world.told(ANN, "You now have access"))) == 1


async def test_the_rest_is_one_press_away(world):
    """More than fits beside each other: a list of all of it, for whoever has it and for nobody else."""
    more_applications(world, 5)
    await world.synced()
    told = await has_reports(world)
    assert labels(told) == ["Open Contoso Ledger", "Open Finance", "Open Tool 0", "and 4 more"]

    shown = await listed(world, ANN)
    assert "and 5 more" in labels(shown)
    await world.press(ANN, shown, "and 5 more")

    everything = await eventually(lambda: answer_to(world, ANN))
    assert len(links(everything)) == 7
    assert "*Tool 4*" in said(everything)
    assert "SharePoint site" in said(everything)
    assert complaints(world) == []


async def test_the_list_of_all_of_it_is_for_whoever_has_it_now(world):
    """An old message of somebody's opens nothing any more when the access is gone."""
    more_applications(world, 5)
    await world.synced()
    told = await has_reports(world)
    await world.later(timedelta(days=31))
    await world.told(ANN, "has ended")

    await world.press(ANN, told, "and 4 more")

    await world.told(ANN, "You do not have that access now")
    assert answer_to(world, ANN) is None


async def test_an_address_of_the_settings_goes_before_all_else(
    database: Path | str, tmp_path: Path
) -> None:
    """And a package whose links are turned off has none."""
    file = tmp_path / "latchkey.yml"
    file.write_text(FILE, "utf-8")
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=str(file)) as world:
        told = await has_reports(world)
        assert links(told) == [OWN]
        assert labels(told) == ["Open"]
        await world.type(CY, "/request-access marketing-campaign")
        assert links(await world.told(CY, "You now have access")) == []
        assert links(await listed(world, ANN)) == [OWN]
        assert links(await listed(world, CY)) == []
        assert complaints(world) == []
