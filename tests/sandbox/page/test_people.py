"""Test who one can be, where, and what they have not read."""

import pytest

from tests.sandbox.page.conftest import Sandbox


def badge(html: str, testid: str) -> str:
    """The unread count inside one entry of the sidebar; empty without one."""
    entry = html.partition(f'data-testid="{testid}"')[2].partition("</a>")[0]
    return entry.partition(' unread">')[2].partition("<")[0]


async def test_everybody_can_be_acted_as_with_their_role(sandbox: Sandbox) -> None:
    """All people are offered with a hint; bots are not."""
    html = await sandbox.see()
    assert 'data-testid="person-U0DANA"' in html
    assert sandbox.workspace.people["U0DANA"].role_hint in html
    assert 'data-testid="person-U0BOT"' not in html
    assert 'data-testid="person-USLACKBOT"' not in html


async def test_the_address_names_person_and_place(sandbox: Sandbox) -> None:
    """`?as=…&in=…` can be kept and opened beside another."""
    html = await sandbox.see("U0BO", "C0APPROVALS")
    assert 'data-as="U0BO" data-in="C0APPROVALS"' in html


@pytest.mark.parametrize(
    ("as_", "in_", "shown"),
    [
        ("nobody", "nowhere", 'data-as="U0ANN" data-in="C0GENERAL"'),
        ("U0ANN", "C0APPROVALS", 'data-as="U0ANN" data-in="C0GENERAL"'),
        ("U0EVE", "home", 'data-as="U0EVE" data-in="C0PARTNERS"'),
        ("U0BOT", "C0GENERAL", 'data-as="U0ANN" data-in="C0GENERAL"'),
        ('"><script>', '"><script>', 'data-as="U0ANN" data-in="C0GENERAL"'),
    ],
)
async def test_a_wrong_address_shows_the_nearest_place(
    sandbox: Sandbox, as_: str, in_: str, shown: str
) -> None:
    """Unknown people and places, and channels one is not in, fall back quietly."""
    assert shown in await sandbox.see(as_, in_)


async def test_new_messages_count_until_they_are_read(sandbox: Sandbox) -> None:
    """A badge on the channel and on the person; looking clears both."""
    await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="one")
    await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="two")
    assert badge(await sandbox.see("U0ANN"), "person-U0BO") == "2"
    assert badge(await sandbox.see("U0BO"), "room-C0APPROVALS") == "2"
    assert badge(await sandbox.see("U0BO", "C0APPROVALS"), "room-C0APPROVALS") == ""
    assert badge(await sandbox.see("U0ANN"), "person-U0BO") == ""


async def test_ones_own_messages_do_not_count(sandbox: Sandbox) -> None:
    """What Ann writes is unread for Cy, not for Ann."""
    await sandbox.do("/say", text="hello")
    html = await sandbox.see("U0ANN", "C0MARKETING")
    assert badge(html, "room-C0GENERAL") == ""
    assert badge(html, "person-U0CY") == "1"


async def test_direct_messages_of_the_app_have_their_own_badge(sandbox: Sandbox) -> None:
    """A reminder to Ann shows beside the app's name, and as Ann's badge to others."""
    await sandbox.api("chat.postMessage", channel="U0ANN", text="ends soon")
    assert badge(await sandbox.see("U0ANN"), "room-app") == "1"
    assert badge(await sandbox.see("U0BO"), "person-U0ANN") == "1"


async def test_a_command_in_the_direct_messages_opens_them(sandbox: Sandbox) -> None:
    """Before the app ever wrote, one can type there."""
    sandbox.bot.answer = {"text": "Nothing yet"}
    answer = await sandbox.do("/say", in_="app", text="/request-access")
    assert "Nothing yet" in answer.text
    assert sandbox.bot.received[-1]["channel_name"] == "directmessage"


async def test_an_outsider_has_no_app_of_ours(sandbox: Sandbox) -> None:
    """Somebody of another workspace sees the shared channel alone."""
    html = await sandbox.see("U0EVE")
    assert 'data-testid="room-app"' not in html
    assert 'data-testid="room-C0PARTNERS"' in html
    assert "data-command=" not in html
