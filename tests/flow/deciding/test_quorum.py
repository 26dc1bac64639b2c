"""A quorum: several different people must approve a stage, and nothing is granted before they have."""

import copy
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import clock
from bot.database.audit_log import audit
from bot.doctor.model import Severity
from sandbox.tenant import seed
from tests.harness.doctoring import doctors_findings
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    MIA,
    World,
    eventually,
    labels,
    living,
    said,
)

ASK = "/request-access finance-reports because Q4"
FILE = "packages:\n  Finance Reports: {quorum: 2}\n"


def user(entra_id: str) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.singleUser", "userId": entra_id}


def decided_by(*entra_ids: str, **more: Any) -> Callable[[Any], None]:
    """Let these people approve Finance Reports."""

    def prepare(outside: Any) -> None:
        for policy in outside.tenant.world.policies.values():
            if policy.package_id == seed.FINANCE_REPORTS:
                stage = policy.settings["requestApprovalSettings"]["stages"][0]
                stage["primaryApprovers"] = [user(each) for each in entra_ids]
                stage.update(more)

    return prepare


THREE = decided_by(seed.BO, seed.MIA, seed.CY)


@pytest.fixture
def settings_file(tmp_path: Path) -> str:
    file = tmp_path / "latchkey.yml"
    file.write_text(FILE, "utf-8")
    return str(file)


@pytest.fixture
async def world(database, settings_file):
    """A package that two of three approvers must approve."""
    async with living(database, prepare=THREE, LATCHKEY_PACKAGE_SETTINGS=settings_file) as made:
        yield made


async def approvals(world: World) -> list[str]:
    rows = await world.bot.store.run(audit.rows)
    return [row["actor"] for row in rows if row["verb"] == "approve-accepted"]


async def counted(world: World, count: int) -> None:
    async def are_there() -> bool:
        return len(await approvals(world)) == count

    await eventually(are_there, about=f"{count} approvals that count")


async def test_two_must_approve(world):
    """The first is named on the card and to the requester; the second grants it, and Entra reads both."""
    await world.type(ANN, ASK)
    card = await world.card(BO)
    assert "2 different people must approve this step; nobody has approved it yet." in said(card)

    await world.press(BO, card, "Approve")

    told = said(await world.told(ANN, "Bo Berg approved your request"))
    assert "Bo Berg approved your request for *Finance Reports*: that is 1 of 2 approvals." in told
    assert "1 of 2 approvals)" in told
    assert await world.states() == ["add pending"]
    assert world.posts("adminAdd") == []
    for place in (MIA, APPROVALS):
        await eventually(
            lambda place=place: "1 of 2 approvals: Bo Berg." in said(world.cards(place)[-1])
        )
        assert "Approve" in labels(world.cards(place)[-1])
    own = await eventually(lambda: _with_denial_alone(world, BO))
    assert "You have approved this. One more person must approve it." in own
    assert "1 of 2 approvals" in said((await world.type(ANN, "/my-access")).message)
    await eventually(lambda: "that makes 1 of 2" in _thread(world))

    await world.press(MIA, await world.card(MIA), "Approve")

    delivered = said(await world.told(ANN, "You now have access"))
    assert "Approved by Bo Berg and Mia Moreau" in delivered
    (post,) = world.posts("adminAdd")
    assert f"Bo Berg ({seed.BO}); Mia Moreau ({seed.MIA})" in str(post.body)
    assert await approvals(world) == [BO, MIA]


def _thread(world: World) -> str:
    """Return what is said below the card in the channel."""
    card = world.cards(APPROVALS)[-1]
    replies = [
        each for each in world.slack.channel(APPROVALS).messages if each.thread_ts == card.ts
    ]
    return "\n".join(each.text for each in replies)


def _with_denial_alone(world: World, place: str) -> str | None:
    """Return a card on which there is nothing left to approve."""
    card = world.cards(place)[-1]
    return said(card) if labels(card) == ["Deny", "Ask a question"] else None


async def test_one_person_counts_once(world):
    """However often they press."""
    await world.type(ANN, ASK)
    card = copy.deepcopy(await world.card(APPROVALS))
    await world.press(BO, card, "Approve")
    await counted(world, 1)

    await world.press(BO, card, "Approve")

    await world.whispered(BO, APPROVALS, "approved this already, and that counts once")
    assert await approvals(world) == [BO]
    assert await world.states() == ["add pending"]


async def test_one_denial_denies(world):
    """Whoever has approved before."""
    await world.type(ANN, ASK)
    await world.press(BO, await world.card(BO), "Approve")
    await counted(world, 1)

    await world.press(MIA, await world.card(MIA), "Deny")
    await world.give_reason(MIA, "Not this quarter")

    told = said(await world.told(ANN, "denied"))
    assert "denied by Mia Moreau" in told
    assert "Bo Berg had approved" in told
    assert world.posts("adminAdd") == []


