"""``/access-admin`` about a person: whoever holds access is found, in Slack or not, and what cannot be told is said so."""

import pytest
import pytest_asyncio

from bot import clock
from bot.assignments.store import assignment_lists
from bot.database.tables import assignments as assignment_table
from bot.requests.store import request_lists
from sandbox.slack import Person
from sandbox.tenant import seed
from sandbox.tenant.model import User
from tests.harness.world import DANA, GENERAL, MIA, World, eventually, living, said

PAPERS = "Board Papers"
NONE = "cannot tell"


@pytest_asyncio.fixture(loop_scope="module")
async def world(tmp_path, sqlite_template):
    """A fresh world each: access is taken away in it."""
    file = tmp_path / "latchkey.db"
    file.write_bytes(sqlite_template.read_bytes())
    async with living(file, LATCHKEY_SYNC_SECONDS="86400") as made:
        yield made


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def given(world: World, user_id: str) -> None:
    """Somebody has the board papers from Microsoft's own portal."""
    policy = next(
        each
        for each in world.tenant.world.policies.values()
        if each.package_id == seed.BOARD_PAPERS
    )
    policy.allowed_target_scope = "allDirectoryUsers"
    await world.bot.graph.assignment_requests.create(
        request_type="adminAdd",
        target_id=user_id,
        package_id=seed.BOARD_PAPERS,
        policy_id=policy.id,
    )

    def there() -> bool:
        world.tenant.tick()
        return any(
            each.target_id == user_id and each.state == "delivered"
            for each in world.tenant.world.assignments.values()
        )

    await eventually(there)


async def seen(world: World, user_id: str) -> None:
    """The sync has seen it."""
    await given(world, user_id)
    await world.synced()


def someone(world: World, user_id: str, name: str) -> str:
    """One more person in Entra."""
    world.tenant.world.users[user_id] = User(
        id=user_id,
        display_name=name,
        user_principal_name=f"{user_id}@contoso.example",
        created_at=clock.now(),
    )
    return user_id


async def answer(world: World, text: str) -> str:
    return said((await world.type(DANA, f"/access-admin {text}")).message)


async def nobody_knows_mia(world: World) -> None:
    """She has never used Latchkey, and no sync has found her."""

    forget = assignment_table.update().values(holder=None)
    await world.bot.store.run(lambda db: db.execute(forget).rowcount)


HOW = [
    "<@U0MIA>",
    "mia@contoso.example",
    "<mailto:mia@contoso.example|mia@contoso.example>",
    "MIA@Contoso.Example",
    seed.MIA,
    seed.MIA.upper(),
    "Mia Moreau",
    "“mia moreau”",
]


@pytest.mark.cases(6)
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("package", ["", " board-papers", " Board Papers"])
async def test_a_leaver_is_found_however_they_are_named(world, how, package):
    """Deactivated in Slack, and still holding what they got elsewhere."""
    world.slack.people[MIA].deleted = True
    await seen(world, seed.MIA)

    shown = await answer(world, f"assignments {how}{package}")

    assert f"*{PAPERS}*" in shown
    assert "does not have" not in shown


@pytest.mark.parametrize("how", HOW)
async def test_a_leavers_access_is_taken_away(world, how):
    """In one command, as anybody's."""
    world.slack.people[MIA].deleted = True
    await seen(world, seed.MIA)

    shown = await answer(world, f"remove {how} board-papers because they have left")

    assert f"access to *{PAPERS}*" in shown
    await eventually(lambda: world.posts("adminRemove"))


@pytest.mark.parametrize("how", HOW[:-2])
async def test_what_no_sync_has_seen_is_found_in_entra(world, how):
    """Given a moment ago: Entra is asked before anybody says that there is nothing."""
    await given(world, seed.MIA)
    assert (await world.bot.store.run(assignment_lists.page)).rows == []

    shown = await answer(world, f"remove {how} board-papers because it was a slip")

    assert f"access to *{PAPERS}*" in shown


async def test_a_guest_is_found(world):
    """Of the workspace and of the directory."""
    await seen(world, seed.GUS)

    for how in ("<@U0GUS>", "gus@fabrikam.example", seed.GUS, "Gus Guest"):
        assert PAPERS in await answer(world, f"assignments {how}")


async def test_somebody_who_is_not_in_slack_is_found(world):
    """By what Entra calls them, also after their account there is gone."""
    noel = someone(world, "a0000000-0000-4000-8000-0000000000dd", "Noel Nowhere")
    await seen(world, noel)
    world.tenant.delete_user(noel)

    for how in (noel, "noel nowhere", "Noel Nowhere board-papers"):
        assert PAPERS in await answer(world, f"assignments {how}")


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("<@U0NOBODY>", "Slack does not show me"),
        ("<@U0NOMAIL>", "no e-mail address"),
        ("<@U0ELSE>", "nobody there has the e-mail address"),
        ("nobody@contoso.example", "Nobody in Entra has the address"),
        ("Nora Nobody board-papers", "nobody is called that"),
    ],
)
@pytest.mark.parametrize("verb", ["assignments {}", "remove {} because they have left"])
async def test_who_cannot_be_told_is_not_called_nobody(world, how, why, verb):
    """The sentence says what is missing, and how to name them instead."""
    await seen(world, seed.MIA)
    for user, email in {"U0NOMAIL": None, "U0ELSE": "else@contoso.example"}.items():
        world.slack.people[user] = Person(
            id=user, name="x", real_name="X", email=email, team_id="T0LATCH"
        )

    shown = await answer(world, verb.format(how))

    assert NONE in shown
    assert why in shown
    assert "does not have" not in shown
    assert "do not have" not in shown
    assert not world.posts("adminRemove")


