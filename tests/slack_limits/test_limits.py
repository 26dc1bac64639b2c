"""What is against Slack's limits is found, and what is within them is not."""

import pytest

from tests.slack_limits.limits import Limits

LIMITS = Limits()
EMOJI = "\N{UNICORN FACE}"


def mrkdwn(text):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def message(text="Hello", *blocks):
    return {"text": text, "blocks": list(blocks) or [mrkdwn("Hello")]}


def modal(**changes):
    title = {"type": "plain_text", "text": "Hello"}
    return {"type": "modal", "title": title, "blocks": [mrkdwn("Hello")], **changes}


def option(text="One", value="1", **more):
    return {"text": {"type": "plain_text", "text": text}, "value": value, **more}


def group(*options, label="All"):
    return {"label": {"type": "plain_text", "text": label}, "options": list(options)}


BAD_MESSAGES = {
    "no text": message(""),
    "blank text": message(" \n"),
    "long text": message("x" * 4_001),
    "long text of emoji": message(EMOJI * 2_001),
    "long section": message("Hello", mrkdwn("x" * 3_001)),
    "long section of emoji": message("Hello", mrkdwn(EMOJI * 1_501)),
    "51 blocks": message("Hello", *[mrkdwn("x")] * 51),
    "much in all": message("Hello", *[mrkdwn("x" * 2_900)] * 5),
    "empty section": message("Hello", mrkdwn("")),
    "broadcast": message("Hello", mrkdwn("<!channel>")),
    "broadcast in the text": message("<!here>"),
    "half a mention": message("Hello", mrkdwn("<@U0ANN")),
    "raw ampersand": message("Hello", mrkdwn("R&D")),
    "escaped moment": message("Hello", mrkdwn("It begins &lt;!date^1800090000^{time}|09:00&gt;.")),
    "escaped moment in the text": message("It begins &lt;!date^1800090000^{time}|09:00&gt;."),
    "moment in plain text": message(
        "Hello",
        {"type": "header", "text": {"type": "plain_text", "text": "<!date^1800090000^{time}|9>"}},
    ),
    "date with a link": message("Hello", mrkdwn("<!date^1^{date}^https://a.example|x>")),
}
GOOD_MESSAGES = {
    "plain": message(),
    "longest": message("x" * 4_000, mrkdwn("x" * 3_000)),
    "emoji": message(EMOJI * 2_000, mrkdwn(EMOJI * 1_500)),
    "ours": message("<@U0ANN> &amp; <!date^1^{date}|x>", mrkdwn("> quoted\n<https://a.example|b>")),
    "plain text": message(
        "Hello", {"type": "section", "text": {"type": "plain_text", "text": "<&"}}
    ),
}


@pytest.mark.parametrize("name", BAD_MESSAGES)
def test_a_message_beyond_a_limit_is_found(name):
    assert LIMITS.of_message(BAD_MESSAGES[name])


@pytest.mark.parametrize("name", GOOD_MESSAGES)
def test_a_message_within_the_limits_passes(name):
    assert LIMITS.of_message(GOOD_MESSAGES[name]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"title": {"type": "plain_text", "text": EMOJI * 13}},
        {"private_metadata": "x" * 3_001},
        {"callback_id": "x" * 256},
        {"blocks": []},
        {"blocks": [mrkdwn("x")] * 101},
        {"blocks": [mrkdwn("<!everyone>")]},
        {"blocks": [{**mrkdwn("x"), "block_id": "a"}] * 2},
    ],
)
def test_a_view_beyond_a_limit_is_found(changes):
    assert LIMITS.of_view(modal()) == []
    assert LIMITS.of_view(modal(**changes))


@pytest.mark.parametrize(
    "answer",
    [
        {"options": [option()] * 101},
        {"option_groups": [group(*[option()] * 51)] * 2},
        {"option_groups": [group(option())] * 101},
        {"option_groups": [group()]},
        {"options": [option("x" * 76)]},
        {"options": [option(EMOJI * 38)]},
        {"options": [option(" ")]},
        {"options": [option(value="x" * 151)]},
        {"options": [option(description={"type": "plain_text", "text": "x" * 76})]},
        {"option_groups": [group(option(), label="x" * 76)]},
        {"response_action": "errors", "errors": {}},
        {"response_action": "errors", "errors": {"reason": ""}},
        {"response_action": "errors", "errors": {"end": "Before <!date^1800090000^{time}|9>."}},
        {"response_action": "update", "view": modal(blocks=[])},
        {"text": "x" * 4_001},
    ],
)
def test_an_answer_beyond_a_limit_is_found(answer):
    assert LIMITS.of_answer(answer)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"options": []},
        {"option_groups": [group(*[option()] * 50)] * 2},
        {"options": [option("x" * 75, "x" * 150)]},
        {"response_action": "errors", "errors": {"reason": "Please say why."}},
        {"response_action": "update", "view": modal()},
        {"text": "Hello"},
    ],
)
def test_an_answer_within_the_limits_passes(answer):
    assert LIMITS.of_answer(answer) == []
