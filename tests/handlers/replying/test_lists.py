"""Long lists, screen by screen: what each costs the database, what it says of what it does not show, and how it goes on."""

import re
from datetime import timedelta

import pytest
import pytest_asyncio

from bot import clock
from bot.approvals.store import deciders
from bot.assignments.model import AssignmentState
from bot.database import homes
from bot.database.tables import assignments, holds, packages, requests
from bot.paging import ListName, Mark, Place, write_place
from bot.people.model import Person
from bot.people.store import people
from bot.requests.model import Hold, State
from sandbox.slack.content import checked_blocks
from sandbox.tenant import seed
from tests.bot.samples import held, offered, wish
from tests.harness.reading import reading
from tests.harness.world import ANN, APPROVALS, BO, CY, DANA, buttons, eventually, said

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR = timedelta(hours=1)
ROWS = 120
OF_ANN = 60
# As long as Graph's, and each of its signs five to Slack.
LONG = "R&D " * 62
EVERYBODY = "Everybody's Package"
# The version of the packages, the page, how many rows there are, and the audit log's last hash.
STATEMENTS = 4
ROWS_READ = 11 + 3


def _rows():
    now = clock.now()
    for number in range(ROWS):
        yield held(
            id=f"a{number:04}",
            entra_id=f"entra-{number}",
            package_id="everybody" if number % 2 else f"package-{number}",
            package_name=EVERYBODY if number % 2 else f"Package {number}",
            holder=None,
            holder_name=f"Person {number}" if number % 10 else LONG,
            ends_at=None if number > 100 else now + HOUR * (1_000 + number // 4),
            seen_at=now,
        )
    for number in range(OF_ANN):
        yield held(
            id=f"m{number:04}",
            entra_id=seed.ANN,
            package_id=f"package-{number}",
            package_name=f"Package {number}",
            holder=ANN,
            ends_at=None if number > 50 else now + HOUR * (5_000 + number),
            seen_at=now,
        )


def _wishes():
    now = clock.now()
    for number in range(ROWS):
        yield wish(
            id=f"r{number:04}",
            holder=f"U0P{number}",
            holder_name=f"Person {number}",
            asked_by=f"U0P{number}",
            state=State.PENDING,
            asked_at=now + timedelta(seconds=number // 3),
            deciders=(BO,) if number % 4 == 0 else (CY,),
            due_at=None,
        )
    for number in range(15):
        yield wish(
            id=f"s{number:04}",
            holder=f"U0H{number}",
            state=State.APPROVED,
            held_at=now,
            due_at=None,
        )
    for number in range(13):
        yield wish(
            id=f"w{number:04}",
            package_id=f"other-{number}",
            package_name=f"Other {number}",
            state=State.SUBMITTED,
            asked_at=now + timedelta(seconds=number),
            due_at=None,
        )


def _fill(db):
    db.execute(assignments.insert(), [vars(row) for row in _rows()])
    db.execute(requests.insert(), [vars(row) for row in _wishes()])
    db.execute(
        holds.insert(),
        [
            vars(
                Hold(
                    id=f"h{number}", request_id=f"s{number:04}", at=clock.now(), error="E", why="w"
                )
            )
            for number in range(15)
        ],
    )
    package = vars(offered(id="everybody", slug="everybodys-package", name=EVERYBODY))
    db.execute(packages.insert(), {**package, "policies": []})
    people.bind(db, Person(slack_user=ANN, slack_name="Ann", entra_id=seed.ANN, entra_name="Ann"))
    while deciders.fill_in(db):
        """Until all are written down."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def full(world):
    """An installation with more rows than any screen has."""
    world.slack.channel(APPROVALS).members |= {ANN, DANA, CY}
    await world.bot.jobs.stop()
    await world.bot.store.run(_fill)
    # The packages are indexed, and the languages of those who look are known, before anything is counted: any of the
    # tests may be the first.
    for user, command in ((DANA, "/access-admin assignments"), (ANN, "/my-access")):
        await world.type(user, command)
    await world.bot.background.finish()


def ids_in(message):
    """Return which rows a screen shows, by what its blocks are called."""
    found = [
        re.fullmatch(r"(?:remove|held|review|waiting):([^:|]+).*", each.get("block_id") or "")
        for each in message.blocks
    ]
    return [each[1] for each in found if each]


def way_on(message):
    """Return what the Next button carries; None without one."""
    found = [each["value"] for each in buttons(message) if each["text"]["text"] == "Next"]
    return found[0] if found else None


def newest_for(world, user):
    """Return what only they have been shown last in the channel of the approvals."""
    shown = [
        each for each in world.slack.channel(APPROVALS).seen_by(user) if each.ephemeral_to == user
    ]
    return shown[-1] if shown else None


async def pressed(world, endpoint, user, action, value):
    """Return what is shown after a press on a button that carries *value*."""
    before = newest_for(world, user)
    assert (await endpoint.click(action, value, user=user)).status_code == 200
    return await eventually(
        lambda: (shown := newest_for(world, user)) is not before and shown, about="an answer"
    )


async def all_pages(world, endpoint, user, command, action):
    """Every screen of a list, by its Next buttons."""
    shown = (await world.type(user, command)).message
    screens = [shown]
    while (value := way_on(shown)) is not None:
        shown = await pressed(world, endpoint, user, action, value)
        screens.append(shown)
    for each in screens:
        assert checked_blocks(each.blocks)
    return screens


@pytest.mark.parametrize(
    ("command", "shows", "says"),
    [
        ("/access-admin assignments", ROWS + OF_ANN, "180 assignments."),
        (
            "/access-admin assignments everybodys-package",
            ROWS // 2,
            f"60 assignments of *{EVERYBODY}*",
        ),
        (f"/access-admin assignments {seed.ANN}", OF_ANN, "60 assignments for"),
        ("/access-admin pending", ROWS, "120 requests wait for a decision."),
    ],
)
async def test_next_leads_to_the_end(world, endpoint, command, shows, says):
    """Every row once, and each screen says how many there are besides."""
    screens = await all_pages(world, endpoint, DANA, command, "latchkey_more")

    shown = [each for screen in screens for each in ids_in(screen)]
    assert len(shown) == len(set(shown)) == shows
    assert says in said(screens[0])
    assert f"1 to {len(ids_in(screens[0]))} of {shows}." in said(screens[0])
    done = len(ids_in(screens[0]))
    for screen in screens[1:]:
        assert f"{shows - done} " in said(screen)
        assert "from here on" in said(screen)
        done += len(ids_in(screen))
        if done < shows:
            assert f"… and {shows - done} more." in said(screen)


async def test_what_is_held_leads_to_the_end(world, endpoint):
    """By the buttons that retry."""
    screens = await all_pages(world, endpoint, DANA, "/access-admin held", "latchkey_more")

    values = [
        each["value"]
        for screen in screens
        for each in buttons(screen)
        if each["text"]["text"] == "Retry"
    ]
    assert sorted(values) == sorted(f"h{number}" for number in range(15))


async def test_ones_own_list_leads_to_the_end(world, endpoint):
    """Sixty packages and what one waits for, and nobody else's."""
    screens = await all_pages(world, endpoint, ANN, "/my-access", "latchkey_my_more")

    names = [
        name
        for screen in screens
        for name in re.findall(r"\*((?:Package|Other) \d+)\*", said(screen))
    ]
    expected = [f"Package {number}" for number in range(OF_ANN)]
    assert names == expected + [f"Other {number}" for number in range(13)]


@pytest.mark.parametrize("page", range(1, 9))
async def test_a_page_of_ones_own_is_found_by_its_number(world, page):
    """What one waits for comes after what one has."""
    shown = said((await world.type(ANN, f"/my-access page {page}")).message)

    first = (page - 1) * 10
    name = f"Package {first}" if first < OF_ANN else f"Other {first - OF_ANN}"
    assert f"*{name}*" in shown
    assert f"{first + 1} to {min(first + 10, 73)} of 73." in shown
    assert ("These are the last." in shown) is (page == 8)


async def test_a_page_that_is_not_there_is_said_so(world):
    """And never another one."""
    for user, command in (
        (ANN, "/my-access"),
        (DANA, "/access-admin pending"),
        (DANA, "/access-admin stuck"),
        (DANA, "/access-admin assignments"),
    ):
        shown = said((await world.type(user, f"{command} page 999999")).message)
        assert "There is no such page" in shown, command
        assert f"`{command}` shows its beginning" in shown


@pytest.mark.parametrize(
    ("command", "statements", "rows", "transactions"),
    [
        # With what of it is being removed.
        ("/access-admin assignments", STATEMENTS + 1, ROWS_READ, 2),
        ("/access-admin assignments page 9", STATEMENTS + 1, ROWS_READ, 2),
        ("/access-admin assignments everybodys-package", STATEMENTS + 1, ROWS_READ, 2),
        # Who that is, and what they have, is looked for first: the look is written down by their id, before it is shown.
        (f"/access-admin assignments {seed.ANN}", STATEMENTS + 1, ROWS_READ, 4),
        ("/access-admin pending", STATEMENTS - 1, ROWS_READ - 1, 1),
        ("/access-admin stuck", STATEMENTS - 1, ROWS_READ - 1, 1),
    ],
)
async def test_a_screen_for_admins_reads_its_page(world, command, statements, rows, transactions):
    """However many rows there are besides; with the command's key and the admin's look in the same transaction."""
    with reading(world.bot.store) as counted:
        await world.type(DANA, command)

    assert (len(counted.statements), counted.rows) == (statements, rows), counted.statements
    assert counted.transactions == transactions


async def test_ones_own_screen_reads_its_page(world):
    """With what one waits for, and what is asked about what is shown."""
    with reading(world.bot.store) as counted:
        await world.type(ANN, "/my-access")

    # The packages' version, the page, two counts, the first that one waits for, what is asked about the page, and the
    # questions that wait for an answer.
    assert (len(counted.statements), counted.rows) == (7, 1 + 11 + 2 + 1)
    assert counted.transactions == 1


@pytest.mark.parametrize(
    ("user", "statements", "waiting", "says"),
    [
        (ANN, 16, 0, f"Show all {OF_ANN}"),
        (BO, 15, 15, f"Show all {ROWS // 4}"),
        (DANA, 19, 5, f"*Waits for others: {ROWS}*"),
    ],
)
async def test_app_home_reads_what_it_shows(world, user, statements, waiting, says):
    """For whoever asks, decides or administers: no package is read for it, and no row beyond its lists."""
    with reading(world.bot.store) as counted:
        await world.bot.store.run(homes.mark_opened, user)
        await world.bot.jobs.homes.publish_stale()

    shown = world.home(user)
    assert checked_blocks(shown.blocks)
    # Among them: whether Slack takes pages just now, the language, and emergencies to review, and questions to answer; who they are, and whether they are a guest.
    assert len(counted.statements) <= statements
    assert counted.rows <= 3 * 31 + OF_ANN + 13 + 5
    rows = [each for each in shown.blocks if each.get("block_id", "").startswith("review:r")]
    assert len(rows) == waiting
    # How many there are is said with what is not shown.
    assert says in said(shown)


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "a0000000-0000-4000-8000-000000000001",
        '["everything",null,[],null]',
        write_place(Place(list=ListName.MINE)),
        write_place(Place(list=ListName.ASKED, after=Mark(None, "x"))),
    ],
)
async def test_a_place_that_was_never_in_that_list_is_refused(world, endpoint, forged):
    """And nothing is searched for."""
    shown = await pressed(world, endpoint, DANA, "latchkey_more", forged)

    assert "Please ask for it again." in said(shown)
    assert ids_in(shown) == []


