"""External selects: when Slack asks the app for options, how, and which answers it takes."""

import pytest
from slack_bolt import BoltResponse

from sandbox.slack.suggestions import LEAST_QUERY, MOST_OPTIONS
from tests.sandbox.slack.blocks import buttons, modal, option, plain


def lookup(kind="external_select", **more):
    """Return an external select that asks for options at once."""
    return {"type": kind, "action_id": "find", "min_query_length": 0, **more}


def numbered(count):
    """Return so many options."""
    return [option(f"o{number}") for number in range(count)]


def shown(value):
    """Return an option as Slack completes it."""
    return {**option(value), "text": {**plain(value.title()), "emoji": True}}


def group(label, *options):
    """Return a group of options."""
    return {"label": plain(label), "options": list(options)}


@pytest.fixture
def offering(listening):
    """An app that offers what is put into the dictionary, and the payloads that it saw."""
    given: dict = {"options": [option("red")]}
    seen: list[dict] = []

    @listening.options("find")
    async def offer(ack, body):
        seen.append(body)
        await ack(**given)

    @listening.action("find")
    async def chosen(ack, body):
        seen.append(body)
        await ack()

    return given, seen


async def opened(workspace, client, element):
    """Open a modal with this element in an input block; return the view's id."""
    block = {"type": "input", "block_id": "color", "label": plain("Color"), "element": element}
    trigger_id = workspace.triggers.issue(user="U0ANN")
    answer = await client.views_open(trigger_id=trigger_id, view=modal(block))
    return answer["view"]["id"]


async def typed(workspace, view_id, query):
    """Let Ann type into the select of a modal."""
    return await workspace.suggest(user="U0ANN", view_id=view_id, action_id="find", query=query)


async def test_a_menu_in_a_message_asks_with_its_channel_and_message(workspace, client, offering):
    """The payload names the message that the menu is in, and the choice comes as block_actions."""
    _, seen = offering
    posted = await client.chat_postMessage(channel="U0ANN", text="?", blocks=[buttons(lookup())])
    here = {"user": "U0ANN", "channel": posted["channel"], "ts": posted["ts"], "action_id": "find"}
    offered = await workspace.suggest(**here, query="")
    assert offered.options == [shown("red")]
    assert seen[0]["channel"] == {"id": posted["channel"], "name": "directmessage"}
    assert seen[0]["message"]["ts"] == seen[0]["container"]["message_ts"] == posted["ts"]
    assert (seen[0]["value"], seen[0]["block_id"]) == ("", "choices")
    outcome = await workspace.click(**here, value="red")
    assert outcome.ok
    assert seen[1]["actions"][0]["selected_option"]["value"] == "red"


async def test_an_ephemeral_message_is_not_sent_along(workspace, client, offering):
    """Its menu asks all the same; the app sees where, and not what."""
    _, seen = offering
    posted = await client.chat_postEphemeral(
        channel="C0APPROVALS", user="U0BO", text="?", blocks=[buttons(lookup())]
    )
    here = {"user": "U0BO", "channel": "C0APPROVALS", "ts": posted["message_ts"]}
    await workspace.suggest(**here, action_id="find", query="")
    assert seen[0]["container"]["is_ephemeral"] is True
    assert "message" not in seen[0]


async def test_only_what_was_offered_can_be_chosen(workspace, client, offering):
    """An option that nobody offered is not in the menu."""
    view_id = await opened(workspace, client, lookup())
    with pytest.raises(LookupError, match="does not offer"):
        await workspace.submit(user="U0ANN", view_id=view_id, values={"color": {"find": "red"}})
    await typed(workspace, view_id, "r")
    workspace.fill_in(user="U0ANN", view_id=view_id, values={"color": {"find": "red"}})
    assert workspace.view(view_id, user="U0ANN").values["color"]["find"]["selected_option"]


async def test_what_was_chosen_at_first_can_stay(workspace, client, offering):
    """The app's initial option needs no question."""
    view_id = await opened(workspace, client, lookup(initial_option=option("blue")))
    workspace.fill_in(user="U0ANN", view_id=view_id, values={"color": {"find": "blue"}})


