"""Guided rows: the tester presses or types something in Slack, and the rehearsal hears by Socket Mode what Slack sends."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from bot.cli.rehearsal.bench import Bench, SlackRaw
from bot.cli.rehearsal.errors import NotPossible
from bot.cli.rehearsal.looking import seen
from bot.cli.rehearsal.model import Experiment, Observation, as_hoped, otherwise, unclear
from bot.cli.rehearsal.people import Tester
from bot.cli.rehearsal.redaction import word
from bot.cli.rehearsal.slack import SLACK, TEXT, direct_message
from bot.cli.rehearsal.slack_events import SlackEvents
from bot.messages.blocks.data_blocks import data_table, text_cell

PRESSES: Final = (
    "sends a direct message to you, waits until you press something in it, and deletes it"
)
# A response_url takes five answers within half an hour.
ANSWERS: Final = 6
PRIVATE: Final = json.dumps({"rehearsal": "metadata"})
NOT_HEARD: Final = "nothing was heard within five minutes"


async def clicks(bench: Bench) -> Observation:
    """Have a button pressed, and see how the click names app, team and person."""
    events, tester = _ears(bench)
    slack, channel = await direct_message(bench)
    ts = await _posted(slack, channel, [_button("Press me", "latchkey_rehearsal_press")])
    try:
        await tester.show("Press the button “Press me” in Slack.")
        click = await events.wait(_is_click("latchkey_rehearsal_press"))
    finally:
        await slack.call("chat.delete", channel=channel, ts=ts)
    if click is None:
        return unclear(NOT_HEARD)
    has = {
        "api_app_id": bool(click.get("api_app_id")),
        "team.id": bool((click.get("team") or {}).get("id")),
        "user.team_id": bool((click.get("user") or {}).get("team_id")),
        "enterprise": bool(click.get("enterprise")),
    }
    shown = ", ".join(f"{name}: {'yes' if is_so else 'no'}" for name, is_so in has.items())
    return as_hoped(has["api_app_id"] and has["team.id"], f"a click has {shown}")


async def used_up_urls(bench: Bench) -> Observation:
    """Answer at a click's response_url more often than it takes, and once at one that never was."""
    events, tester = _ears(bench)
    slack, channel = await direct_message(bench)
    ts = await _posted(slack, channel, [_button("Answer", "latchkey_rehearsal_answer")])
    sent: list[str] = []
    try:
        await tester.show("Press the button “Answer” in Slack.")
        click = await events.wait(_is_click("latchkey_rehearsal_answer"))
        if click is None:
            return unclear(NOT_HEARD)
        url = str(click.get("response_url") or "")
        bench.forbidden.add(url)
        for _ in range(ANSWERS):
            sent.append(await _answered(slack, url, replace=False))
    finally:
        await slack.call("chat.delete", channel=channel, ts=ts)
    is_refused = "200 ok" not in sent[-1]
    return as_hoped(is_refused, f"answers 1 to {ANSWERS}: {'; '.join(sent)}")


async def ephemeral(bench: Bench) -> Observation:
    """Answer a slash command, have a button in the answer pressed, and replace it."""
    events, tester = _ears(bench)
    slack, _ = await direct_message(bench)
    await tester.show("Type /my-access in any channel.")
    command = await events.wait(lambda each: each.get("command") == "/my-access")
    if command is None:
        return unclear(NOT_HEARD)
    url = str(command.get("response_url") or "")
    bench.forbidden.add(url)
    blocks = [_section(TEXT), _button("Replace", "latchkey_rehearsal_replace")]
    await _answered(slack, url, replace=False, blocks=blocks)
    await tester.show("Press the button “Replace” in the answer.")
    click = await events.wait(_is_click("latchkey_rehearsal_replace"))
    if click is None:
        return unclear(NOT_HEARD)
    again = str(click.get("response_url") or "")
    bench.forbidden.add(again)
    answer = await _answered(slack, again, replace=True, blocks=[_section("Replaced.")])
    observed = seen(
        await tester.answer("Does the answer now say “Replaced.”, in place of what was there?"),
        "the answer was replaced by the click's response_url",
    )
    await _answered(slack, again, replace=True, delete=True)
    return Observation(observed.outcome, f"{observed.said} ({answer})")


