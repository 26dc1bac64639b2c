"""One conversation as one person sees it, and what they do there."""

from datetime import timedelta
from typing import Any

from sandbox.slack.model import Json
from tests.sandbox.page.conftest import Sandbox


def button(text: str, action_id: str, **more: Any) -> Json:
    return {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": text},
        **more,
    }


def card(**more: Any) -> list[Json]:
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*Cy Chen* asks"}},
        {
            "type": "actions",
            "block_id": "req",
            "elements": [button("Approve", "latchkey_approve", value="r1", **more)],
        },
    ]


async def test_a_message_of_the_app_shows_its_blocks(sandbox: Sandbox) -> None:
    """Sections, fields, headers, contexts and buttons are drawn."""
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "A <request>"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Until*\ntomorrow"}]},
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "by <@U0CY>"}]},
        *card(style="primary"),
    ]
    await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="x", blocks=blocks)
    html = await sandbox.see("U0BO", "C0APPROVALS")
    assert '<h3 class="header">A &lt;request&gt;</h3>' in html
    assert "<strong>Until</strong><br>tomorrow" in html
    assert '<span class="mention">@Cy Chen</span>' in html
    assert 'data-testid="action-latchkey_approve"' in html
    assert 'class="button primary"' in html


async def test_a_click_reaches_the_app_with_the_buttons_value(sandbox: Sandbox) -> None:
    """The page acts for the person that is chosen, on the message that was clicked."""
    posted = await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="x", blocks=card())
    await sandbox.do(
        "/click",
        as_="U0BO",
        in_="C0APPROVALS",
        channel="C0APPROVALS",
        ts=posted["ts"],
        action_id="latchkey_approve",
        block_id="req",
    )
    click = sandbox.bot.received[-1]
    assert click["type"] == "block_actions"
    assert click["user"]["id"] == "U0BO"
    assert click["actions"][0]["value"] == "r1"


async def test_a_button_that_asks_first_brings_its_question(sandbox: Sandbox) -> None:
    """The confirm dialog's words wait beside the button."""
    confirm = {
        "title": {"type": "plain_text", "text": "Sure?"},
        "text": {"type": "mrkdwn", "text": "Give *Cy* access"},
        "confirm": {"type": "plain_text", "text": "Give"},
        "deny": {"type": "plain_text", "text": "Back"},
    }
    await sandbox.api(
        "chat.postMessage", channel="C0APPROVALS", text="x", blocks=card(confirm=confirm)
    )
    html = await sandbox.see("U0BO", "C0APPROVALS")
    assert 'hx-confirm="Sure?"' in html
    assert 'data-confirm-text="Give" data-deny-text="Back"' in html
    assert "Give <strong>Cy</strong> access" in html


async def test_an_answer_to_a_command_is_seen_by_its_person_only(sandbox: Sandbox) -> None:
    """An ephemeral message is marked, and nobody else sees it."""
    sandbox.bot.answer = {"text": "Asked for *Marketing Campaign*"}
    answer = await sandbox.do("/say", text="/request-access marketing-campaign")
    assert "Only visible to you" in answer.text
    assert "<strong>Marketing Campaign</strong>" in answer.text
    assert "Only visible to you" not in await sandbox.see("U0CY")


async def test_a_command_travels_as_slack_sends_it(sandbox: Sandbox) -> None:
    """Command and text are split at the first space."""
    await sandbox.do("/say", text="/request-access marketing campaign")
    command = sandbox.bot.received[-1]
    assert (command["command"], command["text"]) == ("/request-access", "marketing campaign")
    assert command["channel_id"] == "C0GENERAL"


async def test_a_failed_command_is_told_in_the_conversation(sandbox: Sandbox) -> None:
    """As in Slack: a message from Slackbot, for that person."""
    sandbox.bot.status = 500
    answer = await sandbox.do("/say", text="/request-access x")
    assert "Slackbot" in answer.text
    assert "failed with the error" in answer.text


async def test_words_without_a_slash_are_an_ordinary_message(sandbox: Sandbox) -> None:
    """People can talk, too; everyone in the channel reads it."""
    await sandbox.do("/say", text="Good morning <b>all</b>")
    html = await sandbox.see("U0CY")
    assert "Good morning &lt;b&gt;all&lt;/b&gt;" in html


async def test_a_failed_click_is_told_to_the_person(sandbox: Sandbox) -> None:
    """A message that is gone gives a sentence, and the page stays."""
    answer = await sandbox.do("/click", channel="C0GENERAL", ts="1.000001", action_id="x")
    assert answer.status_code == 200
    assert 'data-testid="toast"' in answer.text


