"""Test whose access it is: told by a person's own binding, never by where messages about it happen to go."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import clock
from bot.assignments.model import AssignmentState
from bot.assignments.store import assignment_lists, assignments, links
from bot.database import open_store
from bot.database.tables import assignments as assignment_table
from bot.database.tables import people as person_table
from bot.errors import NotAllowed
from bot.people.identity import People
from bot.people.store import people
from bot.requests.model import State
from bot.slack.errors import SlackRefused
from bot.slack.profiles import SlackUser
from bot.sync.links import LOOKUPS_A_SYNC, HolderLinks
from bot.sync.members import MOST_FAILURES
from bot.sync.rechecks import LOOK_AGAIN_AFTER
from graph.models import User as EntraUser
from sandbox.slack import Person
from sandbox.tenant import seed
from sandbox.tenant.model import User
from tests.bot.samples import held
from tests.bot.sync.test_tenant_sync import give, row
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering
from tests.harness.world import said

OTHER = "a0000000-0000-4000-8000-0000000000aa"
ANNS = "ann@contoso.example"


def another_account(harness: BotHarness, *, mail: str | None = ANNS, enabled: bool = True) -> None:
    """Somebody else in Entra, with Ann's address unless told otherwise."""
    harness.tenant.world.users[OTHER] = User(
        id=OTHER,
        display_name="Annette Other",
        user_principal_name="annette@contoso.example",
        created_at=clock.now(),
        mail=mail,
        account_enabled=enabled,
    )


async def hold_of_another(harness: BotHarness, *, enabled: bool = True) -> str:
    """The access of an account that has Ann's address; the assignment's id."""
    another_account(harness, mail=None)
    for group in harness.tenant.world.groups.values():
        if seed.ANN in group.members:
            group.members.append(OTHER)
    mine = await give(harness, OTHER)
    another_account(harness, enabled=enabled)
    await look_again(harness)
    return mine


async def messages_go_to(harness: BotHarness, user: str | None, assignment_id: str) -> None:
    """However that came about: an older program, a restored database."""
    update = assignment_table.update().where(assignment_table.c.id == assignment_id)
    values = {"holder": user, "looked_up_at": clock.real()}
    await harness.store.run(lambda db: db.execute(update.values(**values)).rowcount)


async def look_again(harness: BotHarness) -> None:
    """Everybody's turn to be looked for has come."""
    await harness.store.run(
        lambda db: db.execute(assignment_table.update().values(looked_up_at=None)).rowcount
    )
    await harness.tenant_sync.run()


@pytest.mark.parametrize("enabled", [True, False])
async def test_an_address_of_two_leads_to_nobody(harness, enabled):
    """Another account has Ann's address: she hears nothing of its access, sees nothing of it, and disposes of nothing."""
    mine = await hold_of_another(harness, enabled=enabled)

    assert (await row(harness, mine)).holder is None
    assert (await harness.request_lists.access_overview("U0ANN")).held.rows == []
    for act in (
        harness.request_changes.return_access,
        harness.request_changes.extend,
        harness.assignments.let_end,
        harness.assignments.remind_again,
    ):
        with pytest.raises(NotAllowed, match="Only the person"):
            await act(slack_user="U0ANN", assignment_id=mine)
    await harness.finish()
    assert harness.posted("adminRemove") == 0


async def test_who_is_known_as_somebody_else_gets_no_messages_of_a_second_account(harness):
    """Ann is bound, and her address has moved to another account since."""
    await harness.people.identify("U0ANN")
    harness.tenant.world.users[seed.ANN].mail = None
    mine = await hold_of_another(harness)

    assert (await row(harness, mine)).holder is None
    assert (await harness.people.slack_member_of(await harness.graph.users.get(OTHER))) is None


async def test_messages_that_go_astray_give_no_rights(harness):
    """Ann hears of Cy's access: she neither sees it as hers nor returns, extends or lets it end."""
    cys = await give(harness, seed.CY)
    await harness.people.identify("U0ANN")
    await messages_go_to(harness, "U0ANN", cys)

    assert (await harness.request_lists.access_overview("U0ANN")).held.rows == []
    for act in (
        harness.request_changes.return_access,
        harness.request_changes.extend,
        harness.assignments.let_end,
        harness.assignments.remind_again,
    ):
        with pytest.raises(NotAllowed):
            await act(slack_user="U0ANN", assignment_id=cys)
    assert (await row(harness, cys)).let_end is None
    # Cy has all of it, although not one message comes.
    assert [
        each.id for each in (await harness.request_lists.access_overview("U0CY")).held.rows
    ] == [cys]
    await harness.request_changes.return_access(slack_user="U0CY", assignment_id=cys)
    await harness.finish()
    assert harness.posted("adminRemove") == 1


