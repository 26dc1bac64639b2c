"""Nobody takes everybody's time: limits a person, told with the time when it goes on; what must go on always goes on."""

from datetime import timedelta

import pytest

from bot.approvals.store import decisions
from bot.database.audit_log import audit
from bot.database.replicas import limits
from bot.database.replicas.limits import HOUR, Limit
from bot.errors import NotAllowed, TooOften
from bot.people.model import Verb
from bot.requests.model import Request, State
from sandbox.tenant import seed
from tests.harness.by_hand import BotHarness, by_hand
from tests.harness.loop import simulated
from tests.harness.world import said


@pytest.fixture
async def limited(database):
    """A bot with the product's own limit."""
    async with by_hand(database, LATCHKEY_ASKS_AN_HOUR="10") as made:
        yield made


def minutes(number: float) -> None:
    simulated().stand_still(timedelta(minutes=number))


async def ask_and_withdraw(harness: BotHarness, times: int, *, user: str = "U0ANN") -> None:
    for _ in range(times):
        taken = await harness.requests.ask(slack_user=user, text="marketing-campaign")
        await harness.request_changes.cancel(slack_user=user, request_id=taken.request.id)


async def test_ten_asks_an_hour_and_then_one_in_six_minutes(limited):
    """Who is refused is told when it goes on, and nothing is written for it."""
    await ask_and_withdraw(limited, 10)

    with pytest.raises(TooOften, match=r"try again in 6 minutes\."):
        await limited.requests.ask(slack_user="U0ANN", text="marketing-campaign")
    rows = await limited.store.run(audit.rows)
    minutes(6.1)
    await ask_and_withdraw(limited, 1)
    with pytest.raises(TooOften):
        await limited.requests.ask(slack_user="U0ANN", text="marketing-campaign")

    assert len({row["request_id"] for row in rows}) == 10


async def test_others_are_not_limited_by_it(limited):
    """Each has a limit of their own."""
    await ask_and_withdraw(limited, 10)

    await ask_and_withdraw(limited, 10, user="U0CY")


async def test_what_writes_nothing_costs_nothing(limited):
    """Asking how it stands, misspelling, forgetting the reason."""
    await limited.requests.ask(slack_user="U0ANN", text="marketing-campaign")
    for _ in range(30):
        again = await limited.requests.ask(slack_user="U0ANN", text="marketing-campaign")
        assert not again.created

    taken = await limited.requests.ask(slack_user="U0ANN", text="finance-reports because x")

    assert taken.created


async def test_who_asks_too_often_can_still_give_back_withdraw_and_approve(limited):
    """None of these is ever limited."""
    await limited.ask("board-papers", user="U0DANA")
    await limited.finish()
    (held,) = (await limited.request_lists.access_overview("U0DANA")).held.rows
    waiting = await limited.ask("finance-reports because x", user="U0CY")
    await ask_and_withdraw_as(limited, "U0DANA", 9)

    with pytest.raises(TooOften):
        await limited.requests.ask(slack_user="U0DANA", text="marketing-campaign")
    await limited.approvals.decide(
        ask_id=waiting.ask_id, verb=Verb.APPROVE, slack_user="U0DANA", team="T0LATCH", channel=None
    )
    await limited.request_changes.return_access(slack_user="U0DANA", assignment_id=held.id)
    await limited.finish()

    assert (await limited.request(waiting.id)).state is State.DELIVERED
    assert limited.posted("adminRemove") == 1


async def ask_and_withdraw_as(harness: BotHarness, user: str, times: int) -> None:
    for _ in range(times):
        taken = await harness.requests.ask(slack_user=user, text="finance-reports because z")
        await harness.request_changes.cancel(slack_user=user, request_id=taken.request.id)


async def press(harness: BotHarness, request: Request, *, user: str) -> None:
    await harness.approvals.decide(
        ask_id=request.ask_id, verb=Verb.APPROVE, slack_user=user, team="T0LATCH", channel=None
    )
    await harness.work()


async def test_a_card_judges_no_more_clicks_of_whom_it_has_refused_twenty_times(limited):
    """Nothing is read in Slack and Entra for them any more, until an hour is spread out."""
    request = await limited.ask("finance-reports because x")
    for _ in range(20):
        await press(limited, request, user="U0CY")
    calls = len(limited.workspace.calls), len(limited.tenant.calls)

    with pytest.raises(TooOften, match=r"try again in [23] minutes\."):
        await press(limited, request, user="U0CY")

    assert (len(limited.workspace.calls), len(limited.tenant.calls)) == calls
    minutes(3.1)
    await press(limited, request, user="U0CY")
    assert len(await limited.audit(request)) >= 21


