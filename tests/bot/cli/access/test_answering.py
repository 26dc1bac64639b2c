"""`latchkey request` of a package that asks questions, or that has two equal policies."""

from datetime import timedelta

import pytest

from bot import clock
from bot.cli.access.operate import request
from bot.cli.options import end_asked_for
from graph.values import LAST_MOMENT
from sandbox.tenant import examples, seed
from tests.bot.cli.access.test_operate import ANN, live, posted

ASK = ["customer-data", ANN, "--skip-approval", "--because", "A customer called"]


@pytest.fixture(autouse=True)
def more_packages(tenant):
    """Beside the tutorial's."""
    tenant.seed_examples()


def sent(tenant):
    """The answers that reached Graph, by question id and value."""
    [call] = posted(tenant)
    return [(each["answeredQuestion"]["id"], each["value"]) for each in call.body["answers"]]


def test_answers_may_be_given_with_the_command(latchkey, tenant):
    """By the question's id or number; a choice by its value or its text, several one after another."""
    given = [f"{examples.TICKET}=OPS-17", "2=Europe", "2=ap"]
    options = [option for each in given for option in ("--answer", each)]
    result = latchkey(request, [*ASK, *options, "--yes"])

    assert result.exit_code == 0, result.stderr
    assert "Which regions do you need?: Europe, Asia and Pacific" in result.stderr
    assert sent(tenant) == [
        (examples.TICKET, "OPS-17"),
        (examples.REGION, "EU"),
        (examples.REGION, "AP"),
    ]


def test_what_is_not_answered_is_asked(latchkey, tenant):
    """Until the answer will do; what need not be answered is not asked."""
    result = latchkey(request, ASK, input="17\nOPS-17\ny\n")

    assert result.exit_code == 0, result.stderr
    assert "Which ticket is it about?" in result.stderr
    assert "in the same form as this example: ABC-123" in result.stderr
    assert "regions" not in result.stderr
    assert sent(tenant) == [(examples.TICKET, "OPS-17")]


def test_a_choice_with_a_comma_can_be_typed(latchkey, tenant):
    """Beside others: commas stand between them, too."""
    policy = next(each for each in tenant.world.policies.values() if each.settings.get("questions"))
    for each in policy.settings["questions"]:
        if each["id"] == examples.REGION:
            each["isRequired"] = True
            each["choices"][2]["text"] = "Asia, and Pacific"
    result = latchkey(request, ASK, input="OPS-17\nasia, and pacific, Europe\ny\n")

    assert result.exit_code == 0, result.stderr
    assert sorted(sent(tenant)) == [
        (examples.TICKET, "OPS-17"),
        (examples.REGION, "AP"),
        (examples.REGION, "EU"),
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "question 1 “Which ticket is it about?”: Please answer this question."),
        (["--answer", "1=17"], "in the same form as this example: ABC-123"),
        (["--answer", "1=OPS-1", "--answer", "2=Mars"], "Please choose from what is offered."),
        (["--answer", "1=OPS-1", "--answer", "1=OPS-2"], "Please give one answer."),
        (["--answer", "3=OPS-1"], "answers no question of the policy"),
        (["--answer", "OPS-1"], "answers no question of the policy"),
    ],
)
def test_without_anybody_to_ask_a_missing_answer_is_refused(latchkey, tenant, options, sentence):
    """And so is one that is wrong; nothing reaches Graph."""
    result = latchkey(request, [*ASK, *options, "--yes"])

    assert result.exit_code == 1
    assert sentence in " ".join(result.stderr.split())
    assert posted(tenant) == []


def test_one_of_two_equal_policies_is_named(latchkey, tenant):
    """Without, the sentence says which there are."""
    refused = latchkey(request, ["build-servers", ANN, "--yes"])
    assert refused.exit_code == 1
    assert "--policy" in refused.stderr

    given = latchkey(request, ["build-servers", ANN, "--policy", "For a day", "--yes"])
    assert given.exit_code == 0, given.stderr
    assert live(tenant) == [(seed.ANN, examples.BUILD_SERVERS)]
    [held] = tenant.world.assignments.values()
    assert held.policy_id == examples.DAY_POLICY


def test_a_grant_may_begin_later(latchkey, tenant):
    """It lasts as long as its policy gives from then on, and nobody waits for it."""
    start = clock.now() + timedelta(days=3)
    result = latchkey(
        request, ["marketing-campaign", ANN, "--start", f"{start:%Y-%m-%dT%H:%M}", "--yes"]
    )

    assert result.exit_code == 0, result.stderr
    [call] = posted(tenant)
    end = start + timedelta(days=30)
    assert call.body["schedule"]["startDateTime"][:16] == f"{start:%Y-%m-%dT%H:%M}"
    assert call.body["schedule"]["expiration"]["endDateTime"][:16] == f"{end:%Y-%m-%dT%H:%M}"
    assert live(tenant) == []


def test_a_grant_begins_with_the_day_that_is_named(latchkey, tenant):
    """Not at its end, when whoever starts in the morning has waited all day."""
    day = f"{clock.now() + timedelta(days=3):%Y-%m-%d}"
    result = latchkey(request, ["marketing-campaign", ANN, "--start", day, "--until", day, "--yes"])

    assert result.exit_code == 0, result.stderr
    [call] = posted(tenant)
    assert call.body["schedule"]["startDateTime"] == f"{day}T00:00:00Z"
    assert f"from {day} 00:00 UTC on" in result.stderr


def test_no_end_lies_beyond_the_calendar():
    """It is the last moment that there is."""
    assert end_asked_for(timedelta(days=2), None, LAST_MOMENT) == LAST_MOMENT


def test_a_grant_does_not_begin_in_the_past(latchkey, tenant):
    """Nor end before it begins."""
    for options, sentence in (
        (["--start", "2020-01-01"], "is not in the future"),
        (["--start", "2999-01-02", "--until", "2999-01-01"], "before it begins"),
    ):
        result = latchkey(request, ["marketing-campaign", ANN, "--yes", *options])
        assert result.exit_code == 1
        assert sentence in result.stderr
    assert posted(tenant) == []
