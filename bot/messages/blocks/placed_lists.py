"""Let the rows of a list that one person sees say which page they are on, so that a press in one can redraw it."""

from typing import Final

from bot.messages.blocks.pages import MESSAGE
from bot.messages.blocks.parts import (
    Block,
    Message,
    message,
    section,
    with_plainer,
    without_plainer,
)
from bot.paging import Place, read_place, write_place

# docs.slack.dev, Block Kit reference.
LONGEST_BLOCK_ID: Final = 255
# Between what a row is about and the page; in no id of ours.
BEFORE_PLACE: Final = "|"


def with_place(listed: Message, place: Place) -> Message:
    """Return a list whose rows carry the page that it is, in the ids of their blocks; what has no room is left as it is."""
    written = write_place(place)
    blocks = [_with_place(block, written) for block in listed["blocks"]] if written else None
    return {**listed, "blocks": blocks} if blocks else listed


def _with_place(block: Block, written: str) -> Block:
    about = block.get("block_id")
    if not isinstance(about, str) or BEFORE_PLACE in about:
        return block
    marked = f"{about}{BEFORE_PLACE}{written}"
    return {**block, "block_id": marked} if len(marked) <= LONGEST_BLOCK_ID else block


def place_in(block_id: object) -> Place | None:
    """Return the page that the row of a press is on; None if it is on none, or that cannot be read."""
    if not isinstance(block_id, str):
        return None
    _, _, written = block_id.partition(BEFORE_PLACE)
    try:
        return read_place(written)
    except ValueError:
        return None


def below(sentence: Message, listed: Message) -> Message:
    """Return a list with what has just happened above it; the list alone where there is no room for both."""
    listed, plainer = without_plainer(listed)
    placed = _below(sentence, listed)
    return placed if plainer is None else with_plainer(placed, _below(sentence, plainer))


def _below(sentence: Message, listed: Message) -> Message:
    note = section(str(sentence["text"]))
    blocks = [note, *listed["blocks"]]
    if not MESSAGE.has(blocks):
        return listed
    return message(f"{sentence['text']} {listed['text']}", blocks)