async def test_whoever_was_refused_elsewhere_can_decide_what_is_theirs(limited):
    """Twenty refusals on one card keep nobody from another."""
    other = await limited.ask("finance-reports because x")
    for _ in range(21):
        try:
            await press(limited, other, user="U0MIA")
        except TooOften:
            break
    theirs = await limited.ask("production-database because y", user="U0CY")

    await press(limited, theirs, user="U0MIA")

    (counted,) = await limited.store.run(decisions.accepted_of, await limited.request(theirs.id))
    assert counted.slack_user == "U0MIA"


async def test_many_refusals_are_one_number_in_the_audit_log(limited):
    """Twenty rows, and then how many more there were; a row that is added later says so, too."""
    for _ in range(60):
        with pytest.raises(NotAllowed):
            await limited.assignment_lists.look_up(slack_user="U0GUS", text="")
    rows = await limited.store.run(audit.rows)
    assert len([row for row in rows if row["verb"] == "refused"]) == 20

    minutes(4)
    with pytest.raises(NotAllowed):
        await limited.assignment_lists.look_up(slack_user="U0GUS", text="")
    with pytest.raises(NotAllowed):
        await limited.assignment_lists.look_up(slack_user="U0GUS", text="")
    minutes(120)
    await limited.jobs.sync()

    refused = [row for row in await limited.store.run(audit.rows) if row["verb"] == "refused"]
    assert sum((row["details"] or {}).get("times", 1) for row in refused) == 62
    assert len(refused) == 22
    chain = await limited.store.run(audit.verify, b"")
    assert chain.wrong is None


async def test_a_guest_is_refused_without_more_work(limited):
    """Slack is asked once, and not again for a while."""
    first = await limited.ask("marketing-campaign", user="U0GUS")
    assert first.state is State.REFUSED
    calls = len(limited.workspace.calls)

    for _ in range(5):
        with pytest.raises(NotAllowed, match="a guest"):
            await limited.requests.ask(slack_user="U0GUS", text="marketing-campaign")
    assert len(limited.workspace.calls) == calls

    limited.workspace.people["U0GUS"].is_restricted = False
    minutes(16)
    taken = await limited.requests.ask(slack_user="U0GUS", text="marketing-campaign")
    assert taken.created


@pytest.mark.made_up("a target scope that Graph does not have")
async def test_a_package_that_is_not_understood_alarms_once_a_day(harness):
    """And says how many more were refused for it."""
    policy = harness.policy_of(seed.MARKETING_CAMPAIGN)
    policy.allowed_target_scope = "someScopeOfNextYear"
    await harness.tenant_sync.run()

    for user in ("U0ANN", "U0CY", "U0BO", "U0ANN", "U0ANN"):
        await harness.ask("marketing-campaign", user=user)
    for _ in range(3):
        await harness.talk()
        await harness.expire_all_waits()

    (alarm,) = alarms(harness)
    assert "4 more requests were refused for it on the same day" in said(alarm)
    harness.shift(timedelta(days=1))
    await harness.ask("marketing-campaign", user="U0MIA")
    await harness.talk()
    assert len(alarms(harness)) == 2


def alarms(harness):
    channel = harness.workspace.channels["C0APPROVALS"]
    return [each for each in channel.messages if "do not understand" in each.text]


@pytest.mark.parametrize("count", [1, 3, 10])
async def test_never_more_than_so_many_in_an_hour_and_the_next_when_it_was_said(store, count):
    """On both databases: a burst, then one after each part of the hour."""
    limit = Limit(what="x", count=count)

    taken = [store.run_here(limits.take, "U1", limit) for _ in range(count + 3)]

    assert taken[:count] == [None] * count
    assert all(each is not None for each in taken[count:])
    assert timedelta(0) < taken[-1] <= HOUR / count
    assert store.run_here(limits.time_left, "U1", limit) is not None
    assert store.run_here(limits.time_left, "U2", limit) is None


async def test_refusals_are_told_once(store):
    """Also the number of those that nobody wrote down."""
    written = [store.run_here(limits.count_refusal, "U1") for _ in range(30)]

    assert written == [1] * 20 + [0] * 10
    assert store.run_here(limits.unreported_refusals) == []
