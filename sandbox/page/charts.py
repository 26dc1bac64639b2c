"""Slack's data_visualization blocks as SVG: pie, bar, area and line, with their numbers as a table for screen readers."""

import math
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

Json = dict[str, Any]

WIDTH, HEIGHT = 600, 250
LEFT, RIGHT, TOP, BOTTOM = 50, 12, 12, 34
CHARACTER = 6.6
"""About how wide a character of a label is, in the units of the drawing."""

_GROUP = Markup('<g class="c{}">{}</g>')
_TEXT = Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>')
_FIGURE = Markup(
    '<figure class="chart chart-{}"><figcaption>{}</figcaption>'
    '<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>{}{}</figure>'
)
_LEGEND = Markup('<ul class="legend">{}</ul>')
_ENTRY = Markup('<li class="c{}"><i></i>{}{}</li>')


def chart(block: Json) -> Markup:
    """One data_visualization block, whole: title, picture, legend and hidden table."""
    drawn = block["chart"]
    if drawn["type"] == "pie":
        return _pie(block["title"], drawn["segments"])
    return _with_axes(block["title"], drawn)


def ticks(least: float, most: float) -> list[float]:
    """Four to seven round numbers that hold everything from *least* to *most*, zero included."""
    least, most = min(0.0, least), max(0.0, most)
    if least == most:
        most = 1.0
    rough = (most - least) / 5
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * each for each in (1, 2, 5, 10) if size * each >= rough)
    first, last = math.floor(least / step), math.ceil(most / step)
    return [number * step for number in range(first, last + 1)]


def _pie(title: str, segments: list[Json]) -> Markup:
    total = sum(each["value"] for each in segments)
    shares = [each["value"] / total for each in segments]
    radius, x, y = 92.0, 105.0, 105.0
    parts, turn = [], 0.0
    for index, (segment, share) in enumerate(zip(segments, shares, strict=True)):
        words = f"{segment['label']}: {_number(segment['value'])} ({_percent(share)})"
        parts.append(_GROUP.format(index, _slice(x, y, radius, turn, share, words)))
        turn += share
    entries = _join(
        _ENTRY.format(index, segment["label"], Markup(" <b>{}</b>").format(_percent(share)))
        for index, (segment, share) in enumerate(zip(segments, shares, strict=True))
    )
    rows = [[each["label"], _number(each["value"])] for each in segments]
    return _FIGURE.format(
        "pie",
        title,
        2 * int(x),
        2 * int(y),
        f"Pie chart: {title}",
        _join(parts),
        _LEGEND.format(entries),
        _table(["Segment", "Value"], rows),
    )


def _slice(x: float, y: float, radius: float, turn: float, share: float, words: str) -> Markup:
    tip = Markup("<title>{}</title>").format(words)
    if share > 0.9999:
        return Markup('<circle cx="{}" cy="{}" r="{}">{}</circle>').format(x, y, radius, tip)
    start, end = (
        (x + radius * math.sin(2 * math.pi * at), y - radius * math.cos(2 * math.pi * at))
        for at in (turn, turn + share)
    )
    path = (
        f"M{x:.1f} {y:.1f}L{start[0]:.2f} {start[1]:.2f}"
        f"A{radius} {radius} 0 {int(share > 0.5)} 1 {end[0]:.2f} {end[1]:.2f}Z"
    )
    return Markup('<path d="{}">{}</path>').format(path, tip)


def _with_axes(title: str, drawn: Json) -> Markup:
    kind, axes = drawn["type"], drawn["axis_config"]
    categories: list[str] = axes["categories"]
    series = [(each["name"], _in_order(each["data"], categories)) for each in drawn["series"]]
    every = [value for _, values in series for value in values]
    marks = ticks(min(every), max(every))
    plot = _Plot(len(categories), marks[0], marks[-1])
    parts = [plot.grid(marks), plot.labels(categories)]
    if kind == "bar":
        parts += plot.bars(series, categories)
    else:
        parts += [plot.line(index, each, categories, kind) for index, each in enumerate(series)]
    if axes.get("y_label"):
        turned = Markup('<text class="axis" transform="translate(11 {}) rotate(-90)">{}</text>')
        parts.append(turned.format((HEIGHT - BOTTOM) / 2, axes["y_label"]))
    if axes.get("x_label"):
        below = Markup('<text class="axis" x="{}" y="{}">{}</text>')
        parts.append(below.format((WIDTH + LEFT) / 2, HEIGHT + 12, axes["x_label"]))
    entries = _join(_ENTRY.format(index, name, "") for index, (name, _) in enumerate(series))
    rows = [
        [category, *(_number(values[at]) for _, values in series)]
        for at, category in enumerate(categories)
    ]
    return _FIGURE.format(
        kind,
        title,
        WIDTH,
        HEIGHT + (18 if axes.get("x_label") else 0),
        f"{kind.title()} chart: {title}",
        _join(parts),
        _LEGEND.format(entries),
        _table([axes.get("x_label") or "Category", *(name for name, _ in series)], rows),
    )


