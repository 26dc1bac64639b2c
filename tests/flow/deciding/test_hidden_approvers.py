"""Where a policy hides who approves, nothing that whoever asks reads says who does; and everybody else reads it as always."""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from bot import clock
from bot.people.store import languages
from bot.requests.approver_defaults import GOOD_FOR
from bot.requests.model import Kind
from bot.requests.store import request_rows
from sandbox.tenant import seed
from tests.flow.asking.test_on_behalf import allow, ask_for
from tests.flow.deciding.test_approver_questions import answer, ask
from tests.flow.deciding.test_approving_for_less import set_end
from tests.flow.emergencies.emergencies import ASK as ASK_IN_EMERGENCY
from tests.flow.emergencies.emergencies import emergency_card, review
from tests.flow.entra.test_entra_decides import deciding
from tests.harness.accounts import connect, move_address
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    GENERAL,
    MIA,
    World,
    eventually,
    labels,
    living,
    said,
)

HIDDEN, SHOWN, DEFAULT = "notVisible", "visible", "default"
PRODUCTION = "/request-access production-database because of the outage"
FINANCE = "/request-access finance-reports because Q4"
QUORUM = "packages:\n  Finance Reports: {quorum: 2}\n"
# Whoever decides, or could: by name, mention and address.
APPROVERS = {
    who: rf"\b{name}\b|{who}|{address}@|{entra_id}"
    for who, name, address, entra_id in (
        (BO, "Bo", "bo", seed.BO),
        (DANA, "Dana", "dana", seed.DANA),
        (MIA, "Mia", "mia", seed.MIA),
        (CY, "Cy", "cy", seed.CY),
    )
}


def policies_say(
    *said_of_stages: str, members_see: bool = True, **more: Any
) -> Callable[[Any], None]:
    """Let every policy say this of its stages, one after the other."""

    def prepare(outside: Any) -> None:
        world = outside.tenant.world
        world.end_user_settings.show_approver_details_to_members = members_see
        for policy in world.policies.values():
            stages = policy.settings["requestApprovalSettings"]["stages"]
            for place, stage in enumerate(stages):
                stage["approverInformationVisibility"] = said_of_stages[
                    min(place, len(said_of_stages) - 1)
                ]
                stage.update(more)

    return prepare


@dataclass
class Reader:
    """Somebody in Slack, and all that they have been shown, in any of its versions."""

    world: World
    user: str
    texts: list[str] = field(default_factory=list)
    before: frozenset[str] = frozenset()
    seen: int = 0

    def __post_init__(self) -> None:
        """What they were shown before, is no news."""
        self.look()
        self.before = frozenset(self.texts)
        self.texts.clear()

    def look(self) -> None:
        """Read what there is now: what was sent since, what stands in their window and Home, and what only they see."""
        direct = {self.user, self.world.slack.dm(self.user).id}
        for call in self.world.slack.calls[self.seen :]:
            args = call.args
            whose = {args.get("user"), args.get("user_id"), args.get("channel")}
            if whose & direct:
                self.texts.append(str(args))
        self.seen = len(self.world.slack.calls)
        self.texts += [said(each) for each in self.world.slack.dm(self.user).messages]
        for channel in (GENERAL, APPROVALS):
            self.texts += self.world.whispers(self.user, channel)
        self.texts.append(said(self.world.home(self.user)))
        self.texts += [said(each) for each in self.world.slack.person(self.user).modals]

    async def type(self, text: str) -> str:
        """Type a command, read the answer and what comes of it."""
        outcome = await self.world.type(self.user, text)
        await self.world.bot.background.finish()
        self.texts += [outcome.text or "", said(outcome.message)]
        self.look()
        return said(outcome.message) or outcome.text or ""

    async def told(self, pattern: str, *, times: int = 1) -> Any:
        self.look()
        message = await self.world.told(self.user, pattern, times=times)
        self.look()
        return message

    async def overview(self) -> str:
        """Read every list that there is for them."""
        await self.world.slack.open_home(user=self.user)
        shown = await self.type("/my-access")
        await self.type("/my-access past")
        await eventually(lambda: self.world.home(self.user))
        self.look()
        return shown

    def names(self) -> list[str]:
        """Return what names somebody who decides."""
        self.look()
        own = APPROVERS.get(self.user)
        found = "|".join(each for each in APPROVERS.values() if each != own)
        # Those who ask for somebody else are named to them.
        new = [text for text in dict.fromkeys(self.texts) if text not in self.before]
        return [text for text in new if re.search(found, text)]


