"""Somebody asks for many links to sign in: the newest five count, and whoever is at Microsoft's page is the last to be stopped."""

import pytest
import sqlalchemy as sa

from bot.accounts.store import sign_ins as store_of_sign_ins
from bot.database import Transaction
from bot.database.tables import sign_ins
from tests.flow.deciding.test_fresh_sign_in import (
    approving,
    asked,
    bring,
    brought,
    nothing_is_approved,
)
from tests.harness.accounts import approve, browser_of, email_of, link_of, sign_in_by
from tests.harness.world import ANN, BO

MOST = store_of_sign_ins.MOST_OPEN
REPLACED = "only the last five count, so this one is over"


@pytest.fixture
async def world(database, tmp_path):
    async with approving(database, tmp_path) as made:
        yield made


@pytest.mark.parametrize("ask", [approve, link_of], ids=["approve", "connect"])
async def test_more_presses_do_not_end_what_is_under_way(world, ask):
    """However many, of the same card or of something else: nobody has begun these."""
    await asked(world)
    browser = browser_of(world)
    url, body = await brought(browser, await approve(world, BO), email_of(BO, world))
    for _ in range(MOST + 3):
        await ask(world, BO)
    page = await bring(browser, url, body)
    assert page.heading == "Your approval is saved", page.shown
    await world.told(ANN, "You now have access")


async def test_a_link_that_was_replaced_says_so(world):
    """The first of six, which nobody has begun; the other five can be begun."""
    await asked(world)
    links = [await approve(world, BO) for _ in range(MOST + 1)]
    shown = [(await browser_of(world).get(link)).shown for link in links]
    assert [REPLACED in each for each in shown] == [True, *[False] * MOST]
    assert "was used already" not in shown[0]
    page = await sign_in_by(world, links[1], email_of(BO, world))
    assert page.heading == "Your approval is saved"


async def test_whoever_comes_back_from_a_sign_in_that_was_replaced_reads_why(world):
    """Five newer ones are under way, too: whose Slack session is stolen learns it there."""
    await asked(world)
    first = browser_of(world)
    url, body = await brought(first, await approve(world, BO), email_of(BO, world))
    later = []
    for _ in range(MOST):
        browser = browser_of(world)
        later.append(
            (browser, await brought(browser, await approve(world, BO), email_of(BO, world)))
        )
    page = await bring(first, url, body)
    assert page.status == 400
    assert REPLACED in page.shown
    assert "somebody else uses your Slack account" in page.shown
    await nothing_is_approved(world)
    browser, (url, body) = later[0]
    assert (await bring(browser, url, body)).heading == "Your approval is saved"


async def test_a_state_that_never_was_is_over(world):
    """Nobody learns by it whose links there are."""
    await asked(world)
    for _ in range(MOST + 1):
        await approve(world, BO)
    page = await browser_of(world).is_sent(
        "https://latchkey.example/sign-in/callback", {"state": "x", "code": "y"}
    )
    assert REPLACED not in page.shown
    assert "is over" in page.shown


async def test_so_many_rows_are_kept_of_one_person(world):
    """Whoever presses all day fills no table."""
    await asked(world)
    most = MOST + store_of_sign_ins.MOST_REPLACED
    for _ in range(most + 5):
        await approve(world, BO)

    def count(db: Transaction) -> int:
        return db.execute(sa.select(sa.func.count()).select_from(sign_ins)).scalar_one()

    assert await world.bot.store.read(count) == most
