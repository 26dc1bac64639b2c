"""
Upload a file, and share it in one conversation.

Source: docs.slack.dev, "Working with files": files.getUploadURLExternal, a POST of the bytes to the address that it
returns, files.completeUploadExternal.
"""

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.calls import NEVER_SENT, SlackCalls
from bot.slack.errors import SlackBusy, SlackRefused, SlackUnsure

# Slack's own, and those of its workspaces for governments.
SLACKS: Final = frozenset({"files.slack.com", "files.slack-gov.com"})
UPLOAD_SECONDS: Final = 60
LONGEST_ALT_TEXT: Final = 1_000


async def upload(
    calls: SlackCalls,
    client: AsyncWebClient,
    *,
    channel: str,
    name: str,
    content: bytes,
    title: str,
    comment: str,
    thread_ts: str | None = None,
    alt_text: str | None = None,
) -> None:
    """
    Upload a file and share it in a conversation.  Scope files:write.

    Args:
        thread_ts: As a reply to that message; None: as a message of its own.
        alt_text: What a picture shows, for those who do not see it; no more than `LONGEST_ALT_TEXT` of it.

    Nothing is to be seen of it before the last of the three calls.

    Raises:
        SlackRefused, SlackBusy: It is not shared.
        SlackUnsure: It may be.
    """
    described = {"alt_txt": alt_text[:LONGEST_ALT_TEXT]} if alt_text else {}
    answer = await calls.call(
        "files.getUploadURLExternal", filename=name, length=len(content), **described
    )
    placed = {"thread_ts": thread_ts} if thread_ts else {}
    await _send(client, str(answer["upload_url"]), content)
    await calls.call(
        "files.completeUploadExternal",
        files=[{"id": answer["file_id"], "title": title}],
        channel_id=channel,
        initial_comment=comment,
        **placed,
    )


async def _send(client: AsyncWebClient, address: str, content: bytes) -> None:
    """Send the bytes; the address is a secret that needs no token, and is in nothing that is raised or logged."""
    session: Any = client.session
    if session is None or not _is_slacks(address, client.base_url):
        raise SlackRefused("upload_url_not_slacks")
    try:
        async with session.request(
            "POST",
            address,
            data=content,
            headers={"content-type": "application/octet-stream"},
            allow_redirects=False,
            proxy=client.proxy,
            timeout=aiohttp.ClientTimeout(total=UPLOAD_SECONDS),
        ) as reply:
            status = reply.status
            await reply.text()
    except NEVER_SENT:
        raise SlackBusy("cannot connect to Slack", retry_after=timedelta(seconds=5)) from None
    except (aiohttp.ClientError, TimeoutError, ValueError):
        raise SlackUnsure("no answer to an upload") from None
    if status == 429:
        raise SlackBusy("ratelimited", retry_after=timedelta(seconds=30))
    if status != 200:
        raise SlackRefused(f"http_{status}")


def _is_slacks(address: str, api_url: str) -> bool:
    """Tell whether bytes may go to an address: over TLS to Slack's own hosts, or to the host of the Web API."""
    try:
        given = urlsplit(address)
    except ValueError:
        return False
    api = urlsplit(api_url)
    if (given.scheme, given.netloc) == (api.scheme, api.netloc):
        return True
    return given.scheme == "https" and given.netloc in SLACKS
