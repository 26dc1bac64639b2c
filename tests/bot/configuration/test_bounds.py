"""What LATCHKEY_CATALOGS leaves out is not offered, listed, granted, extended, removed or reminded of."""

import dataclasses
from datetime import timedelta

import pytest

from bot.assignments.store import troubles
from bot.configuration.settings import UnreadableSettings, read_settings
from bot.errors import ConfigurationError, UnknownPackage
from bot.packages.bounds import bounds_of
from bot.people.model import Verb
from bot.requests.model import State
from graph.models import AccessPackageCatalog
from sandbox.tenant import seed
from tests.harness.by_hand import BotHarness, by_hand
from tests.harness.world import said

OTHER = "c0000000-0000-4000-8000-0000000000ff"
CATALOGS = [
    AccessPackageCatalog.model_validate({"id": "AAAA", "displayName": "Finance EU"}),
    AccessPackageCatalog.model_validate({"id": "bbbb", "displayName": "Finance US"}),
    AccessPackageCatalog.model_validate({"id": "cccc", "displayName": "Twins"}),
    AccessPackageCatalog.model_validate({"id": "dddd", "displayName": "Twins"}),
    AccessPackageCatalog.model_validate({"id": "eeee", "displayName": "twins"}),
    AccessPackageCatalog.model_validate({"id": "ffff", "displayName": None}),
]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (["Finance EU"], {"aaaa"}),
        (["finance eu", "Finance US"], {"aaaa", "bbbb"}),
        (["aaaa"], {"aaaa"}),
        (["BBBB"], {"bbbb"}),
        (["dddd"], {"dddd"}),
        (["twins"], {"eeee"}),
        (["ffff"], {"ffff"}),
        ([], None),
    ],
)
def test_catalogs_are_named_by_name_or_id(wanted, ids):
    """In any capitals; an exact name before its likes."""
    assert bounds_of(wanted, CATALOGS).catalog_ids == ids


@pytest.mark.parametrize(
    ("wanted", "problems"),
    [
        (["Finanz EU"], ["Did you mean “Finance EU”?"]),
        (["Twins"], ["several catalogs are called that: write the id, cccc or dddd"]),
        (["x" * 50, "Finance"], ["there is no catalog of that name", "Finance"]),
        ([""], ["there is no catalog of that name"]),
    ],
)
def test_what_is_not_clear_stops_the_start(wanted, problems):
    """Each with a sentence; nothing is guessed."""
    with pytest.raises(ConfigurationError) as refused:
        bounds_of(wanted, CATALOGS)

    assert len(refused.value.problems) == len(wanted)
    for problem in problems:
        assert problem in str(refused.value)


def test_names_of_catalogs_may_have_blanks():
    """Commas, semicolons and new lines stand between them."""
    settings = read_settings({"LATCHKEY_CATALOGS": " Finance EU, Finance US;\nGeneral ,"})

    assert settings.catalogs == ("Finance EU", "Finance US", "General")
    assert read_settings({}).catalogs == ()


@pytest.mark.parametrize("name", ["LATCHKEY_CATALOGS", "LATCHKEY_EMAIL_DOMAINS"])
@pytest.mark.parametrize("nothing", [",", " , ;\n", '""', "','"])
def test_a_bound_that_names_nothing_is_no_leave_for_everything(name, nothing):
    """As when a template joins nothing: without these settings everything counts."""
    with pytest.raises(UnreadableSettings, match=f"{name} cannot be used: it names nothing"):
        read_settings({name: nothing})


@pytest.fixture
async def bounded(database):
    """A bot that may touch General alone, and a tenant in which Finance Reports has been moved elsewhere."""
    async with by_hand(database, LATCHKEY_CATALOGS="General") as made:
        world = made.tenant.world
        other = dataclasses.replace(world.catalogs[seed.GENERAL], id=OTHER, display_name="Other")
        world.catalogs[OTHER] = other
        yield made


async def move(harness: BotHarness, package_id: str, *, to: str = OTHER) -> None:
    harness.tenant.world.packages[package_id].catalog_id = to


async def test_a_name_that_is_not_there_stops_the_bot(database):
    """With the nearest."""
    with pytest.raises(ConfigurationError, match="Did you mean “General”"):
        async with by_hand(database, LATCHKEY_CATALOGS="Genral"):
            raise AssertionError("it has started")


async def test_what_is_outside_is_not_offered_or_found(bounded):
    """Not by its name either."""
    await move(bounded, seed.FINANCE_REPORTS)
    await bounded.tenant_sync.run()

    assert "Finance Reports" not in [
        each.name for each in await bounded.request_forms.offered_packages()
    ]
    with pytest.raises(UnknownPackage):
        await bounded.requests.ask(slack_user="U0ANN", text="finance-reports because x")


