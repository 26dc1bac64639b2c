"""The Web API as Slack's own client and as bare HTTP see it."""

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack import Change
from tests.sandbox.slack.blocks import button, buttons, section
from tests.sandbox.slack.conftest import APP_TOKEN, BOT_TOKEN


def error_of(call):
    """Return Slack's name for the error, and the whole answer."""
    return call.value.response["error"]


async def test_auth_test_tells_who_and_with_which_scopes(workspace, client):
    """The ids are in the body, the scopes in a header."""
    workspace.scopes = ["commands", "chat:write"]
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == (
        "T0LATCH",
        "U0BOT",
        "B0LATCH",
    )
    assert answer.headers["x-oauth-scopes"] == "commands,chat:write"


@pytest.mark.parametrize("form", ["query", "form", "json", "get"])
async def test_arguments_come_in_every_wire_form(http, form):
    """GET and POST query strings, form bodies and JSON bodies mean the same."""
    url = "/api/users.info"
    http.headers["authorization"] = f"Bearer {BOT_TOKEN}"
    given = {"user": "U0ANN"}
    if form == "get":
        answer = await http.get(url, params=given)
    elif form == "query":
        answer = await http.post(url, params=given)
    elif form == "form":
        answer = await http.post(url, data=given)
    else:
        answer = await http.post(url, json=given)
    assert answer.json()["user"]["real_name"] == "Ann Abara"


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("", "not_authed"),
        ("xoxb-wrong", "invalid_auth"),
        (APP_TOKEN, "not_allowed_token_type"),
    ],
)
async def test_tokens_are_checked(client, token, error):
    """Missing, wrong and app-level tokens are refused by name."""
    client.token = token
    with pytest.raises(SlackApiError) as caught:
        await client.auth_test()
    assert error_of(caught) == error


async def test_revoked_token_is_refused(workspace, client):
    """After uninstalling, nothing works."""
    await workspace.uninstall()
    with pytest.raises(SlackApiError, match="token_revoked"):
        await client.auth_test()


async def test_missing_scope_names_what_is_needed(workspace, client):
    """The answer lists needed and provided scopes."""
    workspace.scopes = ["commands"]
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="U0ANN", text="Hi")
    assert caught.value.response["needed"] == "chat:write"
    assert caught.value.response["provided"] == "commands"


async def test_unknown_method_is_named(client):
    """A typo in a method name is not silent."""
    with pytest.raises(SlackApiError, match="unknown_method"):
        await client.api_call("chat.whisper")


async def test_posting_to_a_person_answers_with_the_direct_channel(workspace, client):
    """The channel to update later is the D id."""
    posted = await client.chat_postMessage(channel="U0ANN", text="Hi")
    assert posted["channel"] == "D0ANN"
    await client.chat_update(channel="D0ANN", ts=posted["ts"], text="Hello")
    assert workspace.channels["D0ANN"].seen_by("U0ANN")[0].text == "Hello"


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE", "channel_not_found"),
        ("C0GENERAL", "not_in_channel"),
        ("U0BOT", "cannot_dm_bot"),
        ("U0EVE", "channel_not_found"),
    ],
)
async def test_post_message_refuses_closed_channels(client, channel, error):
    """Each reason has its name."""
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=channel, text="Hi")
    assert error_of(caught) == error


async def test_post_message_to_the_deactivated_or_archived_is_refused(workspace, client):
    """A deactivated person and an archived channel get nothing."""
    workspace.people["U0ANN"].deleted = True
    workspace.channels["C0APPROVALS"].is_archived = True
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await client.chat_postMessage(channel="U0ANN", text="Hi")
    with pytest.raises(SlackApiError, match="is_archived"):
        await client.chat_postMessage(channel="C0APPROVALS", text="Hi")


async def test_messages_need_some_content(client):
    """Neither text nor blocks: no_text."""
    with pytest.raises(SlackApiError, match="no_text"):
        await client.api_call("chat.postMessage", json={"channel": "U0ANN", "text": ""})


async def test_ephemeral_message_needs_a_member_and_cannot_be_updated(workspace, client):
    """user_not_in_channel before, message_not_found after."""
    with pytest.raises(SlackApiError, match="user_not_in_channel"):
        await client.chat_postEphemeral(channel="C0APPROVALS", user="U0ANN", text="Psst")
    posted = await client.chat_postEphemeral(channel="C0APPROVALS", user="U0BO", text="Psst")
    with pytest.raises(SlackApiError, match="message_not_found"):
        await client.chat_update(channel="C0APPROVALS", ts=posted["message_ts"], text="!")
    assert workspace.channels["C0APPROVALS"].seen_by("U0MIA") == []


