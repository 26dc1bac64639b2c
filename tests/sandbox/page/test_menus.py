"""Menus with a search field, menus for several choices, shortcuts, and files to save."""

from typing import Any

import httpx

from sandbox.slack import Shortcut
from sandbox.slack.model import Json
from tests.sandbox.page.conftest import HOST, SAME_SITE, Sandbox
from tests.sandbox.page.test_blocks import option

CSV = b"person,package\r\n"


async def posted(sandbox: Sandbox, element: Json) -> dict[str, str]:
    """Post this element to the approvals channel; return the words by which Bo acts on it."""
    blocks = [{"type": "actions", "block_id": "b", "elements": [element]}]
    answer = await sandbox.api("chat.postMessage", channel="C0APPROVALS", text="x", blocks=blocks)
    where = {"as_": "U0BO", "in_": "C0APPROVALS", "channel": "C0APPROVALS", "ts": answer["ts"]}
    return {**where, "block_id": "b", "action_id": element["action_id"]}


def lookup(kind: str = "external_select", **more: Any) -> Json:
    return {"type": kind, "action_id": "find", **more}


async def suggested(sandbox: Sandbox, where: dict[str, str], query: str) -> str:
    """The HTML of the options that Bo is offered."""
    return (await sandbox.do("/suggest", **where, query=query)).text


async def test_typing_asks_the_app_and_the_choice_is_kept(sandbox: Sandbox) -> None:
    """The options come with their headings; the chosen one is sent whole and stays in the field."""
    where = await posted(sandbox, lookup(min_query_length=0))
    group = {
        "label": {"type": "plain_text", "text": "Sales & more"},
        "options": [option("A <b>", "a")],
    }
    sandbox.bot.answer = {"option_groups": [group]}
    html = await suggested(sandbox, where, "")
    assert "Sales &amp; more" in html
    assert 'data-value="a" data-label="A &lt;b&gt;"' in html
    assert sandbox.bot.received[-1]["type"] == "block_suggestion"

    sandbox.bot.answer = None
    answer = await sandbox.do("/click", **where, **{'input ["b", "find"]': "a"})
    action: Json = sandbox.bot.received[-1]["actions"][0]
    assert action["selected_option"]["text"]["text"] == "A <b>"
    assert 'value="A &lt;b&gt;"' in answer.text


async def test_a_menu_without_options_says_why(sandbox: Sandbox) -> None:
    """The app did not answer as Slack wants it."""
    where = await posted(sandbox, lookup(min_query_length=0))
    sandbox.bot.answer = {"options": "all"}
    assert "options that Slack does not take" in await suggested(sandbox, where, "")
    sandbox.bot.answer, sandbox.bot.status = None, 500
    assert "dispatch_failed" in await suggested(sandbox, where, "")
    where["ts"] = "1.2"
    assert "This menu is gone." in await suggested(sandbox, where, "")


async def test_people_are_found_by_name(sandbox: Sandbox) -> None:
    """Slack's own menus ask nobody; the state holds the id, the field shows the name."""
    where = await posted(sandbox, lookup("users_select"))
    html = await suggested(sandbox, where, "ABAR")
    assert (html.count('role="option"'), "Ann Abara" in html) == (1, True)
    assert sandbox.bot.received == []
    answer = await sandbox.do("/click", **where, **{'input ["b", "find"]': "U0ANN"})
    assert sandbox.bot.received[-1]["actions"][0]["selected_user"] == "U0ANN"
    assert 'value="Ann Abara"' in answer.text


async def test_several_choices_are_chips(sandbox: Sandbox) -> None:
    """Each is sent, one as well as two, and none at all."""
    options = [option("Red", "r"), option("Green", "g")]
    where = await posted(sandbox, lookup("multi_static_select", options=options))
    for chosen in (["r"], ["r", "g"], []):
        answer = await sandbox.do("/click", **where, **{'input ["b", "find"]': chosen})
        action: Json = sandbox.bot.received[-1]["actions"][0]
        assert [each["value"] for each in action["selected_options"]] == chosen
        assert answer.text.count('class="chip"') == len(chosen)


