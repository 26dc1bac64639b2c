"""Many holders of access whom nobody knows: found among all members of the workspace, by the rules for each."""

import asyncio
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from bot import clock
from bot.assignments.store import assignment_lists, assignments, links
from bot.people.store import people
from bot.slack import users
from bot.sync import members
from bot.sync.links import LOOKUPS_A_SYNC, HolderLinks
from bot.sync.rechecks import LOOK_AGAIN_AFTER
from sandbox.slack import Person
from sandbox.tenant.model import User
from tests.bot.samples import held
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering
from tests.harness.wires import GoOn

MANY = LOOKUPS_A_SYNC + 10
EVER = 10**6


def entra_id(number: int) -> str:
    return f"a1000000-0000-4000-8000-{number:012}"


def slack_id(number: int) -> str:
    return f"U1{number:06}"


def address(number: int) -> str:
    return f"person.{number}@contoso.example"


async def crowd(harness: BotHarness, count: int = MANY) -> HolderLinks:
    """So many people who are in Slack and in Entra, and hold something that was given elsewhere."""
    for number in range(count):
        harness.workspace.people[slack_id(number)] = Person(
            id=slack_id(number),
            name=f"person{number}",
            real_name=f"Person {number}",
            email=address(number),
            team_id="T0LATCH",
        )
        harness.tenant.world.users[entra_id(number)] = User(
            id=entra_id(number),
            display_name=f"Person {number}",
            user_principal_name=address(number),
            created_at=clock.now(),
            mail=address(number).upper(),
        )
    await harness.store.run(_hold, count)
    return HolderLinks(store=harness.store, graph=harness.graph, people=harness.people)


def _hold(db, count):
    for number in range(count):
        made = held(id=f"a{number}", entra_id=entra_id(number), holder=None, holder_name=None)
        assignments.save_live(db, made)


async def holders(harness: BotHarness) -> dict[str, str | None]:
    found = (await harness.store.run(assignment_lists.page, rows=EVER)).rows
    return {each.entra_id: each.holder for each in found}


def asked(harness: BotHarness) -> Counter[str]:
    """Return how often each method of Slack's about people was called."""
    methods = (each.method for each in harness.workspace.calls)
    return Counter(each for each in methods if each.startswith("users."))