async def escapes(bench: Bench) -> Observation:
    """Have a command typed with signs in it, and see how they come."""
    events, tester = _ears(bench)
    await tester.show("Type exactly this in any channel: /request-access P&L <x>")
    command = await events.wait(lambda each: each.get("command") == "/request-access")
    if command is None:
        return unclear(NOT_HEARD)
    text = str(command.get("text") or "")
    found = {
        "&amp;": "&amp;" in text,
        "& alone": "&" in text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", ""),
    }
    how = "as &amp;" if found["&amp;"] else "as it is" if found["& alone"] else "not at all"
    angle = "as &lt;" if "&lt;" in text else "as it is" if "<" in text else "not at all"
    # Latchkey reads both alike.
    return as_hoped("not at all" not in (how, angle), f"the & comes {how}, the < {angle}")


async def menus(bench: Bench) -> Observation:
    """Have a menu opened with nothing typed, and one of several closed; compare a message's link."""
    events, tester = _ears(bench)
    slack, channel = await direct_message(bench)
    one = {
        "type": "external_select",
        "action_id": "latchkey_rehearsal_menu",
        "min_query_length": 0,
        "placeholder": {"type": "plain_text", "text": "Open me"},
    }
    several = {
        "type": "multi_static_select",
        "action_id": "latchkey_rehearsal_several",
        "placeholder": {"type": "plain_text", "text": "Choose two"},
        "options": [
            {"text": {"type": "plain_text", "text": each}, "value": each}
            for each in ("A", "B", "C")
        ],
    }
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": TEXT}, "accessory": several},
        {"type": "actions", "elements": [one]},
    ]
    ts = await _posted(slack, channel, blocks)
    try:
        link = await slack.call("chat.getPermalink", channel=channel, message_ts=ts)
        whose = await slack.call("auth.test")
        ours = f"{whose.body.get('url', '')}archives/{channel}/p{ts.replace('.', '')}"
        is_link = link.body.get("permalink") == ours
        await tester.show("Open the menu “Open me” and type nothing.")
        asked = await events.wait(lambda each: each.get("type") == "block_suggestion")
        await tester.show("In “Choose two”, choose two and close the menu.")
        closed = await events.wait(_is_click("latchkey_rehearsal_several"))
    finally:
        await slack.call("chat.delete", channel=channel, ts=ts)
    if asked is None or closed is None:
        return unclear(NOT_HEARD)
    chosen = closed["actions"][0].get("selected_options") or ()
    is_empty = asked.get("value") == ""
    said = f"opened with nothing typed: options are asked for with {'an empty' if is_empty else 'another'} value; closed: {len(chosen)} chosen in one action; the link is {'as made' if is_link else 'another'} ({link.error or 'ok'})"
    return as_hoped(is_empty and len(chosen) == 2 and is_link, said)


async def home_metadata(bench: Bench) -> Observation:
    """Publish a Home with metadata, have it opened, and see whether the event brings it."""
    events, tester = _ears(bench)
    slack, _ = await direct_message(bench)
    view = {"type": "home", "private_metadata": PRIVATE, "blocks": [_section(TEXT)]}
    published = await slack.call("views.publish", user_id=bench.tester, view=view)
    if published.error:
        return otherwise(f"views.publish: {published.error}")
    await tester.show("Open the app's Home tab in Slack (leave it first if it is open).")
    opened = await events.wait(
        lambda each: (
            (each.get("event") or {}).get("type") == "app_home_opened"
            and (each.get("event") or {}).get("tab") == "home"
        )
    )
    if opened is None:
        return unclear(NOT_HEARD)
    shown = opened["event"].get("view") or {}
    has = shown.get("private_metadata") == PRIVATE
    return as_hoped(
        has, f"app_home_opened brings the view's private_metadata: {'yes' if has else 'no'}"
    )


