"""The doctor knows this Latchkey behind its public address from any other."""

import pytest

from bot.doctor.model import Severity
from bot.doctor.table import CHECKS, examine
from tests.harness.accounts import SETTINGS
from tests.harness.by_hand import by_hand
from tests.harness.doctoring import subject_of

(CHECK,) = (each for each in CHECKS if each.name == "public-address")


@pytest.fixture
async def signing_in(database):
    """A bot that people's browsers come to."""
    async with by_hand(database, **SETTINGS) as made:
        yield made.latchkey


async def test_this_latchkey_is_known(signing_in):
    """By what it says of itself on a page of a link that is none."""
    [found] = await examine(subject_of(signing_in), [CHECK])

    assert found.severity is Severity.FINE
    assert "reach this Latchkey" in found.sentence


@pytest.mark.parametrize("changed", ["azure_client_id", "azure_tenant_id", "public_url"])
async def test_one_of_other_settings_is_another(signing_in, changed):
    """A test installation, or one that was started before the address was changed."""
    other = {changed: "https://other.example" if changed == "public_url" else "7e000000-0000"}
    settings = signing_in.settings.model_copy(update=other)

    [found] = await examine(subject_of(signing_in, settings=settings), [CHECK])

    assert found.severity is Severity.BROKEN
    assert "another Latchkey answers" in found.sentence


async def test_a_latchkey_that_runs_without_sign_ins_is_found(harness):
    """It has no such page."""
    settings = harness.latchkey.settings.model_copy(update={"public_url": "https://h.example"})

    [found] = await examine(subject_of(harness.latchkey, settings=settings), [CHECK])

    assert found.severity is Severity.BROKEN
    assert "runs without LATCHKEY_PUBLIC_URL" in found.sentence
