"""Draw charts of bars as SVG, in the colors of the page around them: for light, dark and paper."""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement

# In the units of the drawing; the page scales it.
WIDTH: Final = 640
ROW: Final = 28
BAR: Final = 16
NAMES: Final = 220
VALUES: Final = 60
HEIGHT: Final = 240
FOOT: Final = 28
HEAD: Final = 18
# About how wide a character is.
CHARACTER: Final = 6.8
LONGEST_NAME: Final = int((NAMES - 12) / CHARACTER)
# By how they are filled, not by their color alone.
FILLS: Final = ("solid", "striped")


def bars(title: str, rows: Sequence[tuple[str, int]]) -> Element:
    """Draw a bar from left to right for each row, with its name before it and its number behind it."""
    height = ROW * len(rows) + 8
    svg = _svg(title, height)
    most = max((value for _, value in rows), default=0) or 1
    for index, (name, value) in enumerate(rows):
        y = 4 + index * ROW
        length = (WIDTH - NAMES - VALUES) * value / most
        _text(svg, _short(name), x=NAMES - 8, y=y + BAR - 3, anchor="end")
        _bar(svg, x=NAMES, y=y, width=length, height=BAR, fill=FILLS[0])
        _text(svg, f"{value:,}", x=NAMES + length + 6, y=y + BAR - 3, anchor="start")
    return svg


def columns(title: str, categories: Sequence[str], series: Mapping[str, Sequence[int]]) -> Element:
    """Draw a column for each category and series, those of a category side by side, with their numbers above them."""
    svg = _svg(title, HEIGHT)
    most = max((value for values in series.values() for value in values), default=0) or 1
    room = HEIGHT - FOOT - HEAD
    step = WIDTH / max(len(categories), 1)
    width = min(36.0, step * 0.8 / max(len(series), 1))
    baseline = HEIGHT - FOOT
    every = max(1, round(len(categories) * 52 / WIDTH))
    for index, category in enumerate(categories):
        middle = step * (index + 0.5)
        for number, (values, fill) in enumerate(zip(series.values(), FILLS, strict=False)):
            tall = room * values[index] / most
            x = middle + (number - len(series) / 2) * width
            _bar(svg, x=x + 1, y=baseline - tall, width=width - 2, height=tall, fill=fill)
            if values[index]:
                _text(svg, f"{values[index]:,}", x=x + width / 2, y=baseline - tall - 4)
        if index % every == 0:
            _text(svg, category, x=middle, y=HEIGHT - 9)
    SubElement(
        svg,
        "line",
        {"class": "axis", "x1": "0", "x2": str(WIDTH), "y1": str(baseline), "y2": str(baseline)},
    )
    return svg


def key_to(names: Sequence[str]) -> Element:
    """Make the list that says which series is filled how."""
    listed = Element("ul", {"class": "key"})
    for name, fill in zip(names, FILLS, strict=False):
        entry = SubElement(listed, "li")
        svg = SubElement(
            entry,
            "svg",
            {"viewBox": "0 0 14 14", "width": "14", "height": "14", "aria-hidden": "true"},
        )
        _bar(svg, x=0, y=0, width=14, height=14, fill=fill)
        SubElement(entry, "span").text = name
    return listed


def patterns() -> Element:
    """Make what striped bars are filled with; once in a page."""
    svg = Element("svg", {"width": "0", "height": "0", "aria-hidden": "true", "class": "patterns"})
    pattern = SubElement(
        SubElement(svg, "defs"),
        "pattern",
        {
            "id": "stripes",
            "width": "6",
            "height": "6",
            "patternUnits": "userSpaceOnUse",
            "patternTransform": "rotate(45)",
        },
    )
    SubElement(pattern, "rect", {"class": "between", "width": "6", "height": "6"})
    SubElement(pattern, "rect", {"class": "stripe", "width": "3", "height": "6"})
    return svg


def _svg(title: str, height: int) -> Element:
    svg = Element("svg", {"viewBox": f"0 0 {WIDTH} {height}", "role": "img", "aria-label": title})
    SubElement(svg, "title").text = title
    return svg


def _bar(svg: Element, *, x: float, y: float, width: float, height: float, fill: str) -> None:
    numbers = {"x": x, "y": y, "width": max(width, 0), "height": max(height, 0)}
    placed = {name: f"{value:.1f}" for name, value in numbers.items()}
    SubElement(svg, "rect", {"class": fill, "rx": "2", **placed})


def _text(svg: Element, text: str, *, x: float, y: float, anchor: str = "middle") -> None:
    placed = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    SubElement(svg, "text", placed).text = text


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
