"""Uploading a file: an address, the bytes, and the message that shares it."""

import pytest
from slack_sdk.errors import SlackApiError

CSV = b"person,package\nAnn Abara,Finance Reports\n"


@pytest.fixture
async def announced(client):
    """An upload address for the CSV."""
    return await client.files_getUploadURLExternal(filename="access.csv", length=len(CSV))


async def sent(http, announced, content=CSV):
    """Post the bytes; return the HTTP status."""
    path = announced["upload_url"].removeprefix("http://slack.test")
    return (await http.post(path, content=content)).status_code


def by_ts(workspace, channel):
    """Return the newest message of a channel."""
    return workspace.channels[channel].messages[-1]


async def test_a_file_comes_in_a_message(workspace, client, http, announced):
    """The message has the comment, the title, and the bytes to download."""
    assert await sent(http, announced) == 200
    answer = await client.files_completeUploadExternal(
        files=[{"id": announced["file_id"], "title": "Who has what"}],
        channel_id="C0APPROVALS",
        initial_comment="2 rows.",
    )
    assert answer["files"] == [{"id": announced["file_id"], "title": "Who has what"}]
    message = by_ts(workspace, "C0APPROVALS")
    assert (message.text, message.files[0].content) == ("2 rows.", CSV)
    history = await client.conversations_history(channel="C0APPROVALS")
    shown = history["messages"][0]
    assert shown["subtype"] == "file_share"
    assert (shown["files"][0]["name"], shown["files"][0]["size"]) == ("access.csv", len(CSV))


async def test_a_form_brings_the_bytes_too(client, http, announced):
    """Raw, or multipart."""
    path = announced["upload_url"].removeprefix("http://slack.test")
    answer = await http.post(path, files={"filename": ("access.csv", CSV)})
    assert (answer.status_code, answer.text) == (200, f"OK - {len(CSV)}")


async def test_a_reply_in_a_thread(workspace, client, http, announced):
    """`thread_ts` needs the one channel that has it."""
    root = await client.chat_postMessage(channel="U0BO", text="Export")
    await sent(http, announced)
    file = [{"id": announced["file_id"]}]
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await client.files_completeUploadExternal(
            files=file, channel_id="C0APPROVALS", thread_ts=root["ts"]
        )
    await client.files_completeUploadExternal(
        files=file, channel_id=root["channel"], thread_ts=root["ts"]
    )
    assert by_ts(workspace, root["channel"]).thread_ts == root["ts"]


async def test_without_a_channel_the_file_stays_private(workspace, client, http, announced):
    """Nobody sees it."""
    await sent(http, announced)
    await client.files_completeUploadExternal(files=[{"id": announced["file_id"]}])
    assert all(not message.files for c in workspace.channels.values() for message in c.messages)


@pytest.mark.parametrize(
    ("channel", "error"),
    [("C0GENERAL", "not_in_channel"), ("C0NONE", "channel_not_found"), ("U0BO", "channel_not")],
)
async def test_where_the_bot_is_not_nothing_is_shared(client, http, announced, channel, error):
    """And what could not be shared can be shared elsewhere afterwards."""
    await sent(http, announced)
    file = [{"id": announced["file_id"]}]
    with pytest.raises(SlackApiError, match=error):
        await client.files_completeUploadExternal(files=file, channel_id=channel)
    await client.files_completeUploadExternal(files=file, channel_id="C0APPROVALS")


async def test_the_address_is_good_for_one_upload(http, announced):
    """A second post finds nothing."""
    assert await sent(http, announced) == 200
    assert await sent(http, announced) == 404


async def test_the_length_must_be_that_announced(http, announced):
    """Then the address is still good."""
    assert await sent(http, announced, CSV + b"x") == 400
    assert await sent(http, announced) == 200


async def test_nothing_is_shared_twice_or_before_it_came(client, http, announced):
    """Completing asks for bytes, and ends the upload."""
    file = [{"id": announced["file_id"]}]
    with pytest.raises(SlackApiError, match="file_not_found"):
        await client.files_completeUploadExternal(files=file, channel_id="C0APPROVALS")
    await sent(http, announced)
    await client.files_completeUploadExternal(files=file, channel_id="C0APPROVALS")
    with pytest.raises(SlackApiError, match="file_not_found"):
        await client.files_completeUploadExternal(files=file, channel_id="C0APPROVALS")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"filename": "a.csv", "length": 0}, "missing_argument"),
        ({"filename": "", "length": 1}, "invalid_arguments"),
        ({"filename": "a.png", "length": 1, "alt_txt": "x" * 1001}, "alt_txt_too_large"),
        ({"filename": "a", "length": 1_000_001, "snippet_type": "csv"}, "snippet_too_large"),
    ],
)
async def test_what_is_announced_must_make_sense(client, arguments, error):
    """The errors are those of the method's page."""
    with pytest.raises(SlackApiError, match=error):
        await client.files_getUploadURLExternal(**arguments)


async def test_it_needs_a_scope(workspace, client):
    """files:write."""
    workspace.scopes.remove("files:write")
    with pytest.raises(SlackApiError, match="missing_scope"):
        await client.files_getUploadURLExternal(filename="a.csv", length=1)