async def table_buttons(bench: Bench) -> Observation:
    """Send a data table with a button in a cell, and have it pressed."""
    events, tester = _ears(bench)
    slack, channel = await direct_message(bench)
    button = _element("Remove", "latchkey_rehearsal_cell")
    cell = {"type": "action_cell", "element": button, "fallback": text_cell("Remove")}
    table = data_table(
        "Rehearsal", ("Who", "What"), [[text_cell("Ann"), cell]], block_id="rehearsal"
    )
    sent = await slack.call("chat.postMessage", channel=channel, text=TEXT, blocks=[table])
    if sent.error:
        return unclear(f"a table with a button in a cell is refused: {sent.error}")
    try:
        await tester.show("Press the button “Remove” in the table.")
        click = await events.wait(_is_click("latchkey_rehearsal_cell"))
    finally:
        await slack.call("chat.delete", channel=channel, ts=sent.body.get("ts"))
    if click is None:
        return unclear(f"the table was taken, and {NOT_HEARD}")
    action = click["actions"][0]
    is_block = action.get("block_id") == "rehearsal"
    return as_hoped(
        is_block,
        f"a click in a cell comes as {word(action.get('type'))} with the table's block_id: {'yes' if is_block else 'no'}",
    )


async def forwarded(bench: Bench) -> Observation:
    """Have a card forwarded, and the copy's button pressed."""
    events, tester = _ears(bench)
    slack, channel = await direct_message(bench)
    ts = await _posted(slack, channel, [_button("Copy me", "latchkey_rehearsal_copy")])
    try:
        await tester.show(
            "Forward the message with the button “Copy me” to yourself, and press the button in the copy. Then delete the copy."
        )
        answer = await tester.answer("Has the copy a button that can be pressed?")
        click = await events.wait(_is_click("latchkey_rehearsal_copy"), seconds=10)
    finally:
        await slack.call("chat.delete", channel=channel, ts=ts)
    # Whoever presses is asked for their right each time: neither is relied on.
    return unclear(
        f"the copy has a live button: {answer}; a click was {'heard' if click is not None else 'not heard'}"
    )


async def kept_fields(bench: Bench) -> Observation:
    """Open a form with a search field, show another page of it, and ask what became of what was typed."""
    events, tester = _ears(bench)
    slack, channel = await direct_message(bench)
    ts = await _posted(slack, channel, [_button("Open", "latchkey_rehearsal_open")])
    try:
        await tester.show("Press the button “Open” in Slack.")
        click = await events.wait(_is_click("latchkey_rehearsal_open"))
        if click is None:
            return unclear(NOT_HEARD)
        opened = await slack.call(
            "views.open", trigger_id=click.get("trigger_id"), view=_form("Page 1")
        )
        if opened.error:
            return unclear(f"views.open: {opened.error}")
        await tester.show("Type “abc” into the field, and press “Next page”.")
        pressed = await events.wait(_is_click("latchkey_rehearsal_next"))
        if pressed is None:
            return unclear(NOT_HEARD)
        view_id = str((opened.body.get("view") or {}).get("id"))
        await slack.call("views.update", view_id=view_id, view=_form("Page 2"))
        answer = await tester.answer("Is “abc” still in the field, on page 2? Then close the form.")
    finally:
        await slack.call("chat.delete", channel=channel, ts=ts)
    return unclear(f"what was typed is still there on the next page: {answer}")


def _form(title: str) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Rehearsal"},
        "submit": {"type": "plain_text", "text": "Done"},
        "blocks": [
            _section(title),
            {
                "type": "input",
                "block_id": "search",
                "optional": True,
                "label": {"type": "plain_text", "text": "Search"},
                "element": {"type": "plain_text_input", "action_id": "latchkey_rehearsal_search"},
            },
            _button("Next page", "latchkey_rehearsal_next"),
        ],
    }


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _element(label: str, action_id: str) -> dict[str, Any]:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": label},
        "action_id": action_id,
        "value": "rehearsal",
    }


def _button(label: str, action_id: str) -> dict[str, Any]:
    return {"type": "actions", "elements": [_element(label, action_id)]}