@pytest.mark.parametrize("act", ["return_access", "extend"])
async def test_who_has_become_somebody_else_since_the_click_gets_nothing(harness, act):
    """It was Ann's when she pressed the button; her profile is read again before anything happens."""
    hers = await give(harness)
    taken = await getattr(harness.request_changes, act)(slack_user="U0ANN", assignment_id=hers)
    harness.workspace.people["U0ANN"].email = "cy@contoso.example"

    await harness.finish()

    request = await harness.request(taken.request.id)
    assert request.state is State.REFUSED
    assert "another Entra account" in (request.why or "")
    assert harness.posted("adminRemove") == harness.posted("adminUpdate") == 0
    assert (await row(harness, hers)).state is AssignmentState.LIVE


@pytest.mark.parametrize("change", ["deleted", "is_restricted"])
async def test_who_is_no_member_any_more_returns_nothing(harness, change):
    """Between the click and the effect."""
    hers = await give(harness)
    taken = await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=hers)
    setattr(harness.workspace.people["U0ANN"], change, True)

    await harness.finish()

    assert (await harness.request(taken.request.id)).state is State.REFUSED
    assert harness.posted("adminRemove") == 0


async def test_an_admin_does_not_return_what_is_not_theirs(harness):
    """Messages about Cy's access come to Dana: her Remove is a removal, judged as an admin's."""
    cys = await give(harness, seed.CY)
    await messages_go_to(harness, "U0DANA", cys)

    taken = await harness.request_changes.remove(slack_user="U0DANA", assignment_id=cys)

    assert (taken.request.holder, taken.request.is_given_back) == (None, False)
    with pytest.raises(NotAllowed):
        await harness.request_changes.return_access(slack_user="U0DANA", assignment_id=cys)


async def test_access_given_elsewhere_is_its_holders(harness):
    """Nobody has ever asked for anything; they are found as they would be then."""
    hers = await give(harness)

    assert (await row(harness, hers)).holder == "U0ANN"
    bound = await harness.store.run(people.find, "U0ANN")
    assert bound is not None
    assert bound.entra_id == seed.ANN
    await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=hers)
    await harness.finish()
    assert harness.posted("adminRemove") == 1


async def deactivated(harness):
    """She has left."""
    harness.workspace.people["U0ANN"].deleted = True


async def renamed(harness):
    """Her profile is another's now."""
    harness.workspace.people["U0ANN"].email = "bo@contoso.example"


async def doubled(harness):
    """Somebody else has her address, too."""
    another_account(harness)


async def disabled(harness):
    """Her account in Entra is blocked."""
    harness.tenant.disable_user(seed.ANN)


async def deleted(harness):
    """Her account in Entra is gone, and the assignment outlives it."""
    harness.tenant.delete_user(seed.ANN)


@pytest.mark.parametrize("change", [deactivated, renamed, doubled, disabled, deleted])
async def test_messages_stop_when_they_would_go_to_somebody_else(harness, change):
    """And come again when it is true again; the row stays."""
    hers = await give(harness)
    assert (await row(harness, hers)).holder == "U0ANN"

    await change(harness)
    await look_again(harness)

    found = await row(harness, hers)
    assert (found.holder, found.state) == (None, AssignmentState.LIVE)


async def test_a_look_that_fails_changes_nothing(harness):
    """Slack or Graph is not well: nobody loses or gets a message for that."""
    hers = await give(harness)
    harness.line.on("GET .*/users", answering(500), times=100)

    await look_again(harness)

    assert (await row(harness, hers)).holder == "U0ANN"


async def test_one_whom_graph_does_not_show_holds_up_nobody(harness):
    """The others are looked for, and that one comes last next time."""
    await give(harness, seed.CY)
    hers = await give(harness)
    await messages_go_to(harness, None, hers)
    await harness.store.run(
        lambda db: (
            db.execute(assignment_table.update().values(holder=None, looked_up_at=None)).rowcount
        )
    )
    harness.line.on("GET .*/users.*", answering(403), times=1)

    await harness.tenant_sync.run()

    rows = (await harness.store.run(assignment_lists.page)).rows
    assert sorted(each.holder or "" for each in rows) in (["", "U0ANN"], ["", "U0CY"])


seen = st.one_of(st.none(), st.integers(min_value=25, max_value=200))


