"""Modals and the App Home."""

import asyncio

import pytest
from slack_sdk.errors import SlackApiError

from tests.sandbox.slack.blocks import ask, button, buttons, modal, option, plain, section

HOME = {"type": "home", "blocks": [section("Welcome"), buttons(button("refresh"))]}


@pytest.fixture
def form(listening):
    """An app that opens a modal for /form and closes it on submission; holds what it saw."""
    seen: dict[str, dict] = {}

    @listening.command("/form")
    async def open_form(ack, body, client):
        await client.views_open(trigger_id=body["trigger_id"], view=seen["view"])
        await ack()

    @listening.view("form")
    async def submitted(ack, body):
        seen["submission"] = body
        await ack(**seen.get("answer", {}))

    @listening.view_closed("form")
    async def closed(ack, body):
        seen["closed"] = body
        await ack()

    @listening.action("more")
    async def more(ack, body, client):
        await client.views_push(trigger_id=body["trigger_id"], view=modal(section("On top")))
        await ack()

    return seen


async def opened(workspace, seen, view):
    """Let Ann open this modal; returns the view."""
    seen["view"] = view
    outcome = await workspace.command(user="U0ANN", channel="C0GENERAL", command="/form", text="")
    assert outcome.ok
    return workspace.people["U0ANN"].modals[-1]


async def test_modal_is_opened_filled_in_and_closed(workspace, form):
    """The submission carries what was typed, and an empty ack closes the modal."""
    view = await opened(workspace, form, modal(ask(), private_metadata="m"))
    outcome = await workspace.submit(
        user="U0ANN", view_id=view.id, values={"why": {"text": "Audit"}}
    )
    assert outcome.ok
    submitted = form["submission"]["view"]
    assert submitted["state"]["values"]["why"]["text"]["value"] == "Audit"
    assert submitted["private_metadata"] == "m"
    assert workspace.people["U0ANN"].modals == []


async def test_empty_required_input_is_not_sent(workspace, form):
    """Slack's own form asks for it."""
    view = await opened(workspace, form, modal(ask()))
    outcome = await workspace.submit(user="U0ANN", view_id=view.id, values={})
    assert outcome.errors == {"why": "Please complete this required field."}
    assert "submission" not in form


async def test_empty_optional_input_is_sent_as_null(workspace, form):
    """The key is there, and its value is null."""
    view = await opened(workspace, form, modal(ask(optional=True)))
    await workspace.submit(user="U0ANN", view_id=view.id, values={})
    values = form["submission"]["view"]["state"]["values"]
    assert values == {"why": {"text": {"type": "plain_text_input", "value": None}}}


async def test_errors_are_shown_below_their_inputs(workspace, form):
    """`response_action: errors` keeps the modal open."""
    form["answer"] = {"response_action": "errors", "errors": {"why": "Say more."}}
    view = await opened(workspace, form, modal(ask()))
    outcome = await workspace.submit(user="U0ANN", view_id=view.id, values={"why": {"text": "?"}})
    assert outcome.errors == {"why": "Say more."}
    assert workspace.people["U0ANN"].modals == [view]


async def test_errors_for_an_unknown_block_are_trouble(workspace, form):
    """Slack accepts errors only for input blocks of the view."""
    form["answer"] = {"response_action": "errors", "errors": {"carpet": "No."}}
    view = await opened(workspace, form, modal(ask()))
    outcome = await workspace.submit(user="U0ANN", view_id=view.id, values={"why": {"text": "?"}})
    assert outcome.error == "invalid_response"
    assert view.trouble == "We had some trouble connecting. Try again?"


async def test_update_redraws_and_push_stacks(workspace, form):
    """The other two answers that carry a view."""
    form["answer"] = {"response_action": "update", "view": modal(ask("because"))}
    view = await opened(workspace, form, modal(ask()))
    await workspace.submit(user="U0ANN", view_id=view.id, values={"why": {"text": "?"}})
    assert view.blocks[0]["block_id"] == "because"

    form["answer"] = {"response_action": "push", "view": modal(section("Next"))}
    await workspace.submit(user="U0ANN", view_id=view.id, values={"because": {"text": "?"}})
    top = workspace.people["U0ANN"].modals[-1]
    assert (top.previous_view_id, top.root_view_id) == (view.id, view.id)


async def test_clear_closes_the_stack(workspace, form):
    """`response_action: clear`."""
    form["answer"] = {"response_action": "clear"}
    view = await opened(workspace, form, modal(ask(), buttons(button("more"))))
    await workspace.click_view(user="U0ANN", view_id=view.id, action_id="more")
    assert len(workspace.people["U0ANN"].modals) == 2
    await workspace.submit(user="U0ANN", view_id=view.id, values={"why": {"text": "?"}})
    assert workspace.people["U0ANN"].modals == []


async def test_closing_is_told_when_asked_for(workspace, form):
    """`notify_on_close` brings view_closed."""
    view = await opened(workspace, form, modal(ask(), notify_on_close=True))
    await workspace.close(user="U0ANN", view_id=view.id)
    assert form["closed"]["is_cleared"] is False
    assert workspace.people["U0ANN"].modals == []


async def test_trigger_is_good_for_one_view_and_three_seconds(workspace, client):
    """Second use and late use have names of their own."""
    view = modal(section("Hello"))
    trigger_id = workspace.triggers.issue(user="U0ANN")
    await client.views_open(trigger_id=trigger_id, view=view)
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await client.views_open(trigger_id=trigger_id, view=view)

    late = workspace.triggers.issue(user="U0ANN")
    await asyncio.sleep(3.1)
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await client.views_open(trigger_id=late, view=view)
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        await client.views_open(trigger_id="1.2.abc", view=view)