@contextmanager
def unnamed(world: World, *users: str, but: str = "-") -> Iterator[list[Reader]]:
    """Read as these people do; fail where something names an approver, *but* for this pattern."""
    readers = [Reader(world, each) for each in users]
    yield readers
    for reader in readers:
        named = [each for each in reader.names() if re.search(but, each) is None]
        assert not named, f"{reader.user} was shown: {named}"


@pytest.fixture(params=["v1.0", "beta"])
def version(request: Any) -> dict[str, str]:
    return {"GRAPH_API_VERSION": request.param}


async def test_a_whole_life_names_nobody(database, version):
    """Asked, questioned, approved for less by one and by another, delivered, reminded, extended, denied and expired."""
    async with living(database, prepare=policies_say(HIDDEN), **version) as world:
        world.slack.channel(APPROVALS).members.add(ANN)
        with unnamed(world, ANN) as [ann]:
            await ann.type(PRODUCTION)
            first = await world.card(MIA)
            assert "waiting for approval (since" in await ann.overview()
            await ann.type(PRODUCTION)
            mine = (await world.type(ANN, "/my-access")).message
            assert mine is not None
            await world.press(ANN, mine, "Remind")
            await eventually(lambda: any("remind the approvers" in each for each in _read(ann)))

            await ask(world, MIA, card=first)
            told = await ann.told("An approver decides about your request for .*, and asks:")
            await ann.overview()
            await answer(world, ANN, told, "The one of the EU")
            await eventually(lambda: labels(told) == [])
            ann.look()
            # A click that is not hers to make, in the channel where she happens to be.
            await world.press(ANN, await world.card(APPROVALS), "Approve")
            await eventually(lambda: world.whispers(ANN, APPROVALS))

            end = clock.now() + timedelta(days=3)
            await world.press(MIA, await world.card(MIA), "Approve for less")
            assert (await set_end(world, MIA, end)).ok
            await ann.told("Step 1 of 2 of your request for .* is approved. Now it is waiting")
            await ann.overview()
            await world.press(ANN, world.cards(APPROVALS)[-1], "Deny")
            await world.press(DANA, await world.card(DANA), "Approve")
            await world.give_reason(DANA, "Fine")
            delivered = said(await ann.told("You now have access"))
            assert "instead of <!date^" in delivered
            assert "Approved by" not in delivered
            # Entra shows it to her at My Access.
            [post] = world.posts("adminAdd")
            assert not re.search("|".join(APPROVERS.values()), str(post.body))
            assert "(named in Latchkey's audit log), stage 2" in str(post.body)
            await ann.overview()

            await world.later(timedelta(days=2))
            reminder = await ann.told("Your access to .* ends|Ending soon|About your access to")
            await world.extend(ANN, reminder)
            await world.press(MIA, await world.card(MIA, "asks to extend"), "Approve")
            await ann.told("Step 1 of 2 of your extension of .* is approved")
            await ann.overview()
            await world.press(BO, await world.card(BO, "asks to extend"), "Deny")
            await world.give_reason(BO, "Not again")
            denied = said(await ann.told("was denied"))
            assert "Your request to extend *Production Database* was denied." in denied
            await ann.overview()

            await ann.type(FINANCE)
            await world.press(BO, await world.card(BO), "Deny")
            await world.give_reason(BO, "Not before the audit")
            assert "Your request for *Finance Reports* was denied." in said(
                await ann.told("request for .* was denied")
            )
            await ann.type("/request-access list")
            await ann.type(FINANCE)
            await world.card(BO)
            await world.later(timedelta(days=15))
            await ann.told("has expired")
            past = await ann.type("/my-access past")
            assert "Denied." in past


def _read(reader: Reader) -> list[str]:
    reader.look()
    return reader.texts


async def test_those_who_decide_and_the_admins_read_names(database, version):
    """On the cards, in the channel, in the lists, and in the answer to whoever comes late."""
    async with living(database, prepare=policies_say(HIDDEN), **version) as world:
        await world.type(ANN, PRODUCTION)
        card = await world.card(MIA)
        await eventually(lambda: f"Asked: <@{MIA}>." in said(world.cards(APPROVALS)[-1]))
        assert f"Asked: <@{MIA}>." in said(card)
        pending = (await world.type(DANA, "/access-admin pending")).message
        assert f"waiting for <@{MIA}>" in said(pending)
        await world.press(MIA, card, "Approve")
        await world.press(DANA, await world.card(DANA), "Deny")
        await world.give_reason(DANA, "No")
        await world.told(ANN, "was denied")
        await eventually(lambda: f"Denied by <@{DANA}>" in said(world.cards(APPROVALS)[-1]))


