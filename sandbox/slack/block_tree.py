"""Blocks within blocks, and the elements in all of them."""

from collections.abc import Iterator
from typing import Any

from sandbox.slack.model import Json


def every_block(blocks: list[Json]) -> Iterator[Json]:
    """Yield every block, those in containers after the container."""
    for block in blocks:
        yield block
        if block["type"] == "container":
            yield from every_block(block["child_blocks"])


def elements_of(block: Json) -> list[Json]:
    """Return the elements that stand directly in a block: what one can press, choose from or type into."""
    found: list[Any] = [block.get("accessory"), block.get("element")]
    if block["type"] == "actions":
        found += block["elements"]
    elif block["type"] == "card":
        found += block.get("actions") or []
    elif block["type"] == "data_table":
        found += [cell.get("element") for row in block["rows"] for cell in row]
    return [each for each in found if each is not None and each["type"] != "image"]