async def test_update_with_an_old_hash_is_a_conflict(workspace, client):
    """`hash` guards against overwriting a newer view."""
    trigger_id = workspace.triggers.issue(user="U0ANN")
    answer = await client.views_open(trigger_id=trigger_id, view=modal(section("One")))
    view = answer["view"]
    await client.views_update(view_id=view["id"], hash=view["hash"], view=modal(section("Two")))
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_update(
            view_id=view["id"], hash=view["hash"], view=modal(section("Three"))
        )
    with pytest.raises(SlackApiError, match="not_found"):
        await client.views_update(view_id="V0", view=modal(section("Three")))


async def test_redrawing_keeps_what_was_filled_in(workspace, form, client):
    """The same block and action id keep their value."""
    menu = {"type": "static_select", "action_id": "pick", "options": [option("red")]}
    view = await opened(workspace, form, modal(buttons(menu, block_id="color"), ask()))
    view.values["why"]["text"]["value"] = "Audit"
    await client.views_update(view_id=view.id, view=modal(section("New"), ask()))
    assert view.values == {"why": {"text": {"type": "plain_text_input", "value": "Audit"}}}


async def test_home_is_published_and_clicked(workspace, listening, client):
    """The event tells the last published view; a click in it opens no channel."""
    seen = {}

    @listening.event("app_home_opened")
    async def opened_home(event, client):
        seen["event"] = event
        await client.views_publish(user_id=event["user"], view=HOME)

    @listening.action("refresh")
    async def refresh(ack, body):
        seen["click"] = body
        await ack()

    await workspace.open_home(user="U0ANN")
    assert "view" not in seen["event"]
    home = workspace.people["U0ANN"].home
    await workspace.click_view(user="U0ANN", view_id=home.id, action_id="refresh")
    await workspace.open_home(user="U0ANN")

    assert seen["click"]["container"] == {"type": "view", "view_id": home.id}
    assert "channel" not in seen["click"]
    assert seen["event"]["view"]["id"] == home.id


async def test_home_tab_must_be_enabled(workspace, client):
    """views.publish says not_enabled otherwise."""
    workspace.home_tab_enabled = False
    with pytest.raises(SlackApiError, match="not_enabled"):
        await client.views_publish(user_id="U0ANN", view=HOME)


async def test_external_select_asks_the_app_for_options(workspace, listening, client):
    """block_suggestion carries the query; its options can then be chosen."""
    queries = []

    @listening.options("find")
    async def offer(ack, payload):
        queries.append(payload["value"])
        await ack(options=[option("red")])

    @listening.view("form")
    async def submitted(ack, view):
        queries.append(view["state"]["values"]["color"]["find"]["selected_option"]["value"])
        await ack()

    menu = {"type": "external_select", "action_id": "find", "min_query_length": 1}
    block = {"type": "input", "block_id": "color", "label": plain("Color"), "element": menu}
    trigger_id = workspace.triggers.issue(user="U0ANN")
    answer = await client.views_open(trigger_id=trigger_id, view=modal(block))
    view_id = answer["view"]["id"]
    offered = await workspace.suggest(user="U0ANN", view_id=view_id, action_id="find", query="re")
    await workspace.submit(user="U0ANN", view_id=view_id, values={"color": {"find": "red"}})
    assert [each["value"] for each in offered.options] == ["red"]
    assert queries == ["re", "red"]


async def test_global_shortcut_can_open_a_modal(workspace, listening):
    """It carries a trigger id and no channel."""
    seen = {}

    @listening.shortcut("ask")
    async def shortcut(ack, body, client):
        seen.update(body)
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(section("Hi")))

    await workspace.shortcut(user="U0ANN", callback_id="ask")
    assert "channel" not in seen
    assert len(workspace.people["U0ANN"].modals) == 1


def field(kind, **more):
    """Return a modal's input block with an element of this kind."""
    element = {"type": kind, "action_id": "it", **more}
    return {"type": "input", "block_id": "b", "label": plain("It"), "element": element}


@pytest.mark.parametrize(
    ("block", "good", "bad"),
    [
        (field("number_input", is_decimal_allowed=False), "-7", "7.5"),
        (field("number_input", is_decimal_allowed=True), "7.5", "seven"),
        (field("number_input", is_decimal_allowed=True, min_value="1"), "1", "0.9"),
        (field("number_input", is_decimal_allowed=False, max_value="30"), "30", "31"),
        (field("email_text_input"), "ann@contoso.example", "ann"),
        (field("url_text_input"), "https://contoso.example/a", "contoso"),
        (field("datepicker"), "2026-02-28", "2026-02-30"),
        (field("timepicker"), "23:59", "24:00"),
        (field("plain_text_input", min_length=3), "abc", "ab"),
        (field("plain_text_input", max_length=3), "abc", "abcd"),
        (
            field("multi_static_select", options=[option("a"), option("b")], max_selected_items=1),
            ["a"],
            ["a", "b"],
        ),
    ],
)
async def test_slacks_own_form_objects_before_it_sends(workspace, form, block, good, bad):
    """A wrong value never reaches the app; a right one does."""
    view = await opened(workspace, form, modal(block))
    outcome = await workspace.submit(user="U0ANN", view_id=view.id, values={"b": {"it": bad}})
    assert outcome.error == "form_incomplete"
    assert "submission" not in form
    outcome = await workspace.submit(user="U0ANN", view_id=view.id, values={"b": {"it": good}})
    assert outcome.ok
    assert "submission" in form