def _is_click(action_id: str) -> Callable[[Mapping[str, Any]], bool]:
    def matches(payload: Mapping[str, Any]) -> bool:
        actions = payload.get("actions") if payload.get("type") == "block_actions" else ()
        return any(each.get("action_id") == action_id for each in actions or ())

    return matches


async def _posted(slack: SlackRaw, channel: str, blocks: list[dict[str, Any]]) -> str:
    sent = await slack.call("chat.postMessage", channel=channel, text=TEXT, blocks=blocks)
    if sent.error:
        raise NotPossible(f"a message cannot be sent: {sent.error}")
    return str(sent.body["ts"])


async def _answered(
    slack: SlackRaw,
    url: str,
    *,
    replace: bool,
    blocks: list[dict[str, Any]] | None = None,
    delete: bool = False,
) -> str:
    """Answer at a response_url; returns status and what kind of body came."""
    body: dict[str, Any] = {"text": TEXT, "replace_original": replace}
    if blocks is not None:
        body["blocks"] = blocks
    if delete:
        body = {"delete_original": True}
    status, content_type, text = await slack.respond(url, body)
    try:
        read = json.loads(text)
    except ValueError:
        return f"{status} {word(text.strip()) or 'nothing'} as {word(content_type)}"
    error = read.get("error") if isinstance(read, dict) else None
    return f"{status} {word(error) if error else 'ok'} as JSON"


def _ears(bench: Bench) -> tuple[SlackEvents, Tester]:
    if bench.at_hand is None:
        raise NotPossible("it takes somebody who presses: leave out --yes")
    if bench.events is None:
        raise NotPossible(
            "it takes SLACK_APP_TOKEN (Socket Mode), by which it is heard what you press"
        )
    return bench.events, bench.at_hand


def _presses(
    name: str,
    run: Callable[[Bench], Awaitable[Observation]],
    question: str,
    *rows: str,
    writes: str = PRESSES,
) -> Experiment:
    return Experiment(
        name=name,
        rows=rows,
        question=question,
        service=SLACK,
        run=run,
        writes=writes,
        is_guided=True,
    )


PRESSING: Final = (
    _presses(
        "clicks",
        clicks,
        "How does a click name app, team and person?",
        "`app_id` in `bots.info`",
    ),
    _presses(
        "used-up-url",
        used_up_urls,
        "What does Slack answer at a response_url that is used up?",
        "What Slack answers at a `response_url`",
        writes="sends you a direct message and five answers to your click that only you see, and deletes the first",
    ),
    _presses(
        "ephemeral",
        ephemeral,
        "Can the answer to a command be replaced by the response_url of a click in it?",
        "Whether an ephemeral message can be replaced",
        writes="answers a command of yours, replaces the answer and deletes it",
    ),
    _presses(
        "escapes",
        escapes,
        "How do &, < and > come in the text of a command?",
        "Whether Slack sends `&`, `<` and `>`",
        writes="hears a command of yours; nothing is sent",
    ),
    _presses(
        "menus",
        menus,
        "Are options asked for when nothing is typed, and what comes when a menu of several closes?",
        "That Slack asks for options when the menu of packages",
    ),
    _presses(
        "home",
        home_metadata,
        "Does app_home_opened bring the private_metadata of the page?",
        "Whether `app_home_opened` brings",
        writes="replaces your App Home of this app, until the bot draws it again",
    ),
    _presses(
        "table-buttons",
        table_buttons,
        "Does a cell of a data table take a button, and what does a click on it send?",
        "Whether a cell of a `data_table` takes a button",
        "Buttons in the cells of a data table",
    ),
    _presses(
        "forwarded",
        forwarded,
        "Are buttons on forwarded copies live?",
        "Buttons on forwarded or shared copies",
    ),
    _presses(
        "kept-fields",
        kept_fields,
        "Does a form keep what was typed when another page of it is shown?",
        "Whether a modal keeps what was typed",
        writes="sends a direct message to you, opens a form, and deletes the message",
    ),
)
