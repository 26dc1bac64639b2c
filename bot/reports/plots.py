"""Draw the figures' charts as a picture (PNG), by matplotlib: for files, and where Slack's own charts are not wanted."""

from importlib.util import find_spec
from io import BytesIO
from typing import Final

from bot.errors import LatchkeyError
from bot.reports.model import ReportFigures

MOST_BARS: Final = 12
MOST_WEEKS: Final = 26
LONGEST_NAME: Final = 32
WITHOUT_LIBRARY: Final = (
    "Pictures need matplotlib, which is not installed here: install Latchkey with its extra “reports” "
    "(pip install 'latchkey[reports]'), or take --html, which needs nothing."
)
# matplotlib brings the first; the others are asked for what it has not, where they are installed.
FONTS: Final = (
    "DejaVu Sans",
    "Noto Sans",
    *(f"Noto Sans CJK {place}" for place in ("JP", "KR", "SC", "TC")),
    *(f"Noto Sans {script}" for script in ("Bengali", "Devanagari", "Tamil", "Thai")),
    "Arial Unicode MS",
    "Noto Sans Symbols2",
    "Symbola",
)
NO_GLYPH: Final = "\N{REPLACEMENT CHARACTER}"


class NoPlotting(LatchkeyError):
    """The library that draws pictures is not installed."""

    def __init__(self) -> None:
        super().__init__(WITHOUT_LIBRARY)


def can_draw() -> bool:
    """Tell whether matplotlib is installed, without loading it."""
    return find_spec("matplotlib") is not None


def picture(found: ReportFigures) -> bytes:
    """
    Draw assignments by package, and requests granted and denied by week.

    A character of a name that no font here has is drawn as one that stands for it.

    Raises:
        NoPlotting: matplotlib is not installed.
    """
    # Heavy, and for those who want a picture; Figure alone, which needs no screen and keeps nothing.
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise NoPlotting from None
    held = sorted(
        (each for each in found.packages if each.holders),
        key=lambda each: (-each.holders, each.name),
    )[:MOST_BARS]
    figure = Figure(figsize=(9, 3.4 + 0.32 * max(len(held), 3)), dpi=144, layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=[0.32 * max(len(held), 3) + 0.8, 2.6])
    families, names = _drawable([_short(each.name) for each in held])
    # By number, since two packages may have one name.
    drawn = upper.barh(range(len(held)), [each.holders for each in held], color="#1d4ed8")
    upper.set_yticks(range(len(held)), names, parse_math=False, fontfamily=families)
    upper.bar_label(drawn, padding=3)
    upper.invert_yaxis()
    upper.set_title("Assignments by package", loc="left", weight="bold")
    weeks = found.weeks[-MOST_WEEKS:]
    places = range(len(weeks))
    for number, (label, values, hatch) in enumerate(
        (
            ("Granted", [each.granted for each in weeks], ""),
            ("Denied", [each.denied for each in weeks], "////"),
        )
    ):
        bars = lower.bar(
            [place + (number - 0.5) * 0.4 for place in places],
            values,
            width=0.38,
            label=label,
            # Told apart by how they are filled as well.
            facecolor="#ffffff" if hatch else "#1d4ed8",
            edgecolor="#1d4ed8",
            hatch=hatch,
        )
        lower.bar_label(bars, labels=[f"{value:,}" if value else "" for value in values], padding=2)
    lower.set_xticks(list(places), [f"{each.week.since:%d %b}" for each in weeks])
    if len(weeks) > MOST_BARS:
        lower.tick_params(axis="x", labelrotation=60)
    lower.set_title("Requests granted and denied, by week from", loc="left", weight="bold")
    lower.legend(frameon=False, ncols=2, loc="upper right")
    lower.margins(y=0.25)
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    upper.tick_params(axis="x", bottom=False, labelbottom=False)
    lower.tick_params(axis="y", left=False, labelleft=False)
    made = BytesIO()
    figure.savefig(made, format="png", metadata={"Title": "Latchkey access report"})
    return made.getvalue()


def described(found: ReportFigures) -> str:
    """Return in words what the picture shows, for those who do not see it."""
    held = sorted(found.packages, key=lambda each: (-each.holders, each.name))[:MOST_BARS]
    packages = "; ".join(f"{each.name}: {each.holders:,}" for each in held if each.holders)
    weeks = "; ".join(
        f"week from {each.week.since:%d %b}: {each.granted:,} granted, {each.denied:,} denied"
        for each in found.weeks[-MOST_WEEKS:]
    )
    return f"Assignments by package: {packages or 'none'}. Requests: {weeks}."


def _drawable(names: list[str]) -> tuple[list[str], list[str]]:
    """Return the families of fonts that draw these names, the first asked first, and the names as they can be drawn."""
    from matplotlib import font_manager

    installed = {each.name for each in font_manager.fontManager.ttflist}
    families: list[str] = []
    missing = {ord(each) for each in "".join(names)}
    for family in (each for each in FONTS if each in installed):
        font = font_manager.get_font(font_manager.findfont(family))
        drawn = {code for code in missing if font.get_char_index(code)}
        # The first has the sign for what none has.
        if drawn or not families:
            families.append(family)
        missing -= drawn
    return families, [name.translate(dict.fromkeys(missing, NO_GLYPH)) for name in names]


def _short(name: str) -> str:
    said = " ".join(name.split())
    return said if len(said) <= LONGEST_NAME else f"{said[: LONGEST_NAME - 1]}…"
