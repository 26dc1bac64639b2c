"""What a sign-in for a delegation has shown is what pages and messages say of it, and each later one is told as well."""

import asyncio
from typing import Any

from bot.database.tables import delegations as rows_of_delegations
from bot.people.store import delegations
from sandbox.tenant import seed
from tests.flow.deciding.test_fresh_sign_in import approving, asked, bring, brought
from tests.flow.deciding.test_proven_delegations import (
    SAVED,
    let_decide,
    link_to_prove,
    links_to_prove,
    proven,
)
from tests.harness.accounts import approve, browser_of, email_of, sign_in_by
from tests.harness.world import ANN, BO, CY, DANA, World, eventually, said

NOT_YET = "Not yet where it takes the authentication context"
TWO = (
    "packages:\n  Finance Reports: {approval: fresh sign-in, auth_context: c2}\n"
    "  Customer Data: {approval: fresh sign-in, auth_context: c1}\n"
)
SIGNED = "signed in to Microsoft for letting"


async def _shown_before_and_after(world: World, link: str) -> list[str]:
    browser = browser_of(world)
    before = await browser.get(link)
    await browser.press("Go on to Microsoft")
    after = await browser.sign_in(email_of(BO, world))
    assert after.heading == SAVED, after.shown
    return [before.shown, after.shown]


async def test_whoever_signs_in_without_a_context_reads_where_that_does_not_count(
    database, tmp_path
):
    """On both pages and in both messages; the sign-in that brings it is told to both, and what stood there is right again."""
    async with approving(database, tmp_path) as world:
        links = await links_to_prove(world, await let_decide(world))
        pages = await _shown_before_and_after(world, links["Sign in to Microsoft"])
        first = [await world.told(user, SIGNED) for user in (BO, CY)]
        for each in (*pages, *map(said, first)):
            assert f"{NOT_YET} c1" in each, each

        pages = await _shown_before_and_after(world, await link_to_prove(world))
        second = [await world.told(user, SIGNED, times=2) for user in (BO, CY)]
        for each in (*pages, *map(said, second)):
            assert NOT_YET not in each, each
        for message in first:
            await eventually(lambda m=message: NOT_YET not in said(m), about="redrawn")
        assert {each.ts for each in first}.isdisjoint({each.ts for each in second})


async def test_whoever_signs_in_with_one_of_two_contexts_reads_which_is_missing(database, tmp_path):
    """Each of them is told once, however many sign-ins show it."""
    async with approving(database, tmp_path, TWO) as world:
        world.tenant.login.steps.contexts["c2"] = False
        links = await links_to_prove(world, await let_decide(world))
        for label, missing in (("Sign in with c2", "c1"), ("Sign in with c1", None)):
            for each in await _shown_before_and_after(world, links[label]):
                if missing is None:
                    continue
                assert f"{NOT_YET} {missing}" in each
        for user in (BO, CY):
            await world.told(user, SIGNED, times=2)
        await eventually(
            lambda: not [each for user in (BO, CY) for each in world.direct(user) if _lacks(each)],
            about="redrawn",
        )


def _lacks(message: Any) -> bool:
    return SIGNED in said(message) and NOT_YET in said(message)


async def test_two_sign_ins_at_once_count_both(database, tmp_path):
    """In two tabs, that come back at the same moment."""
    async with approving(database, tmp_path, TWO) as world:
        world.tenant.login.steps.contexts["c2"] = False
        links = await links_to_prove(world, await let_decide(world))
        tabs = [browser_of(world), browser_of(world)]
        came = [
            await brought(tab, links[f"Sign in with {context}"], email_of(BO, world))
            for tab, context in zip(tabs, ("c2", "c1"), strict=True)
        ]
        pages = await asyncio.gather(
            *(bring(tab, *each) for tab, each in zip(tabs, came, strict=True))
        )
        assert [each.heading for each in pages] == [SAVED, SAVED]
        at = world.outside.clock.now()
        [made] = await world.bot.store.read(delegations.in_force, at=at, limit=20)
        assert made.proven_contexts == ("c1", "c2")


async def test_a_proof_that_is_of_others_by_now_hides_no_other(database, tmp_path):
    """Two approvers let Cy decide; the first has proven it for a Slack account that was somebody else's then."""
    async with approving(database, tmp_path) as world:
        for policy in world.tenant.world.policies.values():
            if policy.package_id == seed.FINANCE_REPORTS:
                stage = policy.settings["requestApprovalSettings"]["stages"][0]
                [bo] = stage["primaryApprovers"]
                stage["primaryApprovers"] = [{**bo, "userId": seed.DANA}, bo]
        answer = (await world.type(DANA, f"/my-access delegate <@{CY}> until 2027-02-01")).message
        links = await links_to_prove(world, answer, DANA)
        page = await sign_in_by(world, links["Sign in with c1"], email_of(DANA, world))
        assert page.heading == SAVED, page.shown
        await asyncio.sleep(1)
        await proven(world)
        others = rows_of_delegations.update().where(rows_of_delegations.c.delegator == DANA)
        await world.bot.store.run(lambda db: db.execute(others.values(proven_as=seed.MIA)) and None)
        await asked(world)
        await sign_in_by(world, await approve(world, CY), email_of(CY, world))
        await world.told(ANN, "Approved by Cy Chen for Bo Berg")
