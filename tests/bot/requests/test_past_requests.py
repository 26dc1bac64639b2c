"""Past requests: each reads their own, and what others asked for them, the newest first, page by page."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.approvals.model import Outcome
from bot.approvals.store import decisions
from bot.assignments.store import assignments
from bot.database.tables import requests as request_table
from bot.messages.overviews.past_requests import PastRequest, PastRequests, past_requests
from bot.people.model import Verb
from bot.requests.model import DECLINED, ENDED, OPEN, Kind, State
from bot.requests.past import FoundPast, find_past, may_ask_again
from bot.requests.store import past, requests
from tests.bot.messages.every_message import texts_of
from tests.bot.samples import ANN, BO, SOME_DAY, click, held, page, wish

MINUTE = timedelta(minutes=1)
PEOPLE = ("U0ANN", "U0BO", "U0CY")


def row_of(number, chance):
    """A request of anybody's, for themselves or for somebody else, in any state."""
    asker, other = chance.choice(PEOPLE), chance.choice(PEOPLE)
    kind = chance.choice(list(Kind))
    is_for_other = asker != other and kind is Kind.ADD
    is_known = chance.random() < 0.7
    return wish(
        id=f"{chance.randrange(10_000):04}-{number}",
        package_id=f"p{number}",
        kind=kind,
        state=chance.choice([*ENDED, *ENDED, *OPEN]),
        asked_by=asker,
        holder=(other if is_known else None)
        if is_for_other
        else (other if kind is Kind.REMOVE else asker),
        wanted_for=other if is_for_other else None,
        # So few moments that many are alike.
        asked_at=SOME_DAY + MINUTE * chance.randrange(6),
        updated_at=SOME_DAY,
    )


def is_of(request, reader):
    """Whose past it is, by the words of the rule."""
    if request.state not in ENDED:
        return False
    if request.asked_by == reader:
        return request.kind is not Kind.REMOVE or request.holder == reader
    return request.wanted_for is not None and request.holder == reader


async def put(store, made):
    columns = request_table.c.keys()
    rows = [{name: value for name, value in vars(each).items() if name in columns} for each in made]
    await store.run(lambda db: db.execute(request_table.insert(), rows).rowcount)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("reader", PEOPLE)
async def test_each_reads_their_own_and_nobody_elses(store, seed, reader):
    """All of it, once, in order, over any number of pages."""
    chance = random.Random(seed)  # noqa: S311 (repeatable, and guards nothing)
    made = [row_of(number, chance) for number in range(60)]
    await put(store, made)
    mine = [each for each in made if is_of(each, reader)]
    expected = [
        each.id for each in sorted(mine, key=lambda row: (row.asked_at, row.id), reverse=True)
    ]

    seen: list[str] = []
    after = None
    while True:
        shown = await store.run(past.page, reader, after=after, rows=3)
        assert shown.count.number == len(expected) - len(seen)
        if not shown.rows:
            break
        seen += [each.id for each in shown.rows]
        after = shown.marks[-1]

    assert seen == expected


async def test_what_it_gave_and_who_decided_come_with_it(store):
    """The decisions of the last round only, and the access as it is now."""
    request = wish(state=State.DELIVERED, entra_id=ANN, round=1, assignment_id="a1")
    denied = wish(state=State.DENIED, entra_id=ANN, package_id="p2")
    await put(store, [request, denied])
    await store.run(assignments.save_live, held(id="a1", entra_id=ANN))
    for each, changes in (
        (request, {"round": 0}),
        (request, {}),
        (denied, {"verb": Verb.DENY}),
    ):
        made = click(each, **changes)

        def decide(db, made=made):
            decisions.add(db, made, holder="U0ANN", holder_entra_id=ANN, is_draft=False)
            decisions.settle(db, made, Outcome.ACCEPTED, entra_id=BO, name="Bo Berg")

        await store.run(decide)

    found = await store.run(find_past, "U0ANN", None)
    shown = {each.request.id: each for each in found.page.rows}

    assert [each.round for each in shown[request.id].decided] == [1]
    assert shown[request.id].access.id == "a1"
    assert [each.verb for each in shown[denied.id].decided] == [Verb.DENY]
    assert shown[denied.id].access is None


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("is_offered", [True, False])
@pytest.mark.parametrize("is_mine", [True, False])
@pytest.mark.parametrize("whose", ["own", "for them", "for another"])
def test_ask_again_is_offered_where_it_leads_somewhere(kind, state, is_offered, is_mine, whose):
    """Of new access, by whoever asked, while the package is offered and they neither have it nor wait for it."""
    request = wish(
        kind=kind,
        state=state,
        asked_by="U0BO" if whose == "for them" else "U0ANN",
        holder="U0CY" if whose == "for another" else "U0ANN",
        wanted_for={"own": None, "for them": "U0ANN", "for another": "U0CY"}[whose],
    )
    found = FoundPast(
        page=page([PastRequest(request=request)]),
        mine=frozenset({"campaign"} if is_mine else ()),
    )

    again = may_ask_again(found, "U0ANN", {"campaign"} if is_offered else set())

    is_free = not is_mine if whose == "own" else state is not State.DELIVERED
    assert bool(again) is (kind is Kind.ADD and is_offered and is_free and whose != "for them")