async def test_whoever_has_approved_may_still_deny(world):
    """Until the others have approved as well; what they had approved is not said of them then."""
    await world.type(ANN, ASK)
    await world.press(BO, await world.card(BO), "Approve")
    await eventually(lambda: _with_denial_alone(world, BO))

    await world.press(BO, world.cards(BO)[-1], "Deny")
    await world.give_reason(BO, "I have read it once more")

    told = said(await world.told(ANN, "denied"))
    assert "was denied by Bo Berg." in told
    assert "had approved" not in told
    assert await world.states() == ["add denied"]
    assert world.posts("adminAdd") == []


async def test_their_delegate_may_deny_as_well_what_they_have_approved(world):
    """Dana decides for Bo: she cannot approve once more, and can deny."""
    await world.type(BO, f"/my-access delegate <@{CY}> until tomorrow")
    await world.type(ANN, ASK)
    card = copy.deepcopy(await world.card(CY))
    await world.press(BO, await world.card(BO), "Approve")
    await counted(world, 1)

    await world.press(CY, card, "Deny")
    await world.give_reason(CY, "He would not")

    assert "denied by Cy Chen" in said(await world.told(ANN, "denied"))


async def test_an_approver_and_their_delegate_are_one_voice(world):
    """Dana decides for Bo: what she approves is Bo's approval, and Bo cannot add his own."""
    await world.type(BO, f"/my-access delegate <@{DANA}> until tomorrow")
    await world.type(ANN, ASK)
    await world.press(DANA, await world.card(DANA), "Approve")
    await counted(world, 1)
    assert "Dana Diaz has approved this for you." in await eventually(
        lambda: _with_denial_alone(world, BO)
    )

    await world.press(BO, await world.card(APPROVALS), "Approve")

    await world.whispered(BO, APPROVALS, "approved this already")
    assert await approvals(world) == [DANA]


async def test_the_earliest_end_of_all_approvals_counts(world):
    """Whoever approves as it is approves what another has shortened."""
    await world.type(ANN, ASK)
    end = clock.now() + timedelta(days=10)
    await world.press(BO, await world.card(BO), "Approve for less")
    form = await eventually(lambda: world.form(BO))
    values = {"until": {"until": int(end.timestamp())}}
    assert (await world.slack.submit(user=BO, view_id=form.id, values=values)).ok
    await counted(world, 1)
    card = await eventually(lambda: _card_with_end(world, end))

    await world.press(MIA, card, "Approve")

    await world.told(ANN, "You now have access")
    (post,) = world.posts("adminAdd")
    assert post.body["schedule"]["expiration"]["endDateTime"][:16] == f"{end:%Y-%m-%dT%H:%M}"


def _card_with_end(world: World, end: Any) -> Any:
    card = world.cards(MIA)[-1]
    return card if f"*Ends*\n<!date^{int(end.timestamp())}^" in said(card) else None


async def test_changed_terms_begin_anew(world):
    """What two have approved is not what would be granted: two approve again."""
    await world.type(ANN, ASK)
    await world.press(BO, await world.card(BO), "Approve")
    await counted(world, 1)
    packages = {each.display_name: each for each in world.tenant.world.packages.values()}
    packages["Finance Reports"].role_scopes += packages["Production Database"].role_scopes

    await world.press(MIA, await world.card(MIA), "Approve")

    card = await eventually(lambda: _anew(world))
    assert "2 different people must approve this step; nobody has approved it yet." in said(card)
    await world.press(BO, card, "Approve")
    await counted(world, 3)
    assert world.posts("adminAdd") == []
    await world.press(CY, await world.card(CY), "Approve")
    await world.told(ANN, "You now have access")


def _anew(world: World) -> Any:
    card = world.cards(BO)[-1]
    return card if "it needs a new decision" in said(card) and labels(card) else None


async def test_a_decider_who_leaves_between_does_not_count(world):
    """Bo has approved, and is no approver any more when Mia approves: two others must."""
    await world.type(ANN, ASK)
    await world.press(BO, await world.card(BO), "Approve")
    await counted(world, 1)
    world.tenant.disable_user(seed.BO)

    await world.press(MIA, await world.card(MIA), "Approve")

    await eventually(lambda: "it needs a new decision" in said(world.cards(MIA)[-1]))
    assert world.posts("adminAdd") == []
    await world.press(MIA, await world.card(MIA), "Approve")
    await world.press(CY, await world.card(CY), "Approve")
    await world.told(ANN, "You now have access")


async def test_nobody_is_nudged_who_has_approved(world):
    """Only those who are still asked."""
    await world.type(ANN, ASK)
    await world.press(BO, await world.card(BO), "Approve")
    await counted(world, 1)

    await world.later(timedelta(days=3))

    await world.told(MIA, "has been waiting for your decision since")
    assert not any("has been waiting for your decision" in said(each) for each in world.direct(BO))