async def test_one_cannot_type_into_a_channel_one_is_not_in(sandbox: Sandbox) -> None:
    """A hand-made form gets a sentence instead of a message."""
    answer = await sandbox.do("/say", as_="U0GUS", in_="C0APPROVALS", text="hello")
    assert "Gus Guest is not in access-approvals" in answer.text
    assert not sandbox.workspace.channels["C0APPROVALS"].messages


async def test_messages_carry_the_time_of_the_reader(sandbox: Sandbox) -> None:
    """The byline's hour is that of the acting person's zone."""
    posted = await sandbox.api("chat.postMessage", channel="U0ANN", text="hi")
    html = await sandbox.see("U0ANN", "app")
    assert f'data-ts="{posted["ts"]}"' in html
    assert 'data-zone="Europe/Berlin"' in html
    assert 'data-zone="Asia/Kolkata"' in await sandbox.see("U0MIA")


async def test_messages_close_together_share_a_name(sandbox: Sandbox) -> None:
    """Two messages in a row have one byline."""
    await sandbox.do("/say", text="one")
    answer = await sandbox.do("/say", text="two")
    assert answer.text.count('class="byline"') == 1


async def test_an_edited_message_says_so(sandbox: Sandbox) -> None:
    """What the app redraws is marked as edited."""
    posted = await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="Before")
    await sandbox.api("chat.update", channel="C0APPROVALS", ts=posted["ts"], text="After")
    html = await sandbox.see("U0BO", "C0APPROVALS")
    assert "(edited)" in html
    assert "Before" not in html.partition('data-testid="messages"')[2].partition("</section>")[0]


async def test_completion_offers_what_the_manifest_declares(sandbox: Sandbox) -> None:
    """Each command with its hint and its description."""
    html = await sandbox.see()
    assert 'data-command="/request-access" data-hint="marketing-campaign"' in html
    assert "Ask for access" in html


async def vanished(sandbox: Sandbox) -> tuple[bool, bool]:
    """Tell whether Bo sees the ephemeral message on the open page, and after loading it again."""
    params = {"as": "U0BO", "in": "C0APPROVALS"}
    page = (await sandbox.browser.get("/app", params=params)).text
    return "Psst" in page, "Psst" in await sandbox.see("U0BO", "C0APPROVALS")


async def test_an_ephemeral_message_is_gone_after_a_reload(sandbox: Sandbox) -> None:
    """It stays while the page is open, and is shown once to who was elsewhere."""
    await sandbox.api("chat.postEphemeral", channel="C0APPROVALS", user="U0BO", text="Psst")
    assert await vanished(sandbox) == (True, False)
    await sandbox.api("chat.postEphemeral", channel="C0APPROVALS", user="U0BO", text="Psst")
    assert "Psst" in await sandbox.see("U0BO", "C0APPROVALS")
    assert await vanished(sandbox) == (True, False)


async def test_each_day_has_a_place_of_its_own(sandbox: Sandbox) -> None:
    """Its name stays at the top only as long as its messages are there."""
    await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="One")
    sandbox.clock.shift(timedelta(days=1))
    await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="Two")
    html = await sandbox.see("U0BO", "C0APPROVALS")
    days = html.split('<section class="day"')[1:]
    assert ["One" in days[0], "Two" in days[0]] == [True, False]
    assert ">Yesterday</span>" in days[0]
    assert ">Today</span>" in days[1]


async def test_replies_stand_below_their_message(sandbox: Sandbox) -> None:
    """Not among the others, but for those that were sent to the channel as well."""
    posted = await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="Card")
    here = {"channel": "C0APPROVALS", "thread_ts": posted["ts"]}
    await sandbox.api("chat.postMessage", text="Why?", **here)
    await sandbox.api("chat.postMessage", text="All sees", reply_broadcast=True, **here)
    await sandbox.do("/say", as_="U0BO", in_="C0APPROVALS", text="So", thread_ts=posted["ts"])
    html = await sandbox.see("U0BO", "C0APPROVALS")
    assert "3 replies" in html
    assert [html.count(each) for each in ("Why?", "All sees", ">So</div>")] == [1, 2, 1]
    assert html.count("replied to a thread") == 1
    answer = await sandbox.do("/say", as_="U0BO", text="/x", thread_ts=posted["ts"])
    assert "Slash commands cannot be used in threads." in answer.text


async def test_without_writing_there_is_no_composer(sandbox: Sandbox) -> None:
    """The conversation with the app says so; channels keep theirs."""
    sandbox.workspace.messages_tab_read_only = True
    sandbox.workspace.dm("U0ANN")
    html = await sandbox.see("U0ANN", "app")
    assert "Sending messages to this app has been turned off." in html
    assert 'data-testid="composer"' not in html
    assert 'data-testid="composer"' in await sandbox.see("U0ANN", "C0GENERAL")
