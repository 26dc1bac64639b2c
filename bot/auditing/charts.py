"""Draw bars for a page that stands alone: SVG without script, font or style of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

# Pixels at 100 %; the drawing scales.
WIDTH: Final = 640
LABELS: Final = 190
NUMBERS: Final = 56
ROW: Final = 26
BAR: Final = 16
LEGEND: Final = 26
LONGEST_LABEL: Final = 28


@dataclass(frozen=True, kw_only=True)
class Bars:
    """
    Horizontal bars, each of one or more parts.

    Attributes:
        title: For people and for screen readers.
        parts: The names of the parts, in order.
        rows: A label, and a number for each part.
    """

    title: str
    parts: Sequence[str]
    rows: Sequence[tuple[str, Sequence[int]]]


def draw(bars: Bars) -> ET.Element:
    """Return the drawing; the numbers stand in it, so that no color is needed to read them."""
    has_legend = len(bars.parts) > 1
    height = ROW * len(bars.rows) + (LEGEND if has_legend else 0) + 8
    svg = ET.Element(
        "svg",
        {
            "viewBox": f"0 0 {WIDTH} {height}",
            "role": "img",
            "class": "chart",
            "aria-label": bars.title,
        },
    )
    ET.SubElement(svg, "title").text = bars.title
    longest = max((sum(numbers) for _, numbers in bars.rows), default=0)
    for place, (label, numbers) in enumerate(bars.rows):
        _row(svg, place * ROW + 4, label, numbers, longest)
    if has_legend:
        _legend(svg, bars, top=ROW * len(bars.rows) + 8)
    return svg


def _row(svg: ET.Element, top: int, label: str, numbers: Sequence[int], longest: int) -> None:
    shown = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
    _text(svg, shown, x=LABELS - 8, y=top + 12, anchor="end")
    room = WIDTH - LABELS - NUMBERS
    x = float(LABELS)
    for part, number in enumerate(numbers):
        if number:
            width = max(room * number / longest, 1.5)
            place = {"x": f"{x:.1f}", "y": str(top), "width": f"{width:.1f}", "height": str(BAR)}
            ET.SubElement(svg, "rect", {**place, "class": f"part{part}"})
            x += width
    _text(svg, f"{sum(numbers):,}", x=round(x) + 6, y=top + 12, anchor="start")


def _legend(svg: ET.Element, bars: Bars, *, top: int) -> None:
    """Name the parts that there are: of all there may be more than fit on a line."""
    x = 8
    for number, name in enumerate(bars.parts):
        if not any(numbers[number] for _, numbers in bars.rows):
            continue
        place = {"x": str(x), "y": str(top), "width": "12", "height": "12"}
        ET.SubElement(svg, "rect", {**place, "class": f"part{number}"})
        _text(svg, name, x=x + 18, y=top + 11, anchor="start")
        x += 36 + 7 * len(name)


def _text(svg: ET.Element, words: str, *, x: int, y: int, anchor: str) -> None:
    ET.SubElement(svg, "text", {"x": str(x), "y": str(y), "text-anchor": anchor}).text = words