async def test_it_expires_with_one_approval(world):
    """The requester reads who had approved."""
    await world.type(ANN, ASK)
    await world.press(BO, await world.card(BO), "Approve")
    await counted(world, 1)

    await world.later(timedelta(days=15))

    told = said(await world.told(ANN, "has expired"))
    assert "Finance Reports" in told
    assert "1 of 2 approvals" in told
    assert world.posts("adminAdd") == []


async def test_too_few_approvers_are_said(database, settings_file):
    """On the card, and in the admins' channel; an admin gives what is missing."""
    async with living(
        database,
        prepare=decided_by(seed.BO),
        LATCHKEY_PACKAGE_SETTINGS=settings_file,
        LATCHKEY_ADMINS_DECIDE="fallback",
    ) as world:
        await world.type(ANN, ASK)
        await world.card(APPROVALS)
        await eventually(lambda: "finds fewer people" in said(world.cards(APPROVALS)[-1]))
        await world.press(BO, await world.card(BO), "Approve")
        await counted(world, 1)
        await world.press(DANA, await world.card(APPROVALS), "Approve")
        await world.told(ANN, "You now have access")
        (post,) = world.posts("adminAdd")
        assert "Dana Diaz" in str(post.body)
        assert "as an admin of Latchkey" in str(post.body)


@pytest.mark.parametrize(("then", "posts"), [("1", 0), ("none", 0), ("3", 0)])
async def test_a_later_file_never_lowers_it(database, tmp_path, then, posts):
    """A request keeps the quorum under which it was asked for, whatever the next start reads."""
    file = tmp_path / "latchkey.yml"
    file.write_text(FILE, "utf-8")
    async with living(database, prepare=THREE, LATCHKEY_PACKAGE_SETTINGS=str(file)) as world:
        await world.type(ANN, ASK)
        await world.card(BO)
        file.write_text(FILE.replace("2", then), "utf-8")
        await world.press(BO, world.cards(BO)[-1], "Approve")
        await counted(world, 1)
        assert len(world.posts("adminAdd")) == posts


def with_alternates(outside: Any) -> None:
    """Bo decides about the finance reports, and from the fifth day on Mia and Cy as well."""
    THREE(outside)
    for policy in outside.tenant.world.policies.values():
        if policy.package_id == seed.FINANCE_REPORTS:
            stage = policy.settings["requestApprovalSettings"]["stages"][0]
            stage["primaryApprovers"] = [user(seed.BO)]
            stage["isEscalationEnabled"] = True
            stage["durationBeforeEscalation"] = "P5D"
            stage["escalationApprovers"] = [user(seed.MIA), user(seed.CY)]


@pytest.mark.parametrize("order", ["before", "after"])
async def test_escalation_brings_the_people_that_are_missing(database, tmp_path, order):
    """Whoever approved before it counts beside them; the card says that they come, and nobody approves twice."""
    file = tmp_path / "latchkey.yml"
    file.write_text(FILE.replace("quorum: 2", "quorum: 2, escalate_after: 2h"), "utf-8")
    async with living(
        database,
        prepare=with_alternates,
        LATCHKEY_PACKAGE_SETTINGS=str(file),
        LATCHKEY_ADMINS_DECIDE="fallback",
    ) as world:
        await world.type(ANN, ASK)
        await world.card(BO)
        too_few = "Its escalation approvers are asked as well"
        await eventually(lambda: too_few in said(world.cards(APPROVALS)[-1]))
        if order == "before":
            await world.press(BO, world.cards(BO)[-1], "Approve")
            await counted(world, 1)
            assert world.cards(MIA) == []

        await world.later(timedelta(hours=3))

        card = await world.card(MIA)
        await eventually(lambda: too_few not in said(world.cards(APPROVALS)[-1]))
        assert "You are asked as well because this has been waiting for a while" in said(card)
        await world.press(MIA, card, "Approve")
        await counted(world, 2 if order == "before" else 1)
        if order == "after":
            assert world.posts("adminAdd") == []
            await world.press(CY, await world.card(CY), "Approve")
            await counted(world, 2)
        await world.told(ANN, "You now have access")
        (post,) = world.posts("adminAdd")
        assert "as an admin" not in str(post.body)


@pytest.mark.parametrize(
    ("admins", "severity", "consequence"),
    [
        ("always", Severity.WARNING, "the admins give what is missing"),
        ("never", Severity.BROKEN, "no request"),
    ],
)
async def test_the_doctor_names_a_quorum_that_is_out_of_reach(
    database, settings_file, admins, severity, consequence
):
    """Two must approve, and the policy names one; how bad that is, depends on the admins."""
    settings = {"LATCHKEY_PACKAGE_SETTINGS": settings_file, "LATCHKEY_ADMINS_DECIDE": admins}
    async with living(database, prepare=decided_by(seed.BO), **settings) as world:
        await world.synced()
        found = [
            each
            for each in await doctors_findings(world.bot)
            if "2 different people must approve, and only 1 can" in each.sentence
        ]

    (finding,) = found
    assert "Finance Reports" in finding.sentence
    assert consequence in finding.sentence
    assert finding.severity is severity