async def test_update_keeps_what_it_does_not_mention(workspace, client):
    """Blocks and metadata stay; an empty list takes the blocks away."""
    metadata = {"event_type": "card", "event_payload": {"id": "1"}}
    posted = await client.chat_postMessage(
        channel="C0APPROVALS",
        text="Card",
        blocks=[buttons(button("approve"))],
        metadata=metadata,
    )
    message = workspace.channels["C0APPROVALS"].message(posted["ts"])
    await client.chat_update(channel="C0APPROVALS", ts=posted["ts"], text="Same card")
    assert (len(message.blocks), message.metadata) == (1, metadata)
    await client.chat_update(channel="C0APPROVALS", ts=posted["ts"], text="Done", blocks=[])
    assert (message.blocks, message.edited_at is not None) == ([], True)


async def test_only_own_messages_can_be_changed(workspace, client):
    """A person's message is not the app's to edit or delete."""
    said = await workspace.say(user="U0BO", channel="C0APPROVALS", text="Hello")
    ts = said.message.ts
    with pytest.raises(SlackApiError, match="cant_update_message"):
        await client.chat_update(channel="C0APPROVALS", ts=ts, text="Bye")
    with pytest.raises(SlackApiError, match="cant_delete_message"):
        await client.chat_delete(channel="C0APPROVALS", ts=ts)


async def test_update_refuses_text_over_four_thousand_characters(client):
    """chat.update is stricter than chat.postMessage."""
    posted = await client.chat_postMessage(channel="U0ANN", text="x" * 5000)
    with pytest.raises(SlackApiError, match="msg_too_long"):
        await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="x" * 4001)


async def test_history_finds_a_message_by_its_metadata(client):
    """Newest first, and metadata only when asked for."""
    for number in range(3):
        posted = await client.chat_postMessage(
            channel="U0ANN",
            text=f"Note {number}",
            metadata={"event_type": "latchkey", "event_payload": {"key": number}},
        )
    answer = await client.conversations_history(
        channel=posted["channel"], include_all_metadata=True, limit=2
    )
    keys = [each["metadata"]["event_payload"]["key"] for each in answer["messages"]]
    assert (keys, answer["has_more"]) == ([2, 1], True)
    rest = await client.conversations_history(
        channel=posted["channel"], cursor=answer["response_metadata"]["next_cursor"]
    )
    assert [each["text"] for each in rest["messages"]] == ["Note 0"]
    assert "metadata" not in rest["messages"][0]


async def test_history_respects_oldest_and_latest(client):
    """Both ends are left out unless inclusive."""
    sent = [await client.chat_postMessage(channel="U0ANN", text=each) for each in "abc"]
    answer = await client.conversations_history(
        channel=sent[0]["channel"], oldest=sent[0]["ts"], latest=sent[2]["ts"]
    )
    assert [each["text"] for each in answer["messages"]] == ["b"]


async def test_thread_replies_stay_out_of_the_channel(client):
    """They are found below their parent."""
    parent = await client.chat_postMessage(channel="U0ANN", text="Parent")
    where = {"channel": parent["channel"]}
    await client.chat_postMessage(**where, text="Reply", thread_ts=parent["ts"])
    history = await client.conversations_history(**where)
    thread = await client.conversations_replies(**where, ts=parent["ts"])
    assert [each["text"] for each in history["messages"]] == ["Parent"]
    assert [each["text"] for each in thread["messages"]] == ["Parent", "Reply"]


async def test_shared_channel_says_so(client):
    """The app can refuse to post approvals there."""
    answer = await client.conversations_info(channel="C0PARTNERS")
    assert answer["channel"]["is_ext_shared"] is True


async def test_private_channel_needs_membership_and_its_own_scope(workspace, client):
    """channels:read is not enough for a private channel."""
    workspace.channels["C0APPROVALS"].kind = "private"
    workspace.scopes = ["channels:read"]
    with pytest.raises(SlackApiError) as caught:
        await client.conversations_info(channel="C0APPROVALS")
    assert caught.value.response["needed"] == "groups:read"