@given(st.lists(st.tuples(st.booleans(), seen), min_size=1, max_size=30), st.data())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=25,
)
def test_everybody_has_their_turn(tmp_path_factory, sqlite_template, rows, data):
    """However many there are: never looked for first, and nobody twice before everybody once."""
    file = tmp_path_factory.mktemp("turns") / "latchkey.db"
    file.write_bytes(sqlite_template.read_bytes())
    store = open_store(f"sqlite+pysqlite:///{file}")
    limit = data.draw(st.integers(min_value=1, max_value=7))
    try:
        for number, (is_linked, hours) in enumerate(rows):
            # Several assignments each: a person counts once.
            for copy in range(2):
                at = clock.real() - timedelta(hours=hours) if hours else None
                made = held(
                    id=f"{number}-{copy}",
                    entra_id=f"p{number:02}",
                    holder="U1" if is_linked else None,
                )
                store.run_here(assignments.save_live, made)
                update = (
                    assignment_table.update()
                    .where(assignment_table.c.id == made.id)
                    .values(looked_up_at=at)
                )
                store.run_here(partial(_carry_out, update))
        order: list[str] = []
        before = clock.real() - timedelta(hours=24)
        for _ in range(-(-len(rows) // limit)):
            turn = store.run_here(links.holders_to_look_up, looked_up_before=before, limit=limit)
            for entra_id in turn:
                store.run_here(links.link, entra_id, holders=[])
            order += turn
    finally:
        store.close()

    assert sorted(order) == [f"p{number:02}" for number in range(len(rows))]
    unknown = {f"p{n:02}" for n, (linked, hours) in enumerate(rows) if not linked and hours is None}
    assert set(order[: len(unknown)]) == unknown
    again = [rows[int(each[1:])][1] for each in order if rows[int(each[1:])][1] is not None]
    assert again == sorted(again, key=lambda hours: -(hours or 0))


async def test_a_sync_asks_slack_for_no_more_than_it_may(harness):
    """Forty people, and the others in the next ones: in three syncs everybody has had their turn."""

    def many(db: sa.Connection) -> None:
        for number in range(3 * LOOKUPS_A_SYNC):
            assignments.save_live(
                db, held(id=f"a{number}", entra_id=f"nobody-{number}", holder=None)
            )
        # Looked for before: many who never were are found together.
        db.execute(
            assignment_table.update().values(looked_up_at=clock.real() - 2 * LOOK_AGAIN_AFTER)
        )

    await harness.store.run(many)
    looks = HolderLinks(store=harness.store, graph=harness.graph, people=harness.people)
    # Nobody of them is confirmed by going through all members.
    await looks.refresh()

    for _ in range(3):
        before = len(harness.tenant.calls)
        await looks.refresh()
        looked = [each.path for each in harness.tenant.calls[before:] if "nobody-" in each.path]
        assert len(looked) == len(set(looked)) == LOOKUPS_A_SYNC
    before = len(harness.tenant.calls)
    await looks.refresh()
    assert len(harness.tenant.calls) == before


async def test_a_second_account_waits_until_the_first_and_the_admins_are_told(harness):
    """Nothing is done for it before; both are told once, and then it goes on by itself."""
    await harness.people.identify("U0ANN")
    harness.workspace.people["U0TWIN"] = Person(
        id="U0TWIN", name="twin", real_name="Ann Twin", email=ANNS, team_id="T0LATCH"
    )
    hers = await give(harness)

    request = await harness.ask("marketing-campaign", user="U0TWIN")
    assert request.state is State.RECEIVED
    with pytest.raises(NotAllowed):
        await harness.request_changes.return_access(slack_user="U0TWIN", assignment_id=hers)
    assert (await harness.request_lists.access_overview("U0TWIN")).held.rows == []

    for _ in range(3):
        await harness.talk()
        await harness.expire_all_waits()
        await harness.work()

    told = [said(each) for each in harness.told("U0ANN") if "as you do" in each.text]
    admins = [
        said(each)
        for each in harness.workspace.channels["C0APPROVALS"].messages
        if "two Slack accounts of one person" in each.text
    ]
    assert (len(told), len(admins)) == (1, 1)
    assert "<@U0TWIN>" in told[0]
    assert "<@U0ANN>" in admins[0]
    assert (await harness.request(request.id)).state is State.REFUSED
    assert "You have it already" in ((await harness.request(request.id)).why or "")
    assert [
        each.id for each in (await harness.request_lists.access_overview("U0TWIN")).held.rows
    ] == [hers]


async def test_a_second_account_waits_as_long_as_slack_takes_no_message(harness):
    """What could not be told is not done."""
    await harness.people.identify("U0ANN")
    harness.workspace.people["U0TWIN"] = Person(
        id="U0TWIN", name="twin", real_name="Ann Twin", email=ANNS, team_id="T0LATCH"
    )
    harness.workspace.faults.set("server_error", only="chat.postMessage")

    request = await harness.ask("marketing-campaign", user="U0TWIN")
    for _ in range(5):
        await harness.talk()
        await harness.expire_all_waits()
        await harness.work()

    assert (await harness.request(request.id)).state is State.RECEIVED
    assert harness.posted("adminAdd") == 0


async def test_the_new_account_of_somebody_who_was_deactivated_goes_on(harness):
    """The first one cannot be told; the admins are."""
    await harness.people.identify("U0ANN")
    harness.workspace.people["U0ANN"].deleted = True
    harness.workspace.people["U0NEW"] = Person(
        id="U0NEW", name="new", real_name="Ann Abara", email=ANNS, team_id="T0LATCH"
    )

    request = await harness.ask("marketing-campaign", user="U0NEW")
    for _ in range(3):
        await harness.talk()
        await harness.expire_all_waits()
        await harness.work()

    assert (await harness.request(request.id)).state in {State.SUBMITTED, State.DELIVERED}


@pytest.mark.parametrize("at_once", [True, False])
async def test_two_accounts_that_were_bound_at_one_moment_are_noticed(harness, at_once):
    """On two replicas neither saw the other: the next look does, before anything is sent."""
    harness.workspace.people["U0TWIN"] = Person(
        id="U0TWIN", name="twin", real_name="Ann Twin", email=ANNS, team_id="T0LATCH"
    )
    await harness.people.identify("U0ANN")
    await harness.store.run(_bound_unseen, at_once)

    request = await harness.ask("marketing-campaign", user="U0TWIN")

    assert request.state is State.RECEIVED
    assert len(await harness.store.run(people.second_accounts_due)) == 1


def _carry_out(update: Any, db: sa.Connection) -> int:
    return db.execute(update).rowcount


def _bound_unseen(db: sa.Connection, at_once: bool) -> None:
    given = [column for column in person_table.c if column.computed is None]
    mine = db.execute(sa.select(*given).where(person_table.c.slack_user == "U0ANN")).one()
    later = timedelta(0) if at_once else timedelta(seconds=1)
    twin = {**mine._mapping, "slack_user": "U0TWIN", "bound_at": mine.bound_at + later}
    db.execute(person_table.insert().values(**twin))


class Refusing:
    """People, of whom Slack refuses to say who some are there."""

    def __init__(self, people: People, word: str, *entra_ids: str) -> None:
        self._people, self._word, self._refused = people, word, entra_ids
        self.asked = list[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._people, name)

    async def slack_member_of(self, user: EntraUser) -> SlackUser | None:
        self.asked.append(user.id)
        if user.id in self._refused:
            raise SlackRefused(self._word)
        return await self._people.slack_member_of(user)


@pytest.mark.parametrize(
    ("word", "refused", "asked", "left"),
    [
        ("some_new_word", [seed.ANN], 4, 0),
        ("missing_scope", [seed.ANN, seed.BO, seed.CY, seed.DANA], MOST_FAILURES, 1),
        ("token_revoked", [seed.ANN, seed.BO, seed.CY, seed.DANA], 1, 4),
    ],
)
async def test_one_whom_slack_refuses_keeps_nobody_waiting(harness, word, refused, asked, left):
    """They are looked for another time, and those behind them at once; where it refuses all, few are asked for."""

    def some(db: sa.Connection) -> None:
        for number, who in enumerate((seed.ANN, seed.BO, seed.CY, seed.DANA)):
            assignments.save_live(db, held(id=f"a{number}", entra_id=who, holder=None))
            # Looked for before, Ann the longest ago: many who never were are found together.
            long_ago = clock.real() - 2 * LOOK_AGAIN_AFTER + timedelta(hours=number)
            theirs = assignment_table.update().where(assignment_table.c.entra_id == who)
            db.execute(theirs.values(looked_up_at=long_ago))

    await harness.store.run(some)
    them: Any = Refusing(harness.people, word, *refused)
    await HolderLinks(store=harness.store, graph=harness.graph, people=them).refresh()

    before = clock.real() - LOOK_AGAIN_AFTER
    due = await harness.store.run(links.holders_to_look_up, looked_up_before=before, limit=9)
    assert (len(them.asked), len(due)) == (asked, left)
