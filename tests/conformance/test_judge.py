"""Test what is a problem, and what is excused."""

import types
from dataclasses import replace
from typing import Any

import pytest

from tests.conformance.invented import METADATA
from tests.conformance.judge import Excuse, judge, load_excuses
from tests.conformance.record import Recorder


@pytest.fixture
def checker() -> Any:
    """Knows /users/{user-id} with a name, and nothing else."""
    module = types.ModuleType("invented")
    exec(METADATA, module.__dict__)  # noqa: S102 - of our own
    return module


EXCUSE = Excuse(
    kind="answer",
    version="v1.0",
    operation="GET /users/{user-id}",
    code="unknown-property",
    where="$.value[].age",
    reason="the page shows it",
)


def answered(recorder: Recorder, body: object, *, status: int = 200, version: str = "v1.0") -> None:
    recorder.answer(version=version, method="GET", path="/users/a", status=status, body=body)


def test_what_the_metadata_knows_is_no_problem(checker):
    """And is counted, by operation."""
    recorder = Recorder()
    recorder.request(version="v1.0", method="GET", path="/users/ann")
    recorder.request(version="v1.0", method="GET", path="/users/bo")
    answered(recorder, {"name": "Ann"})

    verdict = judge(recorder, checker, [])

    assert verdict.problems == []
    assert verdict.operations == {("v1.0", "GET /users/{user-id}")}
    assert verdict.summary() == (
        "conformance: 1 operations, 2 requests (2 different), 1 answers (1 different) held against"
        " Microsoft's metadata; 0 disagreements excused, 0 problems"
    )


def test_an_unknown_path_is_a_problem(checker):
    """In a request, with the test that sent it."""
    recorder = Recorder()
    recorder.request(version="beta", method="POST", path="/planets")

    (problem,) = judge(recorder, checker, []).problems

    assert str(problem).startswith("request, beta POST /planets: unknown-path")
    assert problem.test.endswith("test_an_unknown_path_is_a_problem")


def test_a_problem_is_said_once(checker):
    """Wherever it is in a list, and however often."""
    recorder = Recorder()
    answered(recorder, {"value": [{"name": "Ann", "age": 5}, {"age": 7}]})
    answered(recorder, {"value": [{"age": 5}]})

    (problem,) = judge(recorder, checker, []).problems

    assert problem.where == "$.value[].age"


def test_a_refusal_is_checked_as_an_error(checker):
    """Whatever was asked for."""
    recorder = Recorder()
    answered(recorder, {"error": {"code": "x", "message": "No."}}, status=404)
    answered(recorder, {"message": "No."}, status=400)

    (problem,) = judge(recorder, checker, []).problems

    assert problem.code == "bad-error"


def test_an_excuse_covers_its_own_problem_only(checker):
    """The same property in the other version or beside it is still a problem."""
    recorder = Recorder()
    answered(recorder, {"value": [{"age": 5, "height": 180}]})
    answered(recorder, {"value": [{"age": 5}]}, version="beta")

    verdict = judge(recorder, checker, [EXCUSE])

    assert [(each.version, each.where) for each in verdict.problems] == [
        ("v1.0", "$.value[].height"),
        ("beta", "$.value[].age"),
    ]
    assert verdict.excused == {EXCUSE: 1}
    assert verdict.needless == []


def test_a_step_of_a_batch_is_excused_as_if_it_was_sent_by_itself(checker):
    """What the pages know may come alone, or among others."""
    excuse = replace(EXCUSE, kind="request", operation="PATCH /users/{user-id}", where="body.age")
    steps = [
        {"id": "1", "method": "GET", "url": "/users/bo?$select=name"},
        {"id": "2", "method": "PATCH", "url": "/users/ann", "body": {"age": 5}},
        {"id": "3", "method": "PATCH", "url": "/users/ann", "body": {"height": 180}},
    ]
    recorder = Recorder()
    recorder.request(version="v1.0", method="POST", path="/$batch", body={"requests": steps})

    verdict = judge(recorder, checker, [excuse])

    assert verdict.excused == {excuse: 1}
    assert [(each.operation, each.where) for each in verdict.problems] == [
        ("PATCH /users/{user-id}", "body.height")
    ]


def test_an_excuse_that_covers_nothing_is_needless(checker):
    """So that the list does not grow old."""
    assert judge(Recorder(), checker, [EXCUSE]).needless == [EXCUSE]


def test_an_excuse_for_a_client_that_is_not_here_is_not_needless(checker):
    """Microsoft's SDKs need not be installed."""
    absent = replace(EXCUSE, needs="no_such_package")

    assert judge(Recorder(), checker, [absent]).needless == []


def test_each_excused_disagreement_has_its_reason():
    """And none is there twice."""
    excuses = load_excuses()

    assert all(excuse.reason for excuse in excuses)
    assert len(set(excuses)) == len(excuses)
