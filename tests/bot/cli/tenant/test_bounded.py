"""`latchkey request`, `extend` and `remove` leave alone what LATCHKEY_CATALOGS leaves out."""

import dataclasses

import pytest

from bot.cli.access.operate import extend, remove, request
from sandbox.tenant import seed

ANN = "ann@contoso.example"
OTHER = "c0000000-0000-4000-8000-0000000000ff"


def posts(tenant):
    return [
        call
        for call in tenant.calls
        if call.method == "POST" and call.path.lower().endswith("assignmentrequests")
    ]


@pytest.fixture
def elsewhere(tenant, monkeypatch):
    """Marketing Campaign is in a catalog that does not count."""
    world = tenant.world
    world.catalogs[OTHER] = dataclasses.replace(
        world.catalogs[seed.GENERAL], id=OTHER, display_name="Other"
    )
    world.packages[seed.MARKETING_CAMPAIGN].catalog_id = OTHER
    monkeypatch.setenv("LATCHKEY_CATALOGS", "general")


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("command", [request, extend, remove], ids=lambda each: each.name)
def test_what_is_outside_is_refused(latchkey, tenant, graph_app, command):
    """With the catalog's name."""
    graph_app.give(seed.ANN, seed.MARKETING_CAMPAIGN)
    before = len(posts(tenant))

    result = latchkey(command, ["marketing-campaign", ANN, "--because", "x", "--yes"])

    assert result.exit_code == 1
    assert "in the catalog “Other”, which LATCHKEY_CATALOGS leaves out" in " ".join(
        result.stderr.split()
    )
    assert len(posts(tenant)) == before


def test_what_is_inside_is_done(latchkey, tenant, monkeypatch):
    """By its id, too."""
    monkeypatch.setenv("LATCHKEY_CATALOGS", seed.GENERAL.upper())

    result = latchkey(request, ["marketing-campaign", ANN, "--yes"])

    assert result.exit_code == 0, result.stderr
    assert len(posts(tenant)) == 1


def test_a_catalog_that_is_not_there_is_refused(latchkey, tenant, monkeypatch):
    """Nothing is done under a setting that means nothing."""
    monkeypatch.setenv("LATCHKEY_CATALOGS", "Genral")

    result = latchkey(request, ["marketing-campaign", ANN, "--yes"])

    assert result.exit_code == 1
    assert "Did you mean “General”?" in " ".join(result.stderr.split())
    assert posts(tenant) == []
