"""Delegations by the whole service: what is read before one is made, who may make it for others, and what is looked at again."""

from datetime import timedelta

import pytest

from bot import clock
from bot.approvals.delegations import MOST_LISTED, OwnDelegations
from bot.database import homes
from bot.database.audit_log import audit
from bot.errors import LatchkeyError, NotAllowed, SeenBefore, TooLate
from bot.people.store import delegations
from tests.bot.samples import delegation

DAY = timedelta(days=1)
ADMINS = "S0IAM"


def service(harness):
    return harness.latchkey.services.delegations


async def known_admins(harness):
    await harness.permissions.refresh()


async def rows(harness):
    return await harness.store.read(delegations.in_force, at=clock.now(), limit=999)


async def stale_homes(harness):
    return set(await harness.store.run(homes.claim_stale, lease=timedelta(hours=1), limit=99))


async def opened(harness, *users):
    for user in users:
        await harness.store.run(homes.mark_opened, user)
    await stale_homes(harness)
    for user in users:
        await harness.store.run(homes.mark_published, user, admin=False, at=clock.now())


async def test_whoever_lets_somebody_decide_is_the_one_who_made_it(harness):
    """As it was asked for, and at this moment."""
    before = clock.now()
    ends_at = before + DAY

    made = await service(harness).delegate(delegator="U0BO", delegate="U0CY", ends_at=ends_at)

    assert await rows(harness) == [made]
    assert (made.delegator, made.delegate, made.made_by) == ("U0BO", "U0CY", "U0BO")
    assert before <= made.made_at <= clock.now()
    assert made.ends_at == ends_at
    own = await service(harness).list_own("U0BO")
    assert own == OwnDelegations(given=(made,), received=())
    assert (await service(harness).list_own("U0CY")).received == (made,)


async def test_an_admin_makes_one_for_an_approver_in_their_own_zone(harness):
    """It says who has made it; the same command again makes none."""
    await known_admins(harness)
    before = clock.now()

    made = await service(harness).delegate_for(
        admin="U0DANA", delegator="U0BO", delegate="U0CY", until="for 2 days", key="one"
    )

    assert (made.made_by, made.delegator, made.delegate) == ("U0DANA", "U0BO", "U0CY")
    assert before + 2 * DAY <= made.ends_at <= clock.now() + 2 * DAY
    assert await rows(harness) == [made]
    with pytest.raises(SeenBefore):
        await service(harness).delegate_for(
            admin="U0DANA", delegator="U0BO", delegate="U0LEE", until="for 2 days", key="one"
        )
    assert await rows(harness) == [made]


async def test_nobody_else_makes_one_for_others(harness):
    """By what was read lately: neither Slack nor Entra is asked about them."""
    await known_admins(harness)
    harness.workspace.faults.set("fatal_error")
    harness.tenant.faults.set("unavailable", count=99)

    with pytest.raises(NotAllowed):
        await service(harness).delegate_for(
            admin="U0BO", delegator="U0MIA", delegate="U0CY", until="for 2 days"
        )

    assert await rows(harness) == []


async def test_who_is_no_admin_any_more_makes_none(harness):
    """By what is read now, whatever was read before; that is written down."""
    await known_admins(harness)
    harness.workspace.usergroups[ADMINS].users.remove("U0DANA")
    await harness.forget_what_was_read()

    with pytest.raises(NotAllowed, match="admins"):
        await service(harness).delegate_for(
            admin="U0DANA", delegator="U0BO", delegate="U0CY", until="for 2 days"
        )

    assert await rows(harness) == []
    (row,) = [
        each
        for each in await harness.store.run(audit.rows)
        if each["actor"] == "U0DANA" and "admins" in (each["why"] or "")
    ]
    assert "U0BO" in str(row)


async def test_an_end_that_is_none_is_not_taken(harness):
    """Said before anything is read."""
    await known_admins(harness)

    with pytest.raises(LatchkeyError):
        await service(harness).delegate_for(
            admin="U0DANA", delegator="U0BO", delegate="U0CY", until="one day"
        )
    assert await rows(harness) == []


@pytest.mark.parametrize(
    ("user", "may"), [("U0BO", True), ("U0CY", True), ("U0DANA", True), ("U0ANN", False)]
)
async def test_who_cancels(harness, user, may):
    """The two it is about, and admins; it says who did, and what is asked is looked at again."""
    await known_admins(harness)
    made = await service(harness).delegate(
        delegator="U0BO", delegate="U0CY", ends_at=clock.now() + DAY
    )
    await opened(harness, "U0BO", "U0CY", "U0ANN")

    if not may:
        with pytest.raises(NotAllowed):
            await service(harness).cancel(slack_user=user, delegation_id=made.id)
        assert await rows(harness) == [made]
        return

    canceled = await service(harness).cancel(slack_user=user, delegation_id=made.id)
    assert (canceled.id, canceled.canceled_by) == (made.id, user)
    assert await rows(harness) == []
    assert await stale_homes(harness) == {"U0BO", "U0CY"}
    with pytest.raises(TooLate):
        await service(harness).cancel(slack_user=user, delegation_id=made.id)


async def test_both_of_them_see_it_at_once(harness):
    """Their Homes are owed a redraw."""
    await opened(harness, "U0BO", "U0CY", "U0ANN")

    await service(harness).delegate(delegator="U0BO", delegate="U0CY", ends_at=clock.now() + DAY)

    assert await stale_homes(harness) == {"U0BO", "U0CY"}


async def test_an_admin_lists_one_more_than_are_shown(harness):
    """So that it is known whether there are more; nobody else, and the same command once."""
    await known_admins(harness)
    now = clock.now()
    for number in range(MOST_LISTED + 2):
        made = delegation(
            id=f"{number:032}", delegator=f"U{number}", made_at=now, ends_at=now + DAY
        )
        await harness.store.run(delegations.add, made)

    listed = await service(harness).list_all(slack_user="U0DANA", key="one")
    assert len(listed) == MOST_LISTED + 1
    with pytest.raises(SeenBefore):
        await service(harness).list_all(slack_user="U0DANA", key="one")
    with pytest.raises(NotAllowed):
        await service(harness).list_all(slack_user="U0BO")


@pytest.mark.parametrize("by", ["delegate", "cancel"])
async def test_the_jobs_are_woken(harness, by):
    """Those concerned are told at once, and not at the next look."""
    made = await service(harness).delegate(
        delegator="U0BO", delegate="U0CY", ends_at=clock.now() + DAY
    )
    woken = []
    service(harness)._wake = lambda: woken.append(by)

    if by == "delegate":
        await service(harness).delegate(
            delegator="U0BO", delegate="U0LEE", ends_at=clock.now() + DAY
        )
    else:
        await service(harness).cancel(slack_user="U0BO", delegation_id=made.id)

    assert woken == [by]
