"""Answers to a policy's questions: kept when they fit, refused when they do not."""

import pytest

from sandbox.tenant import examples, seed
from tests.sandbox.tenant.conftest import DELIVERY

ANSWER = "#microsoft.graph.accessPackageAnswerString"
TEXT = "#microsoft.graph.accessPackageTextInputQuestion"
CHOICE = "#microsoft.graph.accessPackageMultipleChoiceQuestion"


@pytest.fixture(autouse=True)
def questions(graph):
    """A package that asks."""
    graph.tenant.seed_examples()


def answer(question_id, value, kind=TEXT, **more):
    return {
        "@odata.type": ANSWER,
        "value": value,
        "displayValue": value,
        "answeredQuestion": {"@odata.type": kind, "id": question_id} | more,
    }


TICKET = answer(examples.TICKET, "OPS-17")
EUROPE = answer(examples.REGION, "EU", CHOICE)
AMERICA = answer(examples.REGION, "NA", CHOICE)


async def ask(graph, kind, answers, **more):
    token = graph.tenant.delegated_token(seed.ANN) if kind.startswith("user") else None
    return await graph.ask(
        seed.ANN, examples.CUSTOMER_DATA, kind, token=token, answers=answers, **more
    )


@pytest.mark.parametrize("kind", ["userAdd", "adminAdd"])
@pytest.mark.parametrize("answers", [[TICKET], [TICKET, EUROPE], [TICKET, EUROPE, AMERICA]])
async def test_answers_that_fit_are_kept_and_shown(graph, kind, answers):
    """With the receipt, and whenever the request is read."""
    receipt = await ask(graph, kind, answers)
    graph.clock.shift(DELIVERY)
    shown = await graph.get(f"{graph.requests}/{receipt['id']}")

    assert receipt["answers"] == answers
    assert shown["answers"] == answers


@pytest.mark.parametrize(
    "answers",
    [
        [answer("nobody-asked", "x")],
        [answer(examples.TICKET, "17")],
        [answer(examples.TICKET, " ")],
        [answer(examples.TICKET, "OPS-17", CHOICE)],
        [TICKET, answer(examples.TICKET, "OPS-18")],
        [TICKET, answer(examples.REGION, "Europe", CHOICE)],
        [TICKET, EUROPE, EUROPE],
        [answer(examples.TICKET, "OPS-17", "#microsoft.graph.somethingElse")],
        [TICKET | {"@odata.type": "#microsoft.graph.accessPackageAnswerFile"}],
        [TICKET | {"answer": "x"}],
        [TICKET | {"value": 17}],
        [answer(examples.TICKET, "OPS-17", isPretty=True)],
        ["OPS-17"],
    ],
)
@pytest.mark.parametrize("kind", ["userAdd", "adminAdd"])
async def test_answers_that_do_not_fit_are_refused(graph, kind, answers):
    """Whoever gives them."""
    refused = await refusal(graph, kind, answers)

    assert refused == 400
    assert not graph.tenant.world.requests


async def test_whoever_asks_must_answer_what_is_required(graph):
    """An administrator need not; the portal alone insists on it."""
    assert await refusal(graph, "userAdd", [EUROPE]) == 400
    assert (await ask(graph, "adminAdd", [EUROPE]))["answers"] == [EUROPE]


async def test_an_answer_is_in_the_words_of_its_version(graph):
    """The other version's are refused."""
    wrong = graph.name("allowsMultipleSelection", "isMultipleSelectionAllowed")
    answers = [TICKET, answer(examples.REGION, "EU", CHOICE, **{wrong: True})]

    assert await refusal(graph, "adminAdd", answers) == 400


async def refusal(graph, kind, answers):
    """The status with which Graph refuses."""
    token = graph.tenant.delegated_token(seed.ANN) if kind.startswith("user") else None
    body = graph.body(
        kind,
        targetId=seed.ANN,
        accessPackageId=examples.CUSTOMER_DATA,
        assignmentPolicyId=examples.CUSTOMER_POLICY,
        answers=answers,
    )
    status, _ = await graph.error("POST", graph.requests, body, token=token)
    return status