async def test_each_stage_is_judged_for_itself(database, version):
    """Who decides the first is shown, who decides the second is not."""
    async with living(database, prepare=policies_say(SHOWN, HIDDEN), **version) as world:
        with unnamed(world, ANN, but=MIA + "|Mia Moreau") as [ann]:
            await ann.type(PRODUCTION)
            await world.card(MIA)
            assert f"waiting for <@{MIA}> (since" in await ann.overview()
            await world.press(MIA, await world.card(MIA), "Approve")
            await ann.told("Mia Moreau approved step 1 of 2 .* Now it is waiting for approval")
            await world.press(DANA, await world.card(DANA), "Deny")
            await world.give_reason(DANA, "No")
            denied = said(await ann.told("was denied"))
            assert "was denied. Mia Moreau had approved it before." in denied
            assert not re.search(APPROVERS[DANA], denied)


async def test_delegates_are_hidden_with_their_approvers(database, version):
    """Neither they nor for whom they decide."""
    async with living(database, prepare=policies_say(HIDDEN), **version) as world:
        with unnamed(world, ANN) as [ann]:
            await world.type(BO, f"/my-access delegate <@{CY}> until tomorrow")
            await ann.type(FINANCE)
            await world.card(CY)
            await ann.overview()
            await world.press(CY, await world.card(CY), "Approve")
            await ann.told("You now have access")
            await ann.overview()


async def test_alternates_are_hidden_too(database, version):
    """The stage has waited for too long, and others are asked as well."""
    more: dict[str, Any] = {
        "isEscalationEnabled": True,
        "durationBeforeEscalation": "P1D",
        "escalationApprovers": [
            {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.DANA}
        ],
    }
    prepare = policies_say(HIDDEN, **more)
    async with living(database, prepare=prepare, **version) as world:
        with unnamed(world, ANN) as [ann]:
            await ann.type(FINANCE)
            await world.card(BO)
            await world.later(timedelta(days=2))
            await world.card(DANA)
            await ann.overview()
            await world.press(DANA, await world.card(DANA), "Approve")
            await ann.told("You now have access")


async def test_several_approvals_are_counted_without_names(database, tmp_path, version):
    """How many there are is no secret; and if too few come, that is said."""
    file = tmp_path / "latchkey.yml"
    file.write_text(QUORUM, "utf-8")
    people = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": each}
        for each in (seed.BO, seed.MIA)
    ]
    prepare = policies_say(HIDDEN, primaryApprovers=people)
    async with living(
        database, prepare=prepare, LATCHKEY_PACKAGE_SETTINGS=str(file), **version
    ) as world:
        with unnamed(world, ANN) as [ann]:
            assert "2 approvers approve" in await ann.type(FINANCE)
            await world.press(BO, await world.card(BO), "Approve")
            await ann.told("Your request for .* has 1 of 2 approvals now")
            await ann.overview()
            await world.later(timedelta(days=15))
            told = said(await ann.told("has expired: it got 1 of 2 approvals in time\\."))
            assert "by" not in told.partition(".")[0]


async def test_what_is_asked_for_somebody_else_names_nobody(database):
    """Neither to whoever asks nor to whom it is for; they name each other."""
    async with living(database, prepare=policies_say(HIDDEN)) as world:
        allow(world, seed.FINANCE_REPORTS)
        with unnamed(world, ANN, but="Mia|U0MIA") as [ann], unnamed(world, MIA) as [mia]:
            await world.synced()
            assert await ask_for(world, MIA, ANN)
            await world.card(BO)
            await ann.told("It waits for a decision")
            await mia.told("It waits for a decision")
            await ask(world, BO)
            await mia.told("An approver decides about your request for .* for")
            await ann.told("An approver decides about that, and asks")
            await ann.overview()
            await mia.overview()
            await world.press(BO, await world.card(BO), "Deny")
            await world.give_reason(BO, "No")
            await mia.told("was denied")
            await ann.told("was denied")
            await mia.overview()
            assert not [each for each in ann.texts if re.search(APPROVERS[BO], each)]