class _Plot:
    """The place of numbers and categories on the drawing."""

    def __init__(self, count: int, least: float, most: float) -> None:
        self._least, self._most = least, most
        self._step = (WIDTH - LEFT - RIGHT) / count

    def y(self, value: float) -> float:
        """Return how far down a number is."""
        share = (value - self._least) / (self._most - self._least)
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def x(self, index: int) -> float:
        """Return how far right the middle of a category is."""
        return LEFT + (index + 0.5) * self._step

    def grid(self, marks: list[float]) -> Markup:
        """The horizontal lines, with their numbers."""
        line = Markup('<line class="{}" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines = (
            line.format("zero" if mark == 0 else "grid", LEFT, WIDTH - RIGHT, y=self.y(mark))
            for mark in marks
        )
        numbers = (
            _TEXT.format("mark", LEFT - 7, self.y(mark) + 4, "end", _short(mark)) for mark in marks
        )
        return _join([*lines, *numbers])

    def labels(self, categories: list[str]) -> Markup:
        """The names of the categories, as many as fit beside each other."""
        longest = max(len(each) for each in categories) * CHARACTER + 8
        every = max(1, math.ceil(longest / self._step))
        fitting = list(enumerate(categories))[::every]
        # On a phone, where letters are larger beside the drawing, every other one.
        return _join(
            _TEXT.format(
                "odd" if number % 2 else "even",
                f"{self.x(at):.1f}",
                HEIGHT - BOTTOM + 18,
                "middle",
                category,
            )
            for number, (at, category) in enumerate(fitting)
        )

    def bars(self, series: list[tuple[str, list[float]]], categories: list[str]) -> list[Markup]:
        """The bars of all series, side by side in each category."""
        wide = min(34.0, self._step * 0.76 / len(series))
        rect = Markup(
            '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2">'
            "<title>{}</title></rect>"
        )
        groups = []
        for index, (name, values) in enumerate(series):
            bars = []
            for at, value in enumerate(values):
                top, bottom = sorted((self.y(value), self.y(0)))
                left = self.x(at) + (index - len(series) / 2) * wide
                words = f"{categories[at]}, {name}: {_number(value)}"
                bars.append(rect.format(left, top, wide - 1.5, max(bottom - top, 0.5), words))
            groups.append(_GROUP.format(index, _join(bars)))
        return groups

    def line(
        self, index: int, series: tuple[str, list[float]], categories: list[str], kind: str
    ) -> Markup:
        """One series as a line with dots, or as the area below it."""
        name, values = series
        points = [f"{self.x(at):.1f} {self.y(value):.1f}" for at, value in enumerate(values)]
        path = "M" + "L".join(points)
        drawn = Markup('<path class="line" d="{}"/>').format(path)
        if kind == "area":
            ends = (
                f"L{self.x(len(values) - 1):.1f} {self.y(0):.1f}L{self.x(0):.1f} {self.y(0):.1f}Z"
            )
            drawn = Markup('<path class="area" d="{}"/>').format(path + ends) + drawn
        dot = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.4"><title>{}</title></circle>')
        dots = _join(
            dot.format(self.x(at), self.y(value), f"{categories[at]}, {name}: {_number(value)}")
            for at, value in enumerate(values)
        )
        return _GROUP.format(index, drawn + dots)


def _in_order(points: list[Json], categories: list[str]) -> list[float]:
    by_label = {each["label"]: each["value"] for each in points}
    return [by_label[category] for category in categories]


def _table(head: list[str], rows: list[list[str]]) -> Markup:
    cell, first, row = Markup("<td>{}</td>"), Markup("<th>{}</th>"), Markup("<tr>{}</tr>")
    lines = [row.format(_join(first.format(each) for each in head))]
    for name, *numbers in rows:
        lines.append(row.format(first.format(name) + _join(map(cell.format, numbers))))
    return Markup('<table class="visually-hidden">{}</table>').format(_join(lines))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.005 else "under 1 %"


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _short(value: float) -> str:
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 10 or (abs(value) >= size and value % size == 0):
            return f"{value / size:.4g}{unit}"
    return f"{value:.6g}"


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