async def test_one_check_box_is_a_list_of_one(sandbox: Sandbox) -> None:
    """A single value is not read letter by letter."""
    boxes = {"type": "checkboxes", "action_id": "c", "options": [option("Cy", "cy")]}
    where = await posted(sandbox, boxes)
    await sandbox.do("/click", **where, **{'input ["b", "c"]': "cy"})
    action: Json = sandbox.bot.received[-1]["actions"][0]
    assert [each["value"] for each in action["selected_options"]] == ["cy"]


async def test_a_moment_is_picked_by_ones_own_clock(sandbox: Sandbox) -> None:
    """Berlin is an hour ahead in January."""
    where = await posted(sandbox, {"type": "datetimepicker", "action_id": "t"})
    await sandbox.do("/click", **where, **{'input ["b", "t"]': "2026-01-30T13:00"})
    action: Json = sandbox.bot.received[-1]["actions"][0]
    assert action["selected_date_time"] == 1769774400


async def test_shortcuts_stand_in_their_menus(sandbox: Sandbox) -> None:
    """Global ones beside the composer, the others at every message that all can see."""
    sandbox.workspace.shortcuts = {
        each.callback_id: each
        for each in (
            Shortcut(name="Ask", kind="global", callback_id="ask", description="Open a form"),
            Shortcut(name="Why?", kind="message", callback_id="why", description="Explain"),
        )
    }
    html = await sandbox.see()
    assert (html.count("shortcut-ask"), html.count("shortcut-why")) == (1, 0)
    said = await sandbox.workspace.say(user="U0CY", channel="C0GENERAL", text="Hi")
    assert said.message is not None
    html = await sandbox.see()
    assert html.count("shortcut-why") == 1
    assert "shortcut-" not in await sandbox.see("U0EVE", "C0PARTNERS")

    await sandbox.do("/shortcut", callback_id="ask")
    assert sandbox.bot.received[-1]["type"] == "shortcut"
    where = {"channel": "C0GENERAL", "ts": said.message.ts}
    await sandbox.do("/shortcut", callback_id="why", **where)
    assert sandbox.bot.received[-1]["message_ts"] == said.message.ts


async def shared_file(sandbox: Sandbox) -> str:
    """Let the bot share a CSV in the approvals channel; return its id."""
    announced = await sandbox.api("files.getUploadURLExternal", filename="a b.csv", length=len(CSV))
    path = announced["upload_url"].removeprefix("http://127.0.0.1")
    assert (await sandbox.slack.post(path, content=CSV)).status_code == 200
    file: str = announced["file_id"]
    await sandbox.api(
        "files.completeUploadExternal",
        files=[{"id": file, "title": "Who has what"}],
        channel_id="C0APPROVALS",
    )
    return file


async def test_a_file_can_be_saved_by_who_sees_the_message(sandbox: Sandbox) -> None:
    """Its title and size are shown; nobody outside the channel gets it."""
    file = await shared_file(sandbox)
    html = await sandbox.see("U0BO", "C0APPROVALS")
    assert "Who has what" in html
    assert "a b.csv · 16 bytes" in html

    async def fetched(person: str) -> httpx.Response:
        return await sandbox.browser.get(f"/file/{file}", params={"as": person})

    saved = await fetched("U0BO")
    assert saved.content == CSV
    assert saved.headers["content-disposition"] == "attachment; filename*=utf-8''a%20b.csv"
    assert (await fetched("U0ANN")).status_code == 404


async def test_another_site_cannot_ask_for_options(sandbox: Sandbox) -> None:
    """Suggestions are asked for by a post, which is taken from the page alone."""
    answer = await sandbox.browser.post(
        "/suggest", data={}, headers={**SAME_SITE, "origin": f"http://not-{HOST}"}
    )
    assert answer.status_code == 403