async def test_the_review_of_an_emergency_names_nobody(database, tmp_path):
    """Neither in the channel, which is for everybody, nor to whoever had the access."""
    file = tmp_path / "latchkey.yml"
    file.write_text(
        "packages:\n  Finance Reports: {break_glass: {minutes: 60, review_within: 4h}}\n",
        "utf-8",
    )
    async with living(
        database, prepare=policies_say(HIDDEN), LATCHKEY_PACKAGE_SETTINGS=str(file)
    ) as world:
        with unnamed(world, ANN) as [ann]:
            await ann.type(ASK_IN_EMERGENCY)
            await ann.told("You now have access")
            card = await emergency_card(world, BO)
            await eventually(lambda: "Somebody else has to review" in said(card))
            assert (await review(world, BO, card, "fine", "It was on fire")).ok
            told = said(await ann.told("has been reviewed"))
            assert "somebody found it fine: It was on fire" in told
            await ann.overview()


async def test_whoever_reviews_an_emergency_and_takes_it_away_is_not_named(database, tmp_path):
    """Not by the news of the removal, in no list, and not when the access is asked for again."""
    file = tmp_path / "latchkey.yml"
    file.write_text(
        "packages:\n  Finance Reports: {break_glass: {minutes: 60, review_within: 4h}}\n",
        "utf-8",
    )
    async with living(
        database, prepare=policies_say(HIDDEN), LATCHKEY_PACKAGE_SETTINGS=str(file)
    ) as world:
        with unnamed(world, ANN) as [ann]:
            await ann.type(ASK_IN_EMERGENCY)
            await ann.told("You now have access")
            card = await emergency_card(world, BO)
            assert (await review(world, BO, card, "remove", "It was not on fire")).ok
            await ann.overview()
            assert "removed by somebody" in said(await ann.told("Your access to .* was removed"))
            await ann.overview()
            await ann.type(FINANCE)
            await ann.told("Somebody removed your access to .* an admin has to approve")
            await ann.overview()
        assert [row.asked_by for row in await _removals(world)] == [BO]


async def _removals(world: World) -> list[Any]:
    rows = await world.bot.store.read(lambda db: db.execute(request_rows.SELECT).all())
    return [each for each in map(request_rows.from_row, rows) if each.kind is Kind.REMOVE]


async def test_the_tenant_decides_where_the_policy_leaves_it_to_that(database, version):
    """Members see who approves, if the tenant shows it to them."""
    async with living(
        database, prepare=policies_say(DEFAULT, members_see=False), **version
    ) as world:
        with unnamed(world, ANN) as [ann]:
            await ann.type(FINANCE)
            await world.press(BO, await world.card(BO), "Approve")
            await ann.told("You now have access")
            await ann.overview()


@pytest.mark.parametrize("said_of_it", [DEFAULT, SHOWN])
async def test_members_see_who_approves(database, said_of_it):
    """Where the policy says so, whatever the tenant's default; and where both leave it as it is."""
    prepare = policies_say(said_of_it, members_see=said_of_it == DEFAULT)
    async with living(database, prepare=prepare) as world:
        await world.type(ANN, FINANCE)
        await world.press(BO, await world.card(BO), "Approve")
        await world.told(ANN, "Approved by Bo Berg")


async def test_guests_of_the_tenant_see_nobody_by_default(database):
    """The tenant's setting is about its members."""

    def prepare(outside: Any) -> None:
        policies_say(DEFAULT)(outside)
        outside.tenant.world.users[seed.ANN].user_type = "Guest"
        for policy in outside.tenant.world.policies.values():
            policy.allowed_target_scope = "allDirectoryUsers"

    async with living(database, prepare=prepare) as world:
        await world.type(ANN, FINANCE)
        await world.card(BO)
        mine = said((await world.type(ANN, "/my-access")).message)
        assert "waiting for approval (since" in mine
        await world.press(BO, await world.card(BO), "Approve")
        assert "Approved by" not in said(await world.told(ANN, "You now have access"))


async def test_what_cannot_be_read_is_hidden_and_keeps_nobody_waiting(database):
    """Latchkey may not read the tenant's setting."""

    def prepare(outside: Any) -> None:
        policies_say(DEFAULT)(outside)
        outside.tenant.faults.set("forbidden", count=1_000, only="endUserSettings")

    async with living(database, prepare=prepare) as world:
        await world.type(ANN, FINANCE)
        await world.press(BO, await world.card(BO), "Approve")
        assert "Approved by" not in said(await world.told(ANN, "You now have access"))