@pytest.mark.parametrize(("least", "sent"), [(None, LEAST_QUERY), (0, 0), (1, 1), (5, 5)])
async def test_short_queries_are_not_sent(workspace, client, offering, least, sent):
    """Without `min_query_length`, three characters are the least."""
    _, seen = offering
    element = lookup()
    del element["min_query_length"]
    view_id = await opened(
        workspace, client, element if least is None else lookup(min_query_length=least)
    )
    if sent:
        assert (await typed(workspace, view_id, "x" * (sent - 1))).error == "query_too_short"
        assert seen == []
    assert (await typed(workspace, view_id, "x" * sent)).error is None
    assert len(seen) == 1


async def test_groups_keep_their_labels(workspace, client, offering):
    """`option_groups` instead of `options`; both ways the choices are known."""
    given, _ = offering
    del given["options"]
    given["option_groups"] = [group("Warm", option("red")), group("Cold", option("blue"))]
    view_id = await opened(workspace, client, lookup())
    offered = await typed(workspace, view_id, "")
    assert [each["label"]["text"] for each in offered.groups] == ["Warm", "Cold"]
    assert offered.options == [shown("red"), shown("blue")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": numbered(MOST_OPTIONS + 1)},
        {"options": [{"text": plain("x" * 76), "value": "x"}]},
        {"options": [{"text": plain("x"), "value": "x" * 151}]},
        {"options": [{"text": {"type": "mrkdwn", "text": "x"}, "value": "x"}]},
        {"options": [{"text": plain("x")}]},
        {"option_groups": [group("Empty")]},
        {"option_groups": [group("x" * 76, option("red"))]},
        {"option_groups": [group("A", *numbered(60)), group("B", *numbered(41))]},
        {"options": [option("red")], "option_groups": [group("A", option("red"))]},
    ],
)
async def test_malformed_answers_offer_nothing(workspace, client, listening, wrong):
    """One bad option spoils the whole answer."""

    @listening.middleware
    async def answer():
        return BoltResponse(status=200, body=wrong)

    view_id = await opened(workspace, client, lookup())
    offered = await typed(workspace, view_id, "")
    assert (offered.error, offered.options) == ("invalid_options", [])


async def test_a_hundred_options_are_fine(workspace, client, offering):
    """The most that one answer may hold."""
    given, _ = offering
    given["options"] = numbered(MOST_OPTIONS)
    view_id = await opened(workspace, client, lookup())
    assert len((await typed(workspace, view_id, "")).options) == MOST_OPTIONS


async def test_no_answer_offers_nothing(workspace, client, listening):
    """An app that has no listener for the menu."""
    view_id = await opened(workspace, client, lookup())
    offered = await typed(workspace, view_id, "")
    assert (offered.error, offered.options) == ("dispatch_failed", [])


async def test_over_http_the_manifest_must_say_where_to_ask(workspace, client, offering):
    """`message_menu_options_url`; in Socket Mode there is nothing to say."""
    _, seen = offering
    interactivity = {"is_enabled": True}
    settings = {"socket_mode_enabled": False, "interactivity": interactivity}
    workspace.install({"settings": settings})
    view_id = await opened(workspace, client, lookup())
    assert (await typed(workspace, view_id, "")).error == "no_options_url"
    interactivity["message_menu_options_url"] = workspace.request_url
    workspace.install({"settings": settings})
    assert (await typed(workspace, view_id, "")).error is None
    assert len(seen) == 1


async def test_several_can_be_chosen_up_to_a_number(workspace, client, offering):
    """`multi_external_select` with `max_selected_items`."""
    given, _ = offering
    given["options"] = numbered(3)
    element = lookup("multi_external_select", max_selected_items=2)
    view_id = await opened(workspace, client, element)
    await typed(workspace, view_id, "")
    three = {"color": {"find": ["o0", "o1", "o2"]}}
    outcome = await workspace.submit(user="U0ANN", view_id=view_id, values=three)
    assert outcome.errors == {"color": "Choose no more than 2."}
    workspace.fill_in(user="U0ANN", view_id=view_id, values={"color": {"find": ["o0", "o2"]}})
    state = workspace.view(view_id, user="U0ANN").values["color"]["find"]
    assert [each["value"] for each in state["selected_options"]] == ["o0", "o2"]


async def test_another_kind_of_menu_asks_nobody(workspace, client, offering):
    """A button is not typed into."""
    posted = await client.chat_postMessage(
        channel="U0ANN",
        text="?",
        blocks=[buttons({"type": "static_select", "action_id": "find", "options": numbered(2)})],
    )
    here = {"user": "U0ANN", "channel": posted["channel"], "ts": posted["ts"]}
    assert (await workspace.suggest(**here, action_id="find", query="")).error == "action_not_found"
