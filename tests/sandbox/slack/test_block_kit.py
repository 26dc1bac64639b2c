"""Block Kit's limits, as the stand-in checks them."""

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack.block_kit import problems_with_blocks, problems_with_view
from tests.sandbox.slack.blocks import ask, button, buttons, modal, option, plain, section

IMAGE = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "A"}

GOOD = [
    section("Hi"),
    {"type": "section", "fields": [plain("a"), {"type": "mrkdwn", "text": "*b*"}]},
    {**section("Hi"), "accessory": button("a")},
    {**section("Hi"), "accessory": IMAGE},
    {"type": "header", "text": plain("Title")},
    {"type": "divider"},
    {"type": "context", "elements": [plain("a"), {"type": "mrkdwn", "text": "b"}, IMAGE]},
    IMAGE,
    buttons(button("a"), button("b")),
    buttons({"type": "static_select", "action_id": "s", "options": [option("a")]}),
    buttons({"type": "overflow", "action_id": "o", "options": [option("a")]}),
    ask(),
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [{"type": "text", "text": "x", "style": {"bold": True}}],
            }
        ],
    },
]

BAD = {
    "unknown type": ({"type": "carpet"}, "unsupported type: carpet [json-pointer:/blocks/0/type]"),
    "long section": (
        section("x" * 3001),
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    "empty text": (
        section(""),
        "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ),
    "empty section": (
        {"type": "section"},
        "missing required field: text or fields [json-pointer:/blocks/0]",
    ),
    "too many fields": (
        {"type": "section", "fields": [plain("a")] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    "mrkdwn header": (
        {"type": "header", "text": {"type": "mrkdwn", "text": "a"}},
        "must be one of plain_text [json-pointer:/blocks/0/text/type]",
    ),
    "long header": (
        {"type": "header", "text": plain("x" * 151)},
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    "invented field": (
        {"type": "divider", "color": "red"},
        "invalid additional property: color [json-pointer:/blocks/0]",
    ),
    "too many buttons": (
        buttons(*(button(f"a{number}") for number in range(26))),
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "same action id": (
        buttons(button("a"), button("a")),
        "`action_id` a already exists [json-pointer:/blocks/0/elements]",
    ),
    "long label": (
        buttons(button("a", label="x" * 76)),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    "long value": (
        buttons(button("a", value="x" * 2001)),
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    "odd style": (
        buttons({**button("a"), "style": "default"}),
        "must be one of primary, danger [json-pointer:/blocks/0/elements/0/style]",
    ),
    "relative link": (
        buttons({**button("a"), "url": "/here"}),
        "must be a valid URL [json-pointer:/blocks/0/elements/0/url]",
    ),
    "input among buttons": (
        buttons({"type": "plain_text_input", "action_id": "a"}),
        "unsupported type here: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
    ),
    "empty menu": (
        buttons({"type": "static_select", "action_id": "a", "options": []}),
        "no fewer than 1 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    "foreign initial option": (
        buttons(
            {
                "type": "static_select",
                "action_id": "a",
                "options": [option("a")],
                "initial_option": option("b"),
            }
        ),
        "initial_option must match exactly one option provided"
        " [json-pointer:/blocks/0/elements/0/initial_option]",
    ),
    "long confirm": (
        buttons({**button("a"), "confirm": {"text": plain("x" * 301)}}),
        "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]",
    ),
}


@pytest.mark.parametrize("block", GOOD, ids=lambda block: block["type"])
def test_good_blocks_pass(block):
    """Nothing is said about what Slack accepts."""
    assert problems_with_blocks([block], "modal") == []


@pytest.mark.parametrize(("block", "message"), BAD.values(), ids=BAD)
def test_bad_blocks_are_named_with_their_place(block, message):
    """The message says what is wrong and points to it."""
    assert problems_with_blocks([block], "message") == [message]


@pytest.mark.parametrize(("surface", "most"), [("message", 50), ("modal", 100), ("home", 100)])
def test_each_surface_has_its_number_of_blocks(surface, most):
    """One block more is one too many."""
    assert problems_with_blocks([{"type": "divider"}] * most, surface) == []
    assert problems_with_blocks([{"type": "divider"}] * (most + 1), surface) == [
        f"no more than {most} items allowed [json-pointer:/blocks]"
    ]


def test_block_ids_are_unique():
    """Two blocks may not share an id."""
    block = buttons(button("a"))
    assert problems_with_blocks([block, block], "message") == [
        "`block_id` choices already exists [json-pointer:/blocks]"
    ]


@pytest.mark.parametrize("blocks", [None, 7, "text", [None], [[]], [{"type": []}], {}])
def test_nonsense_is_refused_without_a_crash(blocks):
    """Whatever an app sends is answered."""
    assert problems_with_blocks(blocks, "message")
    assert problems_with_view({"type": "modal", "title": plain("t"), "blocks": blocks})


def test_modal_with_inputs_needs_submit():
    """Otherwise nobody could send it."""
    view = modal(ask())
    del view["submit"]
    assert problems_with_view(view) == [
        "missing required field: submit (a modal with inputs needs it) [json-pointer:/view]"
    ]


def test_view_titles_are_short():
    """Twenty-four characters."""
    assert problems_with_view(modal(section("Hi"), title=plain("x" * 25))) == [
        "must be less than 25 characters [json-pointer:/view/title/text]"
    ]


def test_home_has_no_title():
    """The App Home is a view of another shape."""
    home = {"type": "home", "title": plain("Home"), "blocks": [section("Hi")]}
    assert problems_with_view(home) == ["invalid additional property: title [json-pointer:/view]"]


async def test_invalid_blocks_are_explained_to_the_caller(client):
    """The answer carries the messages where slack_sdk shows them."""
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="U0ANN", text="Hi", blocks=[section("x" * 3001)])
    answer = caught.value.response
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]


async def test_invalid_views_are_invalid_arguments(workspace, client):
    """That is Slack's name for it in views.*; the trigger id is not spent."""
    trigger_id = workspace.triggers.issue(user="U0ANN")
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await client.views_open(trigger_id=trigger_id, view=modal(section("")))
    assert (await client.views_open(trigger_id=trigger_id, view=modal(section("Hi"))))["ok"]


async def test_very_long_messages_are_refused(client):
    """All texts of a message together are limited too."""
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        await client.chat_postMessage(channel="U0ANN", text="Hi", blocks=[section("x" * 3000)] * 5)


async def test_ids_and_defaults_are_filled_in(workspace, client):
    """Slack gives every block and every element an id."""
    posted = await client.chat_postMessage(
        channel="U0ANN",
        text="Hi",
        blocks=[{"type": "actions", "elements": [{"type": "button", "text": plain("Go")}]}],
    )
    block = workspace.channels["D0ANN"].message(posted["ts"]).blocks[0]
    assert block["block_id"]
    assert block["elements"][0]["action_id"]
    assert block["elements"][0]["text"]["emoji"] is True
