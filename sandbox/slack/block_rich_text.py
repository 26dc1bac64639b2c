"""The rich_text block: sections, lists, quotes and code, and what stands in them."""

from sandbox.slack.block_elements import URL
from sandbox.slack.rules import (
    Rule,
    anything,
    boolean,
    by_type,
    integer,
    items,
    one_of,
    shape,
    string,
)

_STYLE = shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), boolean))
_INLINE = by_type(
    {
        kind: shape({"type": anything} | required, {"style": _STYLE} | optional)
        for kind, required, optional in (
            ("text", {"text": string(least=1)}, {}),
            ("link", {"url": URL}, {"text": string(), "unsafe": boolean}),
            ("user", {"user_id": string()}, {}),
            ("usergroup", {"usergroup_id": string()}, {}),
            ("channel", {"channel_id": string()}, {}),
            ("team", {"team_id": string()}, {}),
            ("emoji", {"name": string()}, {"unicode": string(), "url": string()}),
            ("broadcast", {"range": one_of("here", "channel", "everyone")}, {}),
            ("color", {"value": string()}, {}),
            (
                "date",
                {"timestamp": integer(least=0, most=10**11), "format": string()},
                {"url": URL, "fallback": string()},
            ),
        )
    }
)
_RUN: dict[str, Rule] = {"type": anything, "elements": items(_INLINE, most=10_000, least=0)}
_BORDER: dict[str, Rule] = {"border": integer(least=0, most=1)}
_PART = by_type(
    {
        "rich_text_section": shape(_RUN),
        "rich_text_quote": shape(_RUN, _BORDER),
        "rich_text_preformatted": shape(_RUN, _BORDER | {"language": string()}),
        "rich_text_list": shape(
            {
                "type": anything,
                "style": one_of("bullet", "ordered"),
                "elements": items(by_type({"rich_text_section": shape(_RUN)}), most=10_000),
            },
            _BORDER | {"indent": integer(least=0, most=8), "offset": integer(least=0, most=10**6)},
        ),
    }
)

RICH_TEXT = items(_PART, most=1000)
"""The `elements` of a rich_text block, of a cell in a table, and of a container's title."""
