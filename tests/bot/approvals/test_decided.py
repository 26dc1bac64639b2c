"""What somebody has decided: each reads the decisions and reviews that counted, their own and those in their name, the newest first."""

import random
from datetime import timedelta

import pytest

from bot.approvals.model import Outcome
from bot.database.tables import decisions as decision_table
from bot.database.tables import emergencies as emergency_table
from bot.database.tables import requests as request_table
from bot.emergencies.model import Emergency, Finding
from bot.messages.approvals.decided_list import decided as decided_list
from bot.packages.model import EmergencyTerms, Stage
from bot.people.model import Verb
from bot.requests.decided import find_decided
from bot.requests.model import State
from tests.bot.messages.every_message import texts_of
from tests.bot.samples import ANN, BO, SOME_DAY, click, page, terms, wish

MINUTE = timedelta(minutes=1)
DECIDERS = ("U0BO", "U0CY", "U0DANA")


@pytest.mark.parametrize("seed", range(6))
async def test_each_reads_their_own_decisions_that_counted(store, seed):
    """All of them and what delegates decided for them, once, in order; none of anybody else's, and no click that did not count."""
    chance = random.Random(seed)  # noqa: S311 (repeatable, and guards nothing)
    asked = [
        wish(id=f"{number:032}", package_id=f"p{number}", state=State.DENIED)
        for number in range(50)
    ]
    clicks = [
        click(
            request,
            slack_user=chance.choice(DECIDERS),
            # So few moments that many are alike.
            at=SOME_DAY + MINUTE * chance.randrange(6),
            outcome=chance.choice([*(Outcome.ACCEPTED,) * 4, *Outcome, None]),
            verb=chance.choice([Verb.APPROVE, Verb.DENY]),
            for_user=chance.choice(["U0BO", None]),
            entra_id=BO,
        )
        for request in asked
    ]

    def put(db):
        rows = [{**vars(each), "answers": {}, "decided_there": []} for each in asked]
        db.execute(request_table.insert(), rows)
        made = [
            {
                **vars(each),
                "proven_contexts": None,
                "holder": "U0ANN",
                "holder_entra_id": ANN,
            }
            for each in clicks
        ]
        return db.execute(decision_table.insert(), made).rowcount

    await store.run(put)

    for reader in DECIDERS:
        mine = [
            each
            for each in clicks
            if reader in {each.slack_user, each.for_user} and each.outcome is Outcome.ACCEPTED
        ]
        expected = [
            each.id for each in sorted(mine, key=lambda row: (row.at, row.id), reverse=True)
        ]
        seen: list[str] = []
        after = None
        while True:
            shown = await store.run(find_decided, reader, after, rows=3)
            assert shown.count.number == len(expected) - len(seen)
            if not shown.rows:
                break
            assert all(decision.request_id == request.id for decision, request in shown.rows)
            seen += [decision.id for decision, _ in shown.rows]
            after = shown.marks[-1]
        assert seen == expected


def reviewed(request, at, **more):
    """An emergency of Ann's with its review, closed unless it is said otherwise."""
    known = {
        "request_id": request.id,
        "holder": "U0ANN",
        "entra_id": ANN,
        "package_id": request.package_id,
        "opened_at": SOME_DAY,
        "review_by": at,
        "finding": Finding.FINE,
        "comment": "It burned.",
        "closed_at": at,
        "closed_by": "U0CY",
        "closed_entra_id": "cy",
    }
    return Emergency(**(known | more))


async def test_reviews_stand_among_the_decisions(store):
    """Of whoever closed one, and of whom they decide for, in the order of all; what nobody has closed is nobody's."""
    requests = [
        wish(id=f"{number:032}", package_id=f"p{number}", state=State.DELIVERED)
        for number in range(6)
    ]
    decided = click(
        requests[0], slack_user="U0BO", at=SOME_DAY + 2 * MINUTE, outcome=Outcome.ACCEPTED
    )
    still_open = {"closed_at": None, "closed_by": None, "closed_entra_id": None, "finding": None}
    found = [
        reviewed(requests[1], SOME_DAY + MINUTE),
        reviewed(requests[2], SOME_DAY + 2 * MINUTE, for_user="U0BO"),
        reviewed(requests[3], SOME_DAY + 3 * MINUTE, closed_by="U0BO"),
        reviewed(requests[4], SOME_DAY + 4 * MINUTE, for_user="U0DANA"),
        reviewed(requests[5], SOME_DAY, **still_open),
    ]

    def put(db):
        rows = [{**vars(each), "answers": {}, "decided_there": []} for each in requests]
        db.execute(request_table.insert(), rows)
        made = {**vars(decided), "entra_id": BO, "holder": "U0ANN", "holder_entra_id": ANN}
        db.execute(decision_table.insert(), {**made, "proven_contexts": None})
        return db.execute(emergency_table.insert(), [vars(each) for each in found]).rowcount

    await store.run(put)

    async def read_by(reader):
        seen, after = [], None
        while (shown := await store.run(find_decided, reader, after, rows=2)).rows:
            assert all(each.request_id == request.id for each, request in shown.rows)
            seen += [int(request.id) for _, request in shown.rows]
            after = shown.marks[-1]
        return seen

    of_bo = await read_by("U0BO")
    assert of_bo[0] == 3
    assert set(of_bo[1:]) == {0, 2}
    assert await read_by("U0CY") == [4, 2, 1]
    assert await read_by("U0DANA") == [4]


@pytest.mark.parametrize("is_hidden", [True, False])
def test_a_review_says_what_was_found_by_whom_and_for_whom(is_hidden):
    """Also where whoever asks may not see who decides: they read no such list."""
    left_out = EmergencyTerms(
        seconds=60, review_seconds=60, stages=(Stage(hides_approvers=is_hidden),)
    )
    request = wish(state=State.DELIVERED, terms=terms(stages=(), emergency=left_out))
    review = reviewed(request, SOME_DAY, for_user="U0BO", finding=Finding.REMOVE, removal_id="r")

    said = texts_of(decided_list(page([(review, request)]), since=None))

    assert "<@U0ANN> took emergency access to *Marketing Campaign*" in said
    assert "<@U0CY> for <@U0BO> asked for the access to be removed: It burned." in said


@pytest.mark.parametrize(
    ("clicked", "became", "words"),
    [
        ({"verb": Verb.DENY, "reason": "Later"}, State.DENIED, "Denied by <@U0BO>"),
        ({}, State.DELIVERED, "Delivered."),
        ({}, State.LAPSED, "Expired"),
        ({}, State.PENDING, "Waiting for a decision."),
        ({"for_user": "U0CY"}, State.DELIVERED, "<@U0BO> for <@U0CY>"),
        ({"ends_at": SOME_DAY}, State.DELIVERED, "Approved until"),
        ({"as_admin": True}, State.DELIVERED, "as an admin"),
    ],
)
def test_a_row_says_what_was_decided_and_what_became_of_it(clicked, became, words):
    """For whom, as whom, until when, and how the request stands."""
    request = wish(state=became)

    said = texts_of(decided_list(page([(click(request, **clicked), request)]), since=None))

    assert words in said
    assert "<@U0ANN> asks for *Marketing Campaign*" in said
    assert "are not kept" not in said


def test_the_list_says_how_far_back_it_goes():
    """With rows and without."""
    request = wish(state=State.DENIED)
    for rows in ([], [(click(request), request)]):
        assert "are not kept" in texts_of(decided_list(page(rows), since=SOME_DAY))
