"""PostgreSQL goes away between COMMIT and its answer: nobody is told that nothing has changed, where all of it has."""

import re
from pathlib import Path
from typing import NoReturn

import pytest

from bot.database import Busy, Unsure
from bot.messages.requests import several
from bot.requests.asking.together import ask_for_each
from bot.words import speaking
from tests.flow.deciding.test_fresh_sign_in import approving, bring, brought
from tests.flow.deciding.test_proven_delegations import let_decide
from tests.flow.operating.test_database_lost import cut_at_commit
from tests.flow.self_service.test_sign_in_pages import PURPOSE, PURPOSES
from tests.harness.accounts import browser_of, email_of
from tests.harness.camera import empty_postgresql
from tests.harness.world import BO, eventually, said

NOT_KNOWN = "I can't tell"
NOTHING = "Nothing has changed"
# The transaction that ends each sign-in begins it so.
ENDS = {
    "connect": "INSERT INTO account (",
    "approve": "UPDATE decision SET",
    "delegate": "UPDATE delegation SET",
}
HANDLERS = Path(__file__).parents[3] / "handlers"


@pytest.fixture
async def world(simulated, postgresql, tmp_path):
    async with approving(next(empty_postgresql(postgresql)), tmp_path) as made:
        yield made


@PURPOSE
async def test_a_sign_in_that_may_be_saved_is_not_said_to_be_lost(world, purpose):
    """The page says that it is not known."""
    browser = browser_of(world)
    link = await PURPOSES[purpose][0](world)
    url, body = await brought(browser, link, email_of(BO, world))
    cut_at_commit(world.bot.store.engine, of=ENDS[purpose])

    page = await bring(browser, url, body)

    assert page.status == 503
    assert page.heading.startswith(NOT_KNOWN)
    assert NOT_KNOWN in page.shown
    assert NOTHING not in page.shown


async def test_a_link_that_may_be_saved_is_not_said_to_be_lost(world):
    """In the form that would have had it."""
    answer = await let_decide(world)
    cut_at_commit(world.bot.store.engine, of="INSERT INTO sign_in")

    await world.press(BO, answer, "Sign in for it")

    form = await eventually(lambda: world.form(BO), about="the form")
    assert NOT_KNOWN in said(form)
    assert NOTHING not in said(form)


@pytest.mark.parametrize(
    ("fault", "is_known"), [(Busy("down"), True), (Unsure("cut"), False)], ids=["down", "cut"]
)
async def test_of_several_that_may_be_saved_none_is_said_not_to_be_asked_for(
    world, fault, is_known
):
    """By name, in the view and in the note above the next form."""
    package = next(iter(await world.bot.services.request_forms.offered_packages()))

    async def ask(_: object) -> NoReturn:
        raise fault

    result = await ask_for_each([package], ask)

    with speaking("en"):
        for shown in (several.results_view(result), {"text": several.note_before_forms(result)}):
            assert ("so it was not asked for" in str(shown)) is is_known
            assert (NOT_KNOWN in str(shown)) is not is_known
            assert package.name in str(shown)


def test_what_is_said_of_a_database_that_did_not_answer_goes_one_way():
    """Through `not_done`, which knows what may be saved; but where only a key may be, and nothing was done."""
    alone = re.compile(r"_\(\s*[A-Z]+_NOT_SAVED\s*\)")
    files = {
        each.relative_to(HANDLERS).as_posix()
        for each in HANDLERS.rglob("*.py")
        if alone.search(each.read_text("utf-8"))
    }
    assert files == {"dispatch/deduplicate.py"}