async def test_members_are_paged(client):
    """A cursor leads to the rest."""
    first = await client.conversations_members(channel="C0GENERAL", limit=4)
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_members(channel="C0GENERAL", limit=4, cursor=cursor)
    assert len(first["members"]) == 4
    assert set(first["members"] + second["members"]) == {
        "U0ANN",
        "U0BO",
        "U0CY",
        "U0DANA",
        "U0GUS",
        "U0MIA",
    }
    with pytest.raises(SlackApiError, match="invalid_cursor"):
        await client.conversations_members(channel="C0GENERAL", cursor="nonsense")


async def test_users_info_shows_guests_strangers_and_bots(client):
    """The gates that an app must check are there."""
    people = {
        user: (await client.users_info(user=user))["user"]
        for user in ("U0ANN", "U0GUS", "U0EVE", "U0BOT", "USLACKBOT")
    }
    assert people["U0ANN"]["profile"]["email"] == "ann@contoso.example"
    assert people["U0ANN"]["is_email_confirmed"] is True
    assert people["U0GUS"]["is_restricted"] is True
    assert (people["U0EVE"]["is_stranger"], people["U0EVE"]["team_id"]) == (True, "T0OTHER")
    assert people["U0BOT"]["is_bot"] is True
    assert people["USLACKBOT"]["is_bot"] is False
    with pytest.raises(SlackApiError, match="user_not_found"):
        await client.users_info(user="U0NOBODY")


async def test_email_needs_its_scope(workspace, client):
    """Without users:read.email the profile has none."""
    workspace.scopes = ["users:read"]
    answer = await client.users_info(user="U0ANN")
    assert "email" not in answer["user"]["profile"]


async def test_lookup_by_email_finds_members_only(client):
    """Neither strangers nor unknown addresses are found."""
    answer = await client.users_lookupByEmail(email="CY@contoso.example")
    assert answer["user"]["id"] == "U0CY"
    with pytest.raises(SlackApiError, match="users_not_found"):
        await client.users_lookupByEmail(email="eve@fabrikam.example")


async def test_user_groups_list_their_people(client):
    """An unknown group has a name for its error."""
    answer = await client.usergroups_users_list(usergroup="S0IAM")
    assert answer["users"] == ["U0DANA"]
    groups = await client.usergroups_list(include_users=True)
    assert groups["usergroups"][0]["handle"] == "iam"
    with pytest.raises(SlackApiError, match="no_such_subteam"):
        await client.usergroups_users_list(usergroup="S0NONE")


async def test_direct_messages_can_be_opened(client):
    """conversations.open gives the same id as posting."""
    opened = await client.conversations_open(users="U0CY")
    assert opened["channel"]["id"] == "D0CY"


async def test_team_and_bot_can_be_looked_up(client):
    """team.info and bots.info."""
    team = await client.team_info()
    bot = await client.bots_info(bot="B0LATCH")
    assert (team["team"]["name"], bot["bot"]["app_id"]) == ("Contoso", "A0LATCH")


async def test_calls_are_recorded_without_their_token(workspace, client):
    """What the app did can be inspected afterwards."""
    await client.chat_postMessage(channel="U0ANN", text="Hi", blocks=[section("Hi")])
    call = workspace.calls[-1]
    assert (call.method, call.ok, call.args["channel"]) == ("chat.postMessage", True, "U0ANN")
    assert "token" not in call.args


async def test_subscribers_hear_who_sees_a_change(workspace, client):
    """A direct message concerns its person, and nobody hears after unsubscribing."""
    heard: list[Change] = []
    unsubscribe = workspace.subscribe(heard.append)
    await client.chat_postMessage(channel="U0ANN", text="Hi")
    unsubscribe()
    await client.chat_postMessage(channel="U0ANN", text="Again")
    changes = [each for each in heard if each.kind == "message"]
    assert [(each.channel, each.users) for each in changes] == [
        ("D0ANN", frozenset({"U0ANN", "U0BOT"}))
    ]


@pytest.mark.parametrize(
    ("content", "kind", "error"),
    [
        (b"{", "application/json", "invalid_json"),
        (b"[]", "application/json", "json_not_object"),
        (b"<a/>", "text/xml", "invalid_post_type"),
    ],
)
async def test_malformed_bodies_are_refused_by_name(http, content, kind, error):
    """Each malformation has its own error."""
    headers = {"authorization": f"Bearer {BOT_TOKEN}", "content-type": kind}
    answer = await http.post("/api/chat.postMessage", content=content, headers=headers)
    assert answer.json() == {"ok": False, "error": error}