async def test_what_cannot_be_read_for_a_while_hides_nothing_that_waits_already(database):
    """It would stay hidden, and the audit log would say that the policy hides it."""

    def prepare(outside: Any) -> None:
        policies_say(DEFAULT)(outside)

    async with living(database, prepare=prepare) as world:
        await world.type(ANN, FINANCE)
        await world.card(BO)
        world.outside.tenant.faults.set("forbidden", count=1_000, only="endUserSettings")
        await _read_anew(world)
        assert f"waiting for <@{BO}>" in said((await world.type(ANN, "/my-access")).message)
        assert "hide-approvers" not in [verb for _, verb, _ in await world.deeds()]
        world.outside.tenant.faults.clear()
        policies_say(DEFAULT, members_see=False)(world.outside)
        await _read_anew(world)
        assert "waiting for approval" in said((await world.type(ANN, "/my-access")).message)
        assert "hide-approvers" in [verb for _, verb, _ in await world.deeds()]


async def _read_anew(world: World) -> None:
    """Wait until the tenant's setting is read once more, by a sync."""
    await asyncio.sleep(2 * GOOD_FOR.total_seconds())
    await world.synced()


async def test_a_cloud_without_the_setting_hides_nothing(database):
    """Then Entra cannot hide it, either."""

    def prepare(outside: Any) -> None:
        outside.tenant.world.end_user_settings = None

    async with living(database, prepare=prepare) as world:
        await world.type(ANN, FINANCE)
        await world.press(BO, await world.card(BO), "Approve")
        await world.told(ANN, "Approved by Bo Berg")


async def test_what_is_hidden_while_it_waits_is_hidden_from_then_on(database, version):
    """As soon as it is seen; and it is not shown again, for who has decided did so unseen."""
    async with living(database, prepare=policies_say(SHOWN), **version) as world:
        await world.type(ANN, FINANCE)
        await world.card(BO)
        policies_say(HIDDEN)(world.outside)
        await world.synced()
        with unnamed(world, ANN) as [ann]:
            await ann.overview()
            policies_say(SHOWN)(world.outside)
            await world.synced()
            await ann.overview()
            await world.press(BO, await world.card(BO), "Approve")
            await ann.told("You now have access")
            await ann.overview()
        assert [verb for _, verb, _ in await world.deeds()].count("hide-approvers") == 1


async def test_what_is_hidden_just_before_the_grant_is_not_told(database):
    """The second look sees it, and nobody has to approve it anew."""
    async with living(database, prepare=policies_say(SHOWN)) as world:
        await world.type(ANN, FINANCE)
        card = await world.card(BO)
        policies_say(HIDDEN)(world.outside)
        await world.press(BO, card, "Approve")
        assert "Approved by" not in said(await world.told(ANN, "You now have access"))
        assert await world.states() == ["add delivered"]


def needs_no_approval(policy: Any) -> None:
    policy.approval["isApprovalRequiredForAdd"] = False


def loses_its_second_stage(policy: Any) -> None:
    del policy.approval["stages"][1:]


@pytest.mark.parametrize("changed", [needs_no_approval, loses_its_second_stage])
async def test_who_has_decided_a_stage_that_is_gone_stays_hidden(database, version, changed):
    """The policy has fewer stages just before the grant, and hides nobody any more; what was decided was decided unseen."""
    async with living(database, prepare=policies_say(HIDDEN), **version) as world:
        await world.type(ANN, PRODUCTION)
        with unnamed(world, ANN) as [ann]:
            await world.press(MIA, await world.card(MIA), "Approve")
            await ann.told("Step 1 of 2 of your request")
            policies_say(SHOWN)(world.outside)
            for policy in world.tenant.world.policies.values():
                if policy.package_id == seed.PRODUCTION_DATABASE:
                    changed(policy)
            await world.press(BO, await world.card(BO), "Approve")
            await world.give_reason(BO, "It is down")
            if changed is loses_its_second_stage:
                await world.press(MIA, await world.card(MIA), "Approve")
            await ann.told("You now have access")
            await ann.told("Step 1 of your request for .* was approved")
            await ann.overview()


