"""Experiments with Slack's limits and files that a bot token can make by itself."""

from typing import Any, Final
from urllib.parse import urlsplit

from bot.cli.rehearsal.bench import Bench, SlackRaw
from bot.cli.rehearsal.errors import NotPossible
from bot.cli.rehearsal.model import Experiment, Observation, as_hoped, unclear
from bot.cli.rehearsal.slack import SECONDS_TO_SHOW, SENDS, SLACK, TEXT, direct_message
from bot.messages.blocks.data_blocks import bar_chart, data_table, text_cell
from bot.slack.uploads import SLACKS

CONTENT: Final = b"Latchkey tries something out.\n"


async def table_limits(bench: Bench) -> Observation:
    """Send tables and charts at either of the numbers that copies of Slack's pages name."""
    slack, channel = await direct_message(bench)
    tried = {
        "100 rows and a header": _table(100),
        "200 rows and a header": _table(200),
        "9,000 characters": _table(60, length=145),
        "19,000 characters": _table(100, length=185),
        "6 series": _chart(6),
        "12 series": _chart(12),
    }
    said, refused = [], set()
    for name, block in tried.items():
        error = await _taken(slack, channel, blocks=[block])
        said.append(f"{name}: {error or 'ok'}")
        refused |= {name} if error else set()
    # What is within the smaller number is what the digest sends.
    small = {"100 rows and a header", "9,000 characters", "6 series"}
    return as_hoped(not refused & small, "; ".join(said))


async def metadata_size(bench: Bench) -> Observation:
    """Send messages with ever more metadata."""
    slack, channel = await direct_message(bench)
    said, small = [], ""
    for characters in (1_000, 4_000, 8_000, 16_000):
        payload = {"keys": ["x" * 100 for _ in range(characters // 104)]}
        metadata = {"event_type": "latchkey_rehearsal", "event_payload": payload}
        error = await _taken(slack, channel, metadata=metadata)
        small = small or (error if characters == 1_000 else "")
        said.append(f"{characters} characters: {error or 'ok'}")
    return as_hoped(not small, f"metadata of {'; '.join(said)}")


async def uploads(bench: Bench) -> Observation:
    """Upload a file into the direct message, and look when its message shows."""
    slack, channel = await direct_message(bench)
    offered = await slack.call(
        "files.getUploadURLExternal", filename="rehearsal.txt", length=str(len(CONTENT))
    )
    if offered.error:
        return unclear(f"files.getUploadURLExternal: {offered.error}")
    address, file_id = str(offered.body["upload_url"]), str(offered.body["file_id"])
    bench.forbidden.add(address)
    host = urlsplit(address).hostname or ""
    known = SLACKS | {urlsplit(slack.slack.client.base_url).hostname}
    status = await slack.upload(address, CONTENT)
    shared = await slack.call(
        "files.completeUploadExternal",
        files=[{"id": file_id, "title": "Rehearsal"}],
        channel_id=channel,
        initial_comment=TEXT,
    )
    try:
        shown = None if shared.error else await _seconds_to_show(bench, slack, channel, file_id)
    finally:
        deleted = await slack.call("files.delete", file=file_id)
    seconds = "not" if shown is None else f"after {shown} s"
    said = (
        f"the address is {'on a known host' if host in known else 'on another host'}; the bytes: {status}; shared: "
        f"{shared.error or 'ok'}; its message shows {seconds}; the answer names the message: "
        f"{'yes' if _names_message(shared.body) else 'no'}; deleted: {deleted.error or 'ok'}"
    )
    return as_hoped(host in known and status == 200 and not shared.error, said)


async def not_in_channel(bench: Bench) -> Observation:
    """Send a message to a channel that the app is not in."""
    slack = bench.slack
    if slack is None or bench.foreign_channel is None:
        raise NotPossible("it takes --foreign-channel, the id of a channel that the app is not in")
    answer = await slack.call("chat.postMessage", channel=bench.foreign_channel, text=TEXT)
    if not answer.error:
        await slack.call("chat.delete", channel=bench.foreign_channel, ts=answer.body.get("ts"))
    known = answer.error in ("not_in_channel", "channel_not_found")
    return as_hoped(known, f"chat.postMessage to it: {answer.error or 'ok'}")


def _names_message(body: Any) -> bool:
    return any("shares" in each for each in body.get("files") or () if isinstance(each, dict))


async def _seconds_to_show(bench: Bench, slack: SlackRaw, channel: str, file_id: str) -> int | None:
    for waited in range(SECONDS_TO_SHOW):
        read = await slack.call("conversations.history", channel=channel, limit="5")
        if read.error:
            return None
        for each in read.body.get("messages") or ():
            if file_id in {one.get("id") for one in each.get("files") or ()}:
                # Deleting the file leaves its message.
                await slack.call("chat.delete", channel=channel, ts=each.get("ts"))
                return waited
        await bench.sleep(1)
    return None


async def _taken(slack: SlackRaw, channel: str, **more: Any) -> str:
    answer = await slack.call("chat.postMessage", channel=channel, text=TEXT, **more)
    if not answer.error:
        await slack.call("chat.delete", channel=channel, ts=answer.body.get("ts"))
    return answer.error


def _table(rows: int, *, length: int = 20) -> dict[str, Any]:
    cells = [[text_cell(f"{number}".ljust(length, "x"))] for number in range(rows)]
    return data_table("Rehearsal", ("First",), cells, block_id="rehearsal")


def _chart(series: int) -> dict[str, Any]:
    data = {f"Series {number}": [number] for number in range(series)}
    return bar_chart("Rehearsal", data, ["May"], x_label="Month", y_label="Requests")


OF_SLACK_LIMITS: Final = (
    Experiment(
        name="table-limits",
        rows=("The limits of data tables and charts",),
        question="How large may data tables and charts be?",
        service=SLACK,
        run=table_limits,
        writes=SENDS,
    ),
    Experiment(
        name="metadata-size",
        rows=("How many characters of blocks, and how much metadata",),
        question="How much metadata does Slack take a message?",
        service=SLACK,
        run=metadata_size,
        writes=SENDS,
    ),
    Experiment(
        name="uploads",
        rows=(
            "Whether a file that is shared in the direct message",
            "When a completed upload appears",
        ),
        question="May a file be shared in the direct message, and when does its message show?",
        service=SLACK,
        run=uploads,
        writes="uploads a small file into the direct message with you, and deletes it",
    ),
    Experiment(
        name="not-in-channel",
        rows=("With which word Slack refuses a message to a channel",),
        question="With which word does Slack refuse a message to a channel that the app is not in?",
        service=SLACK,
        run=not_in_channel,
        writes="tries to send a message to --foreign-channel, and deletes it should it be taken",
    ),
)
