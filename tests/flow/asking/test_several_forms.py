"""Several packages in one form, some of which ask questions of their own: each is asked for, or said by name."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.packages.catalog import OfferedPackages
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.store import catalog
from bot.requests.service import RequestService
from tests.flow.asking.test_request_form import TICKET, asked, choose, opened, package_id, world
from tests.harness.world import ANN, eventually, said

__all__ = ["world"]

NOT_ASKABLE = (
    "“Customer Data” was not asked for. Its question “Which ticket is it about?” cannot be asked"
)


async def ask_for(world, *names):
    """Ask for these packages in one form, and return what it shows then."""
    await opened(world, ANN)
    form = await choose(world, ANN, *(package_id(world, name) for name in names))
    await eventually(lambda: names[-1] in said(world.form(ANN)), about="what holds for each")
    await world.slack.submit(user=ANN, view_id=form.id, values={"reason": {"reason": "a call"}})
    await world.bot.background.finish()
    return world.form(ANN)


async def answer_ticket(world, form):
    await world.slack.submit(
        user=ANN, view_id=form.id, values={TICKET: {"latchkey_answer": "INC-123456"}}
    )
    await world.bot.background.finish()
    return world.form(ANN)


def policies_of(world, name):
    about = package_id(world, name)
    return [each for each in world.tenant.world.policies.values() if each.package_id == about]


async def make_unaskable(world, name):
    """Let a question want an answer of a form that Latchkey cannot check."""
    for policy in policies_of(world, name):
        policy.settings["questions"][0]["regexPattern"] = r"(?=.*\d).{8,}"
    await world.synced()


async def delete(world, name):
    tenant = world.tenant.world
    for policy in policies_of(world, name):
        del tenant.policies[policy.id]
    del tenant.packages[package_id(world, name)]
    await world.synced()


async def test_what_no_form_can_ask_is_said_and_the_next_one_follows(world):
    """And that the first one was asked for."""
    await make_unaskable(world, "Customer Data")

    form = await ask_for(world, "Finance Reports", "Customer Data", "Build Servers")

    shown = said(form)
    assert "Asked for “Finance Reports”." in shown
    assert NOT_ASKABLE in shown
    assert "*Build Servers*" in shown
    assert form.submit
    assert list(await asked(world, ANN)) == ["Finance Reports"]


async def test_what_no_form_can_ask_is_said_beside_what_was_asked_for(world):
    """Where no other form follows."""
    await make_unaskable(world, "Customer Data")

    shown = said(await ask_for(world, "Finance Reports", "Customer Data"))

    assert "Asked for *Finance Reports*." in shown
    assert "*Customer Data* was not asked for. Its question" in shown
    assert "Please ask for it in My Access." in shown


async def test_what_only_ones_own_policy_makes_unaskable_is_said_too(world):
    """The other policy is for Dana; that is known a moment after the form has opened."""
    unaskable, other = policies_of(world, "Build Servers")
    other.allowed_target_scope = "specificDirectoryUsers"
    other.specific_allowed_targets = []
    [asks] = policies_of(world, "Customer Data")
    question = {**asks.settings["questions"][0], "regexPattern": r"(?=.*\d).{8,}"}
    unaskable.settings["questions"] = [question]
    await world.synced()

    form = await ask_for(world, "Finance Reports", "Build Servers", "Customer Data")

    await eventually(lambda: "*Customer Data*" in said(world.form(ANN)), about="the next form")
    shown = said(form)
    assert "Asked for “Finance Reports”. “Build Servers” was not asked for. Its question" in shown
    assert form.submit


async def test_a_form_whose_package_is_gone_leads_to_the_next_one(world):
    """It was deleted while its form was open."""
    form = await ask_for(world, "Customer Data", "Build Servers")
    await delete(world, "Customer Data")

    shown = said(await answer_ticket(world, form))

    assert "Something of that is not offered any more." in shown
    assert "*Build Servers*" in shown


async def test_a_package_that_is_gone_when_its_turn_comes_is_not_passed_over(world):
    """That one was asked for, and the other cannot be."""
    form = await ask_for(world, "Customer Data", "Build Servers")
    await delete(world, "Build Servers")

    shown = said(await answer_ticket(world, form))

    assert "Asked for *Customer Data*." in shown
    assert "Something of that is not offered any more." in shown


async def test_what_was_open_before_is_said_above_the_next_form(world):
    """It is not asked for twice."""
    await answer_ticket(world, await ask_for(world, "Customer Data"))
    await world.slack.close(user=ANN, view_id=world.form(ANN).id)
    form = await ask_for(world, "Customer Data", "Build Servers")

    shown = said(await answer_ticket(world, form))

    assert "Asked for before, and still open: “Customer Data”." in shown
    assert "*Build Servers*" in shown


async def test_what_is_gone_before_the_form_is_sent_is_said_by_name(world):
    """At the menu, where it can be taken out; nothing is asked for."""
    await opened(world, ANN)
    names = ("Finance Reports", "Marketing Campaign")
    form = await choose(world, ANN, *(package_id(world, name) for name in names))
    await delete(world, "Finance Reports")

    sent = await world.slack.submit(
        user=ANN, view_id=form.id, values={"reason": {"reason": "a call"}}
    )

    assert sent.errors == {"package": "Not offered any more: “Finance Reports”."}
    assert not await asked(world, ANN)


async def test_a_form_that_cannot_ask_says_the_same_when_it_is_sent(world):
    """Its menu makes it one that can be sent; nothing has changed by that."""
    await make_unaskable(world, "Customer Data")
    await opened(world, ANN)
    form = await choose(world, ANN, package_id(world, "Customer Data"))
    await eventually(lambda: "cannot be asked" in said(world.form(ANN)), about="why")
    before = said(world.form(ANN))

    await world.slack.submit(user=ANN, view_id=form.id, values={})

    assert said(world.form(ANN)) == before


class ChangedMeanwhile(OfferedPackages):
    """The packages, of which a sync changes some as soon as they were read, so many times."""

    def __init__(self, store, *, change, times):
        super().__init__(store, PackageSettingsFile())
        self._change, self._left = change, times

    async def now(self):
        found = await super().now()
        if self._left:
            self._left -= 1
            await self._store.run(catalog.replace, self._change(found.everything.packages))
        return found


def described_anew(packages):
    return [replace(each, description=f"{each.description}!") for each in packages]


def all_but_reports(packages):
    return [each for each in described_anew(packages) if each.name != "Finance Reports"]


@pytest.mark.parametrize(
    ("change", "times", "got", "why"),
    [
        (described_anew, 1, {"Finance Reports", "Marketing Campaign"}, []),
        (all_but_reports, 1, {"Marketing Campaign"}, ["That package is not offered any more."]),
        (
            described_anew,
            9,
            set(),
            ["The packages have changed just now. Please ask for it once more."] * 2,
        ),
    ],
    ids=["changed", "gone", "without end"],
)
async def test_packages_that_a_sync_changes_just_then_are_asked_for(world, change, times, got, why):
    """As they are by then; and of what cannot be asked for, it is said why."""
    bot = world.bot
    wanted = [package_id(world, each) for each in ("Finance Reports", "Marketing Campaign")]
    service = RequestService(
        store=bot.store,
        guard=bot.services.guard,
        offering=ChangedMeanwhile(bot.store, change=change, times=times),
        wake=lambda: None,
        asks_an_hour=30,
        package_settings=PackageSettingsFile(),
        removed_for=timedelta(days=30),
    )

    result = await service.ask_for_several(slack_user=ANN, package_ids=wanted, reason="a call")

    assert {each.package_name for each in result.asked} == got
    assert [each for _, each in result.refused] == why