async def test_what_is_outside_is_not_granted(bounded):
    """Asked for, and approved, before anybody knew."""
    asked = await bounded.requests.ask(slack_user="U0ANN", text="finance-reports because x")
    await move(bounded, seed.FINANCE_REPORTS)
    await bounded.work()
    assert (await bounded.request(asked.request.id)).state is State.REFUSED

    await move(bounded, seed.FINANCE_REPORTS, to=seed.GENERAL)
    waiting = await bounded.ask("finance-reports because x")
    await bounded.approvals.decide(
        ask_id=waiting.ask_id, verb=Verb.APPROVE, slack_user="U0BO", team="T0LATCH", channel=None
    )
    await bounded.jobs.decisions.run()
    await move(bounded, seed.FINANCE_REPORTS)
    await bounded.finish()

    refused = await bounded.request(waiting.id)
    assert refused.state is State.REFUSED
    assert "not set up to handle" in (refused.why or "")
    assert bounded.posted("adminAdd") == 0


@pytest.fixture
async def holding(bounded):
    """Ann has the campaign, whose catalog is then left out."""
    await bounded.ask("marketing-campaign")
    await bounded.finish()
    (held,) = (await bounded.request_lists.access_overview("U0ANN")).held.rows
    await move(bounded, seed.MARKETING_CAMPAIGN)
    return bounded, held


async def test_what_is_outside_is_not_removed_or_extended(holding):
    """By a button that was drawn before."""
    bounded, held = holding
    removal = await bounded.request_changes.remove(
        slack_user="U0DANA", assignment_id=held.id, reason="x"
    )
    await bounded.finish()
    extension = await bounded.request_changes.extend(slack_user="U0ANN", assignment_id=held.id)
    await bounded.finish()

    assert (await bounded.request(removal.request.id)).state is State.REFUSED
    assert (await bounded.request(extension.request.id)).state is State.REFUSED
    assert bounded.posted("adminRemove") == bounded.posted("adminUpdate") == 0


async def test_a_removal_that_was_approved_before_is_not_sent(holding):
    """The bounds are looked at once more before the POST."""
    bounded, held = holding
    await move(bounded, seed.MARKETING_CAMPAIGN, to=seed.GENERAL)
    taken = await bounded.request_changes.return_access(slack_user="U0ANN", assignment_id=held.id)
    await bounded.evaluator.receive(await bounded.claimed(taken.request))
    assert (await bounded.request(taken.request.id)).state is State.APPROVED
    await move(bounded, seed.MARKETING_CAMPAIGN)

    await bounded.finish()

    assert (await bounded.request(taken.request.id)).state is State.REFUSED
    assert bounded.posted("adminRemove") == 0


@pytest.mark.parametrize(("catalog", "is_done"), [(seed.GENERAL, True), (OTHER, False)])
async def test_what_is_outside_is_not_processed_again(bounded, catalog, is_done):
    """Dana has pressed Reprocess on a card that was drawn before."""
    bounded.tenant.faults.set("delivery_partial", count=1)
    await bounded.ask("marketing-campaign")
    await bounded.finish()
    await bounded.tenant_sync.run()
    (held,) = (await bounded.request_lists.access_overview("U0ANN")).held.rows
    await bounded.assignments.reprocess(slack_user="U0DANA", assignment_id=held.id)
    await move(bounded, seed.MARKETING_CAMPAIGN, to=catalog)

    await bounded.jobs.reprocessing.work()

    posts = [call.path for call in bounded.tenant.calls if call.path.endswith("reprocess")]
    assert bool(posts) is is_done
    (trouble,) = await bounded.store.run(troubles.open_about, held.id)
    assert ("not set up to handle" in (trouble.answer or "")) is not is_done


async def test_what_is_outside_is_neither_listed_nor_reminded_of_nor_said_to_have_ended(holding):
    """It is not Latchkey's any more, and goes on in Entra."""
    bounded, _ = holding
    await bounded.jobs.sync()
    before = len(bounded.told("U0ANN"))

    assert (await bounded.request_lists.access_overview("U0ANN")).held.rows == []
    for text in ("", "<@U0ANN>", "Ann Abara"):
        # Also where Entra is asked what somebody holds.
        listing = await bounded.assignment_lists.look_up(slack_user="U0DANA", text=text)
        assert list(listing.page.rows) == []
    bounded.shift(timedelta(days=24))
    await bounded.jobs.sync()
    await bounded.talk()
    bounded.shift(timedelta(days=10))
    await bounded.jobs.sync()
    await bounded.talk()
    assert [said(each) for each in bounded.told("U0ANN")[before:]] == []


async def test_wider_bounds_bring_it_back(holding):
    """As Graph has it."""
    bounded, held = holding
    await bounded.tenant_sync.run()
    await move(bounded, seed.MARKETING_CAMPAIGN, to=seed.GENERAL)

    await bounded.tenant_sync.run()

    listing = await bounded.assignment_lists.look_up(slack_user="U0DANA", text="")
    assert [row.id for row in listing.page.rows] == [held.id]