async def test_many_are_found_in_few_calls(harness):
    """Each is bound as if they had asked for something."""
    looks = await crowd(harness)
    harness.workspace.calls.clear()
    before = len(harness.tenant.calls)

    await looks.refresh()

    assert await holders(harness) == {entra_id(n): slack_id(n) for n in range(MANY)}
    assert asked(harness) == {"users.list": 1}
    batches = [each.path for each in harness.tenant.calls[before:] if each.path.endswith("$batch")]
    assert len(batches) <= 2 * (MANY // 20 + 1)
    bound = await harness.store.run(people.find, slack_id(0))
    assert (bound.entra_id, bound.entra_name) == (entra_id(0), "Person 0")
    assert await harness.store.run(links.unknown, limit=EVER) == []


def unconfirmed(harness: BotHarness) -> None:
    harness.workspace.people[slack_id(0)].is_email_confirmed = False


def guest(harness: BotHarness) -> None:
    harness.workspace.people[slack_id(0)].is_restricted = True


def deactivated(harness: BotHarness) -> None:
    harness.workspace.people[slack_id(0)].deleted = True


def disabled(harness: BotHarness) -> None:
    harness.tenant.world.users[entra_id(0)].account_enabled = False


def doubled(harness: BotHarness) -> None:
    other = harness.tenant.world.users[entra_id(MANY)] = User(
        id=entra_id(MANY),
        display_name="Another",
        user_principal_name="another@contoso.example",
        created_at=clock.now(),
        mail=address(0),
    )
    assert other.mail == address(0)


def not_in_entra(harness: BotHarness) -> None:
    del harness.tenant.world.users[entra_id(0)]


def not_in_slack(harness: BotHarness) -> None:
    del harness.workspace.people[slack_id(0)]


@pytest.mark.parametrize(
    "change", [unconfirmed, guest, deactivated, disabled, doubled, not_in_entra, not_in_slack]
)
async def test_who_cannot_be_told_for_certain_is_nobodys(harness, change):
    """As when they are looked for by themselves; and they are not looked for again today."""
    looks = await crowd(harness)
    change(harness)

    await looks.refresh()

    found = await holders(harness)
    assert found.pop(entra_id(0)) is None
    assert found == {entra_id(n): slack_id(n) for n in range(1, MANY)}
    assert await harness.store.run(people.for_entra_id, entra_id(0)) == []
    calls = len(harness.workspace.calls)
    await looks.refresh()
    assert len(harness.workspace.calls) == calls


async def test_who_is_known_as_somebody_else_is_not_meant(harness):
    """Their address has moved to another account since they were bound."""
    looks = await crowd(harness)
    other = harness.tenant.world.users[entra_id(MANY)] = User(
        id=entra_id(MANY),
        display_name="Another",
        user_principal_name="another@contoso.example",
        created_at=clock.now(),
    )
    world = harness.tenant.world.users
    world[entra_id(0)].mail, kept = None, world[entra_id(0)].user_principal_name
    world[entra_id(0)].user_principal_name, other.mail = "gone@contoso.example", kept
    await harness.people.identify(slack_id(0))
    world[entra_id(0)].user_principal_name, other.mail = kept, None

    await looks.refresh()

    assert (await holders(harness))[entra_id(0)] is None


async def test_few_are_looked_for_one_by_one(harness):
    """That takes fewer calls."""
    looks = await crowd(harness, 2)
    harness.workspace.calls.clear()

    await looks.refresh()

    assert await holders(harness) == {entra_id(n): slack_id(n) for n in range(2)}
    assert "users.list" not in asked(harness)


async def test_a_large_workspace_is_read_some_pages_at_a_time(harness, monkeypatch):
    """Slack allows some pages a minute; the next sync goes on where this one stopped."""
    monkeypatch.setattr(members, "PAGES_A_SYNC", 1)
    monkeypatch.setattr(users, "USERS_PAGE", MANY)
    looks = await crowd(harness)

    await looks.refresh()
    some = [each for each in (await holders(harness)).values() if each is not None]
    assert 0 < len(some) < MANY

    await looks.refresh()
    assert None not in (await holders(harness)).values()
    assert asked(harness)["users.list"] == 2


async def test_a_page_that_fails_is_read_again(harness):
    """Nobody is taken for absent because Graph did not answer."""
    looks = await crowd(harness)
    is_down = True

    async def fail_about_addresses(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        if is_down and b"$filter" in request.content:
            return await answering(503)(request, go_on)
        return await go_on()

    harness.line.on("POST .*/\\$batch$", fail_about_addresses, times=EVER)
    await looks.refresh()
    assert set((await holders(harness)).values()) == {None}

    is_down = False
    await looks.refresh()
    assert await holders(harness) == {entra_id(n): slack_id(n) for n in range(MANY)}


async def test_where_members_cannot_be_listed_they_are_looked_for_one_by_one(harness):
    """As many as a sync may."""
    looks = await crowd(harness)
    harness.workspace.faults.set("revoked", only="users.list")

    await looks.refresh()

    found = [each for each in (await holders(harness)).values() if each is not None]
    assert len(found) == LOOKUPS_A_SYNC


async def test_one_whom_graph_does_not_show_hides_no_other(harness):
    """A 403 for one of them; the others are found."""
    looks = await crowd(harness)
    hidden: Callable[..., object] = answering(403)
    harness.line.on("POST .*/\\$batch$", hidden, times=1)
    harness.line.on(f"GET .*/users/{entra_id(0)}$", hidden, times=EVER)

    await looks.refresh()

    found = await holders(harness)
    assert found.pop(entra_id(0)) is None
    assert None not in found.values()


async def all_known(harness: BotHarness) -> HolderLinks:
    """Many whose Slack accounts were found a day ago."""
    looks = await crowd(harness)
    await looks.refresh()
    await asyncio.sleep(LOOK_AGAIN_AFTER.total_seconds() + 1)
    harness.workspace.calls.clear()
    return looks


async def test_many_are_confirmed_in_few_calls(harness):
    """Those of whom nothing has changed are read without a new page of App Home for each."""
    looks = await all_known(harness)

    await looks.refresh()

    before = clock.real() - LOOK_AGAIN_AFTER
    assert (
        await harness.store.run(links.holders_to_look_up, looked_up_before=before, limit=EVER) == []
    )
    assert await holders(harness) == {entra_id(n): slack_id(n) for n in range(MANY)}
    assert asked(harness) == {"users.list": 1}


@pytest.mark.parametrize("change", [unconfirmed, guest, deactivated, disabled, doubled])
async def test_who_is_not_who_they_were_is_looked_for_alone(harness, change):
    """What one of them hears of their access ends, and nobody else's does."""
    looks = await all_known(harness)
    change(harness)

    for _ in range(2):
        await looks.refresh()

    found = await holders(harness)
    assert found.pop(entra_id(0)) is None
    assert found == {entra_id(n): slack_id(n) for n in range(1, MANY)}
    assert asked(harness)["users.list"] == 1


async def test_new_access_of_those_who_are_known_goes_to_them(harness):
    """It has no holder yet, and was never looked at."""
    looks = await all_known(harness)
    new = held(id="new", entra_id=entra_id(3), holder=None, holder_name=None)
    await harness.store.run(assignments.save_live, new)

    await looks.refresh()

    assert (await harness.store.run(assignments.find, "new")).holder == slack_id(3)


async def test_one_scan_a_day_confirms(harness, monkeypatch):
    """Those whom it does not confirm are looked for one by one, however many they are."""
    looks = await all_known(harness)
    for number in range(MANY):
        harness.workspace.people[slack_id(number)].is_restricted = True

    for _ in range(3):
        await looks.refresh()

    assert asked(harness)["users.list"] == 1
    assert set((await holders(harness)).values()) == {None}
