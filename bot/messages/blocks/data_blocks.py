"""Make Slack's blocks that hold data: a chart, and a table that people sort, filter and page through."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.messages.blocks.parts import Block, beginning, length, shorten

# docs.slack.dev, data-visualization-block and data-table-block: the smaller number where copies of a page differ.
MOST_SERIES: Final = 6
MOST_CATEGORIES: Final = 20
LONGEST_TITLE: Final = 50
LONGEST_LABEL: Final = 20
LONGEST_AXIS: Final = 50
MOST_TABLE_ROWS: Final = 100
LONGEST_CELL: Final = 150
# What is in all cells of a message together; the header among them.
MOST_CELL_CHARACTERS: Final = 9_500
ROWS_A_PAGE: Final = 10
EMPTY: Final = "–"

Cell = dict[str, Any]


def bar_chart(
    title: str,
    series: Mapping[str, Sequence[int]],
    categories: Sequence[str],
    *,
    x_label: str,
    y_label: str,
) -> Block:
    """
    Make a chart of bars, side by side where there are several series.

    Args:
        series: By its name, a number for each category.
        categories: No more than `MOST_CATEGORIES`; where two begin alike, they are told apart.
    """
    labels = distinct_labels(categories)
    return {
        "type": "data_visualization",
        "title": shorten(title, LONGEST_TITLE),
        "chart": {
            "type": "bar",
            "series": [
                {
                    "name": shorten(name, LONGEST_LABEL),
                    "data": [
                        {"label": label, "value": value}
                        for label, value in zip(labels, values, strict=True)
                    ],
                }
                for name, values in series.items()
            ],
            "axis_config": {
                "categories": labels,
                "x_label": shorten(x_label, LONGEST_AXIS),
                "y_label": shorten(y_label, LONGEST_AXIS),
            },
        },
    }


def distinct_labels(names: Sequence[str]) -> list[str]:
    """Return names as labels of a chart: short, and no two alike."""
    found: list[str] = []
    for name in names:
        said = shorten(" ".join(name.split()) or EMPTY, LONGEST_LABEL)
        number = 1
        label = said
        while label in found:
            number += 1
            mark = f" {number}"
            label = beginning(said, LONGEST_LABEL - length(mark)) + mark
        found.append(label)
    return found


def text_cell(text: str) -> Cell:
    """Make a cell of plain text: nothing in it is a link, a mention or a format."""
    return {"type": "raw_text", "text": shorten(" ".join(text.split()), LONGEST_CELL) or EMPTY}


def data_table(
    caption: str, header: Sequence[str], rows: Sequence[Sequence[Cell]], *, block_id: str
) -> Block:
    """Make a table of no more than `MOST_TABLE_ROWS` rows; the first column names each row."""
    return {
        "type": "data_table",
        "block_id": block_id,
        "caption": caption,
        "page_size": ROWS_A_PAGE,
        "row_header_column_index": 0,
        "rows": [[text_cell(each) for each in header], *(list(row) for row in rows)],
    }
