"""The less common parts of Block Kit."""

import pytest

from sandbox.page.filters import initials
from sandbox.page.rich_text import rich_text
from sandbox.slack.model import Json
from tests.sandbox.page.conftest import Sandbox, reader


def option(text: str, value: str) -> Json:
    return {"text": {"type": "plain_text", "text": text}, "value": value}


async def shown(sandbox: Sandbox, element: Json) -> tuple[str, str]:
    """The HTML of a message with this one element, and its timestamp."""
    blocks = [{"type": "actions", "block_id": "b", "elements": [element]}]
    posted = await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="x", blocks=blocks)
    return await sandbox.see("U0BO", "C0APPROVALS"), posted["ts"]


@pytest.mark.parametrize(
    ("element", "html"),
    [
        (
            {"type": "text", "text": "a <b>", "style": {"bold": True}},
            "<strong>a &lt;b&gt;</strong>",
        ),
        ({"type": "text", "text": "x", "style": {"code": True}}, "<code>x</code>"),
        ({"type": "user", "user_id": "U0BO"}, '<span class="mention">@Bo Berg</span>'),
        ({"type": "usergroup", "usergroup_id": "S0IAM"}, '<span class="mention">@iam</span>'),
        ({"type": "link", "url": "javascript:alert(1)", "text": "x"}, "x"),
        ({"type": "emoji", "name": "no_such_emoji"}, ":no_such_emoji:"),
    ],
)
def test_rich_text_elements_are_drawn(element: Json, html: str) -> None:
    """Styles, mentions, links and emoji of a rich_text section."""
    section = {"type": "rich_text_section", "elements": [element]}
    assert rich_text({"elements": [section]}, reader()) == f"<span>{html}</span>"


def test_rich_text_lists_keep_order_and_depth() -> None:
    """Ordered and bulleted lists, indented."""
    item = {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}
    block = {
        "elements": [
            {"type": "rich_text_list", "style": "ordered", "elements": [item]},
            {"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [item]},
        ]
    }
    html = rich_text(block, reader())
    assert '<ol class="indent-0"><li><span>one</span></li></ol>' in html
    assert '<ul class="indent-1"><li><span>one</span></li></ul>' in html


async def test_a_choice_in_a_menu_reaches_the_app_and_stays(sandbox: Sandbox) -> None:
    """A static select offers its options, sends the chosen one and keeps showing it."""
    element = {
        "type": "static_select",
        "action_id": "pick",
        "placeholder": {"type": "plain_text", "text": "Pick one"},
        "options": [option("Seven days", "7"), option("Thirty days", "30")],
    }
    html, ts = await shown(sandbox, element)
    assert "Pick one" in html
    answer = await sandbox.do(
        "/click",
        as_="U0BO",
        in_="C0APPROVALS",
        channel="C0APPROVALS",
        ts=ts,
        action_id="pick",
        block_id="b",
        value="30",
    )
    sent: Json = sandbox.bot.received[-1]["actions"][0]
    assert sent["selected_option"]["value"] == "30"
    assert '<option value="30" selected>' in answer.text


async def test_an_overflow_menu_offers_each_option_as_a_button(sandbox: Sandbox) -> None:
    """Behind three dots, reachable by keyboard."""
    element = {
        "type": "overflow",
        "action_id": "more",
        "options": [option("Show", "show"), option("Remove", "remove")],
    }
    html, _ = await shown(sandbox, element)
    assert 'aria-label="More actions"' in html
    assert 'data-testid="action-more-remove"' in html


async def test_a_button_with_an_address_opens_it(sandbox: Sandbox) -> None:
    """A url button is a link in a new tab."""
    element = {
        "type": "button",
        "action_id": "open",
        "url": "https://example.com/?a=1&b=2",
        "text": {"type": "plain_text", "text": "Open"},
    }
    html, _ = await shown(sandbox, element)
    assert (
        'href="https://example.com/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer"' in html
    )


async def test_a_sign_in_stays_in_the_same_tab(sandbox: Sandbox) -> None:
    """An address of this machine is one of the sandbox's own."""
    element = {
        "type": "button",
        "action_id": "open",
        "url": "http://127.0.0.1:4321/sign-in/abc",
        "text": {"type": "plain_text", "text": "Sign in"},
    }
    html, _ = await shown(sandbox, element)
    assert 'href="http://127.0.0.1:4321/sign-in/abc" rel="noreferrer"' in html


async def test_an_image_is_its_description(sandbox: Sandbox) -> None:
    """Nothing is loaded from elsewhere: the alternative text stands for the picture."""
    blocks = [{"type": "image", "image_url": "https://example.com/a.png", "alt_text": "A chart"}]
    await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="x", blocks=blocks)
    html = await sandbox.see("U0BO", "C0APPROVALS")
    assert 'role="img" aria-label="A chart"' in html
    assert "example.com" not in html


def test_initials_are_of_first_and_last_name() -> None:
    """The initials stand on somebody's picture."""
    assert initials("Ann Maria Abara") == "AA"
    assert initials("Cher") == "C"