@pytest.mark.parametrize("fault", ["users.info", "graph"])
async def test_what_cannot_be_read_is_not_called_nothing(world, fault):
    """Slack or Entra is not well."""
    await seen(world, seed.MIA)
    await nobody_knows_mia(world)
    world.slack.people[MIA].email = "mia.m@contoso.example"
    world.slack.people["U0NEW"] = Person(
        id="U0NEW", name="new", real_name="New", email="mia@contoso.example", team_id="T0LATCH"
    )
    if fault == "graph":
        world.tenant.faults.set("unavailable", only="GET .*/users")
    else:
        world.slack.faults.set("fatal_error", only="users.info")

    outcome = await world.type(DANA, "/access-admin assignments <@U0NEW>")

    heard = said(outcome.message)
    if NONE not in heard:
        assert "I am looking that up" in heard
        heard = await world.whispered(DANA, GENERAL, NONE)
    assert "does not have" not in heard


async def test_only_entra_says_that_somebody_has_nothing(world):
    """Nothing here and nothing there."""
    assert "does not have anything" in await answer(world, "assignments <@U0CY>")
    assert "neither I nor Entra" in await answer(
        world, "remove <@U0CY> board-papers because they have left"
    )


async def test_a_name_of_two_is_listed_and_not_acted_upon(world):
    """Which of them was meant is for the admin to say."""
    twin = someone(world, "a0000000-0000-4000-8000-0000000000ee", "Mia Moreau")
    await seen(world, twin)
    await seen(world, seed.MIA)

    shown = await answer(world, "remove Mia Moreau board-papers because they have left")

    assert "2 accounts in Entra fit" in shown
    assert "press Remove" in shown
    assert not world.posts("adminRemove")


async def test_an_unconfirmed_address_is_not_acted_upon(world):
    """Anybody can type another's address into a profile: the list is shown, and nothing is taken away."""
    await seen(world, seed.MIA)
    await nobody_knows_mia(world)
    world.slack.people["U0SLY"] = Person(
        id="U0SLY",
        name="sly",
        real_name="Sly",
        email="mia@contoso.example",
        team_id="T0LATCH",
        is_email_confirmed=False,
    )

    shown = await answer(world, "remove <@U0SLY> board-papers because they have left")

    assert "may be another's" in shown
    assert not world.posts("adminRemove")


async def test_a_leavers_address_that_somebody_else_has_now_is_not_acted_upon(world):
    """The new one has another name: which of them was meant is for the admin to say."""
    await seen(world, seed.MIA)
    await nobody_knows_mia(world)
    world.slack.people["U0OLD"] = Person(
        id="U0OLD",
        name="old",
        real_name="Milo Moore",
        email="mia@contoso.example",
        team_id="T0LATCH",
        deleted=True,
    )

    shown = await answer(world, "remove <@U0OLD> board-papers because they have left")

    assert "may be somebody else" in shown
    assert not world.posts("adminRemove")


async def test_who_has_a_new_account_in_entra_is_found_by_both(world):
    """The one that we know them by holds nothing any more, and nobody calls that nothing."""
    await world.bot.people.identify(MIA)
    world.tenant.delete_user(seed.MIA)
    anew = someone(world, "a0000000-0000-4000-8000-0000000000ff", "Mia Moreau")
    world.tenant.world.users[anew].mail = "mia@contoso.example"
    await seen(world, anew)

    assert PAPERS in await answer(world, "assignments <@U0MIA>")
    shown = await answer(world, "remove <@U0MIA> board-papers because of a mix-up")
    assert "2 accounts in Entra fit" in shown


async def test_whom_we_know_is_listed_although_slack_does_not_answer(world):
    """By the account that we know them by, and the list says that it may not be all."""
    await seen(world, seed.MIA)
    await world.bot.people.identify(MIA)
    world.slack.faults.set("fatal_error", only="users.info")

    outcome = await world.type(DANA, "/access-admin assignments <@U0MIA>")

    heard = said(outcome.message)
    if PAPERS not in heard:
        heard = await world.whispered(DANA, GENERAL, PAPERS)
    assert "could not look" in heard


@pytest.mark.parametrize("text", ["marketing campain", "finanse reports"])
async def test_a_mistyped_package_is_still_answered_with_the_nearest(world, text):
    """It could have been a name, and nobody has it."""
    assert "Did you mean" in await answer(world, f"assignments {text}")


async def test_two_people_at_once_are_refused(world):
    """Whichever way they are named."""
    for two in ("<@U0ANN> <@U0CY>", "<@U0ANN> cy@contoso.example", f"{seed.ANN} {seed.CY}"):
        assert "One person at a time" in await answer(world, f"assignments {two}")


async def test_a_slow_answer_comes_later(world):
    """Slack is answered in time, and the list follows where the admin is."""
    await given(world, seed.MIA)
    world.tenant.faults.set("slow", seconds=4.0, only="GET .*/users")

    outcome = await world.type(DANA, "/access-admin assignments mia@contoso.example")

    assert outcome.ok
    assert "I am looking that up" in said(outcome.message)
    # The bot is not in that channel.
    await world.whispered(DANA, GENERAL, PAPERS)


@pytest.mark.parametrize("how", HOW)
async def test_nobody_but_an_admin_looks_anybody_up(world, how):
    """Not even who that is."""
    await seen(world, seed.MIA)
    before = len(world.tenant.calls)

    outcome = await world.type("U0BO", f"/access-admin remove {how} board-papers because I can")

    assert "Only Latchkey's admins can do that" in outcome.text
    paths = [each.path for each in world.tenant.calls[before:]]
    assert not [path for path in paths if path.endswith("/users")]
    assert not (await world.bot.store.run(request_lists.counts))[0]