async def test_what_entra_decides_names_nobody(database, tmp_path, version):
    """Asked, approved and denied there, here or at My Access."""
    async with deciding(database, tmp_path, **version) as world:
        policies_say(HIDDEN)(world.outside)
        await world.synced()
        await connect(world, ANN)
        with unnamed(world, ANN) as [ann]:
            await ann.type(FINANCE)
            await world.card(BO)
            await ann.overview()
            await connect(world, BO)
            await world.press(BO, await world.card(BO), "Deny")
            await world.give_reason(BO, "Not before the audit")
            await ann.told("was denied in Microsoft Entra")
            await ann.overview()


async def test_a_late_click_of_whoever_asked_is_told_no_name(database):
    """They have a copy of the channel's card before them."""
    async with living(database, prepare=policies_say(HIDDEN)) as world:
        world.slack.channel(APPROVALS).members.add(ANN)
        with unnamed(world, ANN) as [ann]:
            await ann.type(FINANCE)
            card = await world.card(APPROVALS)
            posted = await world.bot.slack.post(
                APPROVALS, {"text": card.text, "blocks": card.blocks}
            )
            another = world.slack.channel(APPROVALS).message(posted.ts)
            assert another is not None
            await world.press(BO, await world.card(BO), "Approve")
            await ann.told("You now have access")
            await world.press(ANN, another, "Approve")
            await world.whispered(ANN, APPROVALS, "That was already approved, ")


async def test_a_late_click_by_another_slack_account_of_theirs_is_told_no_name(database):
    """Whoever else comes late reads it."""
    async with living(database, prepare=policies_say(HIDDEN)) as world:
        await world.type(ANN, FINANCE)
        card = await world.card(APPROVALS)
        copies = []
        for user in (CY, MIA):
            world.slack.channel(APPROVALS).members.add(user)
            posted = await world.bot.slack.post(
                APPROVALS, {"text": card.text, "blocks": card.blocks}
            )
            copy = world.slack.channel(APPROVALS).message(posted.ts)
            assert copy is not None
            copies.append(copy)
        await world.press(BO, await world.card(BO), "Approve")
        await world.told(ANN, "You now have access")
        move_address(world, of=ANN, to=CY)
        await world.type(CY, FINANCE)
        await world.told(CY, "You have it already")
        await world.type(MIA, "/request-access marketing-campaign")
        await world.told(MIA, "I cannot get you access")
        for user, copy in zip((CY, MIA), copies, strict=True):
            await world.press(user, copy, "Approve")
        await world.whispered(CY, APPROVALS, "That was already approved, ")
        await world.whispered(MIA, APPROVALS, "That was already approved by Bo Berg, ")


async def test_who_cancels_too_late_is_told_no_name(database):
    """It is decided already, and their list does not say so yet."""
    async with living(database, prepare=policies_say(HIDDEN)) as world:
        with unnamed(world, ANN) as [ann]:
            await ann.type(FINANCE)
            card = await world.card(BO)
            listed = (await world.type(ANN, "/my-access")).message
            assert listed is not None
            await world.press(BO, card, "Deny")
            await world.give_reason(BO, "No")
            await ann.told("was denied")
            await world.press(ANN, listed, "Cancel")
            await eventually(
                lambda: any(
                    "cannot be withdrawn any more: it is denied" in each for each in _read(ann)
                )
            )


@pytest.mark.parametrize("locale", ["de-DE", "es-ES", "fr-FR", "ja-JP"])
async def test_no_language_names_anybody(database, locale):
    """Each has its own sentences."""
    async with living(database, prepare=policies_say(HIDDEN)) as world:
        world.slack.person(ANN).locale = locale
        await world.type(ANN, "/my-access")
        await eventually(lambda: _language(world), about="what she reads")
        with unnamed(world, ANN) as [ann]:
            assert "waiting for" not in await ann.type(PRODUCTION)
            await world.card(MIA)
            assert "waiting for" not in await ann.overview()
            await ask(world, MIA)
            await eventually(
                lambda: any("Which report" in said(each) for each in world.direct(ANN))
            )
            told = len(world.direct(ANN))
            await world.press(MIA, await world.card(MIA), "Approve")
            await eventually(lambda: len(world.direct(ANN)) > told)
            await world.press(DANA, await world.card(DANA), "Deny")
            await world.give_reason(DANA, "-")
            await eventually(lambda: len(world.direct(ANN)) > told + 1)
            await ann.overview()


async def _language(world: World) -> bool:
    return ANN in await world.bot.store.read(languages.find, [ANN])