@pytest.mark.parametrize("name", [ListName.ASSIGNMENTS, ListName.PENDING, ListName.STUCK])
async def test_nobody_reads_on_in_a_list_of_the_admins(world, endpoint, name):
    """With a button that an admin was shown, or that nobody was."""
    value = write_place(Place(list=name))

    theirs = await pressed(world, endpoint, CY, "latchkey_more", value)
    own = await pressed(world, endpoint, CY, "latchkey_my_more", value)

    assert "Only Latchkey's admins can do that." in said(theirs)
    assert "Please ask for it again." in said(own)


async def test_an_old_button_shows_the_current_list(world, endpoint):
    """Even if all that came after it is gone."""
    for name in (ListName.ASSIGNMENTS, ListName.PENDING, ListName.STUCK):
        place = Place(list=name, after=Mark(clock.now() + timedelta(days=9_000), "zzz"))
        if name is ListName.ASSIGNMENTS:
            place = Place(list=name, after=Mark(None, "zzz"))
        shown = await pressed(world, endpoint, DANA, "latchkey_more", write_place(place))
        assert "Nothing comes after that any more." in said(shown)


async def test_a_page_is_audited_like_the_list(world, endpoint):
    """An admin reads other people's access either way."""
    before = len(await world.deeds())

    await pressed(
        world,
        endpoint,
        DANA,
        "latchkey_more",
        write_place(Place(list=ListName.ASSIGNMENTS, package_id="everybody")),
    )

    assert len(await world.deeds()) == before + 1


async def test_the_beginning_of_a_name_leads_to_those_who_have_it(world, endpoint):
    """One is chosen, and their list is shown; that there are others is said."""
    shown = (await world.type(DANA, "/access-admin assignments perso")).message

    assert "Nobody is called “perso”" in said(shown)
    assert "… and more: write more of the name to find them." in said(shown)
    choice = {each["accessibility_label"]: each["value"] for each in buttons(shown)}
    assert list(choice)[:3] == ["Show: Person 1", "Show: Person 101", "Show: Person 102"]
    assert len(choice) == 10
    theirs = await pressed(world, endpoint, DANA, "latchkey_more", choice["Show: Person 101"])
    assert ids_in(theirs) == ["a0101"]


async def test_what_has_ended_is_in_no_list(world, endpoint):
    """From one page to the next."""
    shown = (await world.type(DANA, "/access-admin assignments everybodys-package")).message
    gone = assignments.update().where(assignments.c.package_id == "everybody")

    await world.bot.store.run(
        lambda db: db.execute(gone.values(state=AssignmentState.ENDED)).rowcount
    )

    assert "Nothing comes after that" in said(
        await pressed(world, endpoint, DANA, "latchkey_more", way_on(shown))
    )