def read_by(reader, *rows, since=None):
    return texts_of(past_requests(PastRequests(reader=reader, page=page(rows), since=since)))


SECRET = "not while the audit runs"
FOR_ANN = wish(asked_by="U0BO", wanted_for="U0ANN", why=SECRET)


@pytest.mark.parametrize("state", ENDED)
def test_whom_it_was_for_reads_no_more_than_they_were_told(state):
    """That it was denied and not by whom and why; whoever asked reads both."""
    request = replace(FOR_ANN, state=state)
    decided = [click(request, verb=Verb.DENY, name="Dana Diaz")]
    row = PastRequest(request=request, decided=decided)

    theirs, askers = read_by("U0ANN", row), read_by("U0BO", row)

    assert SECRET not in theirs
    assert "Dana Diaz" not in theirs
    assert "<@U0BO>" in theirs
    assert (SECRET in askers) is (state is not State.DELIVERED)
    assert ("Denied by Dana Diaz." in askers) is (state is State.DENIED)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": State.CANCELED}, "You canceled it."),
        ({"state": State.CANCELED, "why": "Leaves on Friday"}, "Canceled by an admin."),
        (
            {"state": State.CANCELED, "why": DECLINED, "wanted_for": "U0CY"},
            "Declined by the person",
        ),
        ({"state": State.REFUSED, "why": "It is for others."}, "> It is for others."),
        ({"state": State.LAPSED}, "Expired: nobody decided in time."),
        ({"state": State.DELIVERED, "kind": Kind.REMOVE}, "Returned."),
        ({"state": State.DELIVERED, "kind": Kind.EXTEND}, "Extended."),
    ],
)
def test_how_it_ended_is_said(changes, words):
    """In the words that they were told in, or shorter ones."""
    assert words in read_by("U0ANN", PastRequest(request=wish(**changes)))


def test_what_became_of_the_access_is_said():
    """While it lasts, until when; afterwards, that it has ended."""
    request = wish(state=State.DELIVERED)

    lasting = read_by("U0ANN", PastRequest(request=request, access=held()))
    over = held(ends_at=SOME_DAY)

    assert "Delivered. The access lasts until" in lasting
    assert "Delivered. The access ended" in read_by(
        "U0ANN", PastRequest(request=request, access=over)
    )
    assert "The access" not in read_by("U0ANN", PastRequest(request=request))


@pytest.mark.parametrize("rows", [[], [PastRequest(request=wish(state=State.DENIED))]])
def test_the_list_says_how_far_back_it_goes(rows):
    """Where requests are deleted by their age, and nowhere else."""
    assert "are not kept" in read_by("U0ANN", *rows, since=SOME_DAY)
    assert "are not kept" not in read_by("U0ANN", *rows)


def test_names_and_reasons_format_nothing():
    """Whatever Entra or people call things."""
    request = wish(state=State.REFUSED, package_name="*_<!channel>_*", why="<@U0BO> *no*")

    said = str(
        past_requests(PastRequests(reader="U0ANN", page=page([PastRequest(request=request)])))
    )

    assert "<!channel>" not in said
    assert "<@U0BO>" not in said


async def test_an_open_request_is_none_of_the_past(store):
    """Until it ends."""
    request = await store.run(requests.add, wish())
    assert (await store.run(past.page, "U0ANN")).rows == []

    await store.run(requests.move, request, State.CANCELED)

    assert [each.id for each in (await store.run(past.page, "U0ANN")).rows] == [request.id]
