"""What somebody has decided: each reads the decisions that counted, their own and those in their name, the newest first, page by page."""

import random
from datetime import timedelta

import pytest

from bot.approvals.model import Outcome
from bot.approvals.store import decided
from bot.database.tables import decisions as decision_table
from bot.database.tables import requests as request_table
from bot.messages.approvals.decided_list import decided as decided_list
from bot.people.model import Verb
from bot.requests.model import State
from tests.bot.messages.every_message import texts_of
from tests.bot.samples import ANN, BO, SOME_DAY, click, page, wish

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
            shown = await store.run(decided.page, reader, after=after, rows=3)
            assert shown.count.number == len(expected) - len(seen)
            if not shown.rows:
                break
            assert all(decision.request_id == request.id for decision, request in shown.rows)
            seen += [decision.id for decision, _ in shown.rows]
            after = shown.marks[-1]
        assert seen == expected


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
