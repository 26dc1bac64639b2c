"""Tables, charts, cards, containers and alerts as an app may send them."""

from tests.sandbox.slack.blocks import button, buttons, plain, section


def mrkdwn(text):
    """Return a mrkdwn object."""
    return {"type": "mrkdwn", "text": text}


def cell(value):
    """Return a cell of a table: a number, a text, or what is a cell already."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return {"type": "raw_text", "text": value}
    return {"type": "raw_number", "value": value, "text": str(value)}


def press(action_id, value="one", label="Remove"):
    """Return a cell with a button."""
    element = button(action_id, value=value, label=label)
    return {"type": "action_cell", "element": element, "fallback": cell(label)}


def rich(text):
    """Return a cell of rich text."""
    run = [{"type": "text", "text": text, "style": {"bold": True}}]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": run}]}


def table(*rows, **more):
    """Return a table."""
    return {"type": "table", "rows": [[cell(each) for each in row] for row in rows], **more}


def data_table(*rows, **more):
    """Return a data table; the first row is its header."""
    return {**table(*rows), "type": "data_table", "caption": "Who has what", **more}


def pie(*values, title="Packages"):
    """Return a pie chart."""
    segments = [{"label": f"S{index}", "value": each} for index, each in enumerate(values)]
    chart = {"type": "pie", "segments": segments}
    return {"type": "data_visualization", "title": title, "chart": chart}


def chart(kind="bar", categories=("Mon", "Tue"), title="Grants", **series):
    """Return a chart with axes; each series by its name."""
    several = [
        {
            "name": name,
            "data": [
                {"label": label, "value": value}
                for label, value in zip(categories, values, strict=False)
            ],
        }
        for name, values in series.items()
    ]
    axes = {"categories": list(categories), "x_label": "Day", "y_label": "Grants"}
    drawn = {"type": kind, "series": several, "axis_config": axes}
    return {"type": "data_visualization", "title": title, "chart": drawn}


def card(**more):
    """Return a card with a button."""
    return {"type": "card", "title": mrkdwn("*Finance*"), "actions": [button("a")], **more}


def container(*children, **more):
    """Return a container."""
    return {"type": "container", "title": plain("Two"), "child_blocks": list(children), **more}


def alert(text="Take care", **more):
    """Return an alert."""
    return {"type": "alert", "text": plain(text), **more}


GOOD_TABLES = [
    table(["Who", "Days"], ["Ann", 3]),
    table(["Who"], [rich("Ann")], column_settings=[{"align": "right", "is_wrapped": True}]),
    table(["Who", "Days"], ["Ann", 3], column_settings=[None, {"align": "center"}]),
    data_table(["Who", "Days"], ["Ann", 3], [rich("Bo"), 4]),
    data_table(["Who"], ["Ann"], page_size=100, row_header_column_index=0),
    data_table(["N"], *[[number] for number in range(100)]),
]
GOOD_CHARTS = [
    pie(1),
    pie(1, 2.5, 3, 4, 5, 6, title="x" * 50),
    chart(Given=(1, 2)),
    chart("line", Given=(0, -2.5), Taken=(3, 4)),
    chart("area", categories=[f"D{day}" for day in range(20)], Given=range(20)),
]
GOOD_LAYOUTS = [
    card(),
    card(subtitle=mrkdwn("s"), body=mrkdwn("x" * 200), actions=[button(each) for each in "abc"]),
    container(section("One"), buttons(button("a"))),
    container(section("One"), width="full", is_collapsible=True, subtitle=mrkdwn("s")),
]
