"""Tables and charts: the blocks that hold data, and how much of it one message takes.

Source: https://docs.slack.dev/reference/block-kit/blocks/ table-block, data-table-block and
data-visualization-block.  Where published copies of a page differ in a number, the smaller one holds here:
101 or 201 rows and 10,000 or 20,000 characters of a data table, 6 or 12 series or segments of a chart.
"""

from collections import Counter
from typing import Any

from sandbox.slack.block_elements import ELEMENTS
from sandbox.slack.block_rich_text import RICH_TEXT
from sandbox.slack.block_tree import every_block
from sandbox.slack.model import Json
from sandbox.slack.rules import (
    Report,
    Rule,
    anything,
    boolean,
    by_type,
    items,
    number,
    one_of,
    or_null,
    shape,
    string,
)

MOST_COLUMNS = 20
MOST_ROWS_OF_TABLE = 100
MOST_ROWS_OF_DATA_TABLE = 101
"""The header is one of them."""
MOST_CELL_CHARACTERS = 10_000
"""In all tables of one message."""
MOST_CHARTS = 2
MOST_SERIES = 6
MOST_POINTS = 20

_RAW: dict[str, Rule] = {
    "raw_text": shape({"type": anything, "text": string(least=1)}),
    "raw_number": shape({"type": anything, "value": number(), "text": string(least=1)}),
}
_RICH: dict[str, Rule] = {"rich_text": shape({"type": anything, "elements": RICH_TEXT})}
# Of a button in a cell, the page has no schema; this is what apps send.  Its fallback is for older clients.
_ACTION: dict[str, Rule] = {
    "action_cell": shape(
        {
            "type": anything,
            "element": by_type(ELEMENTS, allowed={"button"}),
            "fallback": by_type(_RAW),
        }
    )
}


def _rows(cell: Rule, *, least: int, most: int) -> Rule:
    return items(items(cell, most=MOST_COLUMNS), least=least, most=most)


TABLE_ROWS = _rows(by_type(_RAW | _RICH), least=1, most=MOST_ROWS_OF_TABLE)
TABLE_COLUMNS = items(
    or_null(shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})),
    most=MOST_COLUMNS,
    least=0,
)
DATA_TABLE_ROWS = _rows(by_type(_RAW | _RICH | _ACTION), least=2, most=MOST_ROWS_OF_DATA_TABLE)


def _width(block: Json) -> int:
    rows = block.get("rows")
    lengths = [len(row) for row in rows if isinstance(row, list)] if isinstance(rows, list) else []
    return max(lengths, default=0)


def rows_are_equally_long(block: Json, at: str, report: Report) -> None:
    """Check that every row has as many cells as the others."""
    rows = block.get("rows")
    lengths = {
        len(row) for row in (rows if isinstance(rows, list) else []) if isinstance(row, list)
    }
    if len(lengths) > 1:
        report("all rows must have the same number of cells", f"{at}/rows")


def settings_fit_columns(block: Json, at: str, report: Report) -> None:
    """Check that no more columns have settings than there are."""
    settings = block.get("column_settings")
    if isinstance(settings, list) and len(settings) > _width(block):
        report("more column settings than columns", f"{at}/column_settings")


def header_is_plain(block: Json, at: str, report: Report) -> None:
    """Check that the first row holds neither rich text nor buttons."""
    rows = block.get("rows")
    header = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], list) else []
    for index, cell in enumerate(header):
        if isinstance(cell, dict) and cell.get("type") in ("rich_text", "action_cell"):
            report(f"unsupported type in a header: {cell['type']}", f"{at}/rows/0/{index}/type")


def row_header_is_a_column(block: Json, at: str, report: Report) -> None:
    """Check that the column that names the rows is there."""
    index = block.get("row_header_column_index")
    if isinstance(index, int) and index >= max(1, _width(block)):
        report("must be the index of a column", f"{at}/row_header_column_index")


def cell_action_ids_differ(block: Json, at: str, report: Report) -> None:
    """Check that no two buttons of a table have one action id."""
    rows = block.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return
    cells = [cell for row in rows for cell in row if isinstance(cell, dict)]
    buttons = [each["element"] for each in cells if isinstance(each.get("element"), dict)]
    ids = [each["action_id"] for each in buttons if isinstance(each.get("action_id"), str)]
    for action_id, count in Counter(ids).items():
        if count > 1:
            report(f"`action_id` {action_id} already exists", f"{at}/rows")


_LABEL = string(most=20, least=1)
_POINT = shape({"label": _LABEL, "value": number()})
_SERIES = shape({"name": _LABEL, "data": items(_POINT, most=MOST_POINTS)})
_AXES = shape(
    {"categories": items(_LABEL, most=MOST_POINTS)},
    {"x_label": string(most=50), "y_label": string(most=50)},
)


def _series_fit_axes(chart: Json, at: str, report: Report) -> None:
    """Check that every series has exactly one point for each category, and a name of its own."""
    series, axes = chart.get("series"), chart.get("axis_config")
    if not isinstance(series, list) or not isinstance(axes, dict):
        return
    categories = axes.get("categories")
    if not isinstance(categories, list) or not all(isinstance(each, str) for each in categories):
        return
    if len(set(categories)) != len(categories):
        report("categories must differ", f"{at}/axis_config/categories")
    named = [each for each in series if isinstance(each, dict)]
    if len({str(each.get("name")) for each in named}) != len(named):
        report("series names must be unique", f"{at}/series")
    for index, each in enumerate(named):
        points = each.get("data")
        if not isinstance(points, list):
            continue
        labels = [point.get("label") for point in points if isinstance(point, dict)]
        if sorted(map(str, labels)) != sorted(categories):
            report("must have one data point for each category", f"{at}/series/{index}/data")


def _with_axes(kind: str) -> Rule:
    return shape(
        {"type": one_of(kind), "series": items(_SERIES, most=MOST_SERIES), "axis_config": _AXES},
        {},
        _series_fit_axes,
    )


_SEGMENT = shape({"label": _LABEL, "value": number(above=0)})
CHART = by_type(
    {
        "pie": shape({"type": anything, "segments": items(_SEGMENT, most=MOST_SERIES)}),
        **{kind: _with_axes(kind) for kind in ("bar", "area", "line")},
    }
)


def problems_of_a_message(blocks: list[Json]) -> list[str]:
    """Return what is wrong with the tables and charts of one message together."""
    found = []
    every = list(every_block(blocks))
    kinds = Counter(each["type"] for each in every)
    if kinds["table"] > 1:
        found.append("only_one_table_allowed")
    if kinds["data_visualization"] > MOST_CHARTS:
        found.append(f"no more than {MOST_CHARTS} data_visualization blocks allowed")
    rows = [each["rows"] for each in every if each["type"] in ("table", "data_table")]
    if sum(_characters(each) for each in rows) > MOST_CELL_CHARACTERS:
        found.append(f"table cells must hold less than {MOST_CELL_CHARACTERS + 1} characters")
    return found


def _characters(value: Any) -> int:
    """Count what people read in cells."""
    if isinstance(value, list):
        return sum(_characters(each) for each in value)
    if not isinstance(value, dict):
        return 0
    own = value.get("text")
    inside = [part for part in value.values() if isinstance(part, dict | list)]
    return (len(own) if isinstance(own, str) else 0) + _characters(inside)
