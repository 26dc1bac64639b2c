"""
Draw the life of a request: `python -m tests.docs.states` writes docs/request-states.svg, as `make docs` does.

A column for each state and a row for each move, so that nothing crosses a label, however many moves there are.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Final

from bot.requests.model import ENDED, OPEN, State

ROOT: Final = Path(__file__).resolve().parents[2]
PICTURE: Final = ROOT / "docs" / "request-states.svg"

R, P, A, S = State.RECEIVED, State.PENDING, State.APPROVED, State.SUBMITTED
# From none: so a request begins.  In the order in which they are drawn.
ARROWS: Final[dict[tuple[State | None, State], str]] = {
    (None, R): "asked",
    (R, P): "somebody must decide",
    (R, A): "nobody must",
    (P, P): "next stage, or one of several approvals",
    (P, A): "last stage approved",
    (A, S): "Graph has taken it on",
    (S, State.DELIVERED): "Graph shows the result",
    (R, State.REFUSED): "may not have it",
    (A, State.REFUSED): "no longer allowed",
    (P, State.DENIED): "denied",
    (P, State.LAPSED): "nobody decided in time",
    (R, State.CANCELED): "withdrawn",
    (P, State.CANCELED): "withdrawn",
    (A, State.CANCELED): "withdrawn",
    (A, P): "what was approved has changed",
    (R, R): "the access to extend ran out",
    (P, R): "the access to extend ran out",
    (A, R): "the access to extend ran out, or who decides has changed",
    (R, State.FAILED): "given up by an admin",
    (P, State.FAILED): "Entra does not show it any more, and given up",
    (A, State.FAILED): "Graph refuses it, or given up",
    (S, State.FAILED): "Graph reports failure, or given up",
    (None, P): "made in Entra, which decides",
    (S, P): "Entra decides, and waits for it",
    (P, S): "Entra decides, and goes on",
    (A, State.LAPSED): "Entra decides, and no account was connected",
    (S, State.DENIED): "denied in Entra",
    (S, State.LAPSED): "nobody decided in Entra in time",
    (S, State.CANCELED): "withdrawn in Entra",
}
# Which of them there are where Entra decides, and only there.
FIRST_OF_ENTRA: Final = (None, P)
COLUMN, ROW, HEAD, MARGIN, BELOW = 94, 29, 34, 16, 40
LETTER: Final = 6.6
DARK, GREY, BLUE = "#0f172a", "#475569", "#2563eb"


def picture() -> str:
    """The whole file."""
    return "\n".join(_drawn()) + "\n"


def _drawn() -> Iterator[str]:
    states = [*OPEN, *ENDED]
    width = MARGIN * 2 + 60 + COLUMN * len(states)
    bottom = MARGIN + HEAD + ROW * len(ARROWS) + 14
    height = bottom + BELOW
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif" font-size="13">'
    )
    yield "<title>The life of a request: a column for each state, an arrow for each move</title>"
    yield f'<rect width="{width}" height="{height}" rx="10" fill="#ffffff"/>'
    at = {state: MARGIN + 60 + COLUMN * (n + 0.5) for n, state in enumerate(states)}
    for state, x in at.items():
        yield from _column(state, x, bottom)
    is_entra = False
    for number, ((before, after), said) in enumerate(ARROWS.items()):
        is_entra = is_entra or (before, after) == FIRST_OF_ENTRA
        y = MARGIN + HEAD + ROW * (number + 1)
        yield from _arrow(at.get(before) if before else None, at[after], y, said, is_entra, width)
    y = bottom + 24
    yield f'<text x="{MARGIN}" y="{y}" fill="{GREY}">Open states are white, ends are grey.</text>'
    yield (
        f'<path d="M 260 {y - 4} h 40" stroke="{BLUE}" stroke-width="1.5" stroke-dasharray="5 3"/>'
        f'<text x="308" y="{y}" fill="{GREY}">only where Entra decides</text>'
    )
    yield "</svg>"


def _column(state: State, x: float, bottom: int) -> Iterator[str]:
    fill = "#ffffff" if state in OPEN else "#e2e8f0"
    yield (
        f'<path d="M {x:g} {MARGIN + HEAD - 8} V {bottom}" stroke="#e2e8f0" stroke-width="2"/>'
        f'<rect x="{x - COLUMN / 2 + 5:g}" y="{MARGIN}" width="{COLUMN - 10}" height="{HEAD - 8}" rx="5" '
        f'fill="{fill}" stroke="#64748b"/>'
        f'<text x="{x:g}" y="{MARGIN + 17}" text-anchor="middle" font-weight="600" fill="{DARK}">{state}</text>'
    )


def _arrow(
    begin: float | None, end: float, y: int, said: str, is_entra: bool, width: int
) -> Iterator[str]:
    color, dashes = (BLUE, ' stroke-dasharray="5 3"') if is_entra else (DARK, "")
    stroke = f'fill="none" stroke="{color}" stroke-width="1.5"'
    start = MARGIN + 8 if begin is None else begin
    if begin is None:
        yield f'<circle cx="{start:g}" cy="{y}" r="4" fill="{color}"/>'
    if begin == end:
        yield f'<path d="M {end:g} {y - 11} h 18 v 11 h -16" {stroke}{dashes}/>'
        side, label = -1, end + 24
    else:
        side = -1 if end < start else 1
        yield f'<path d="M {start:g} {y} H {end - side * 2:g}" {stroke}{dashes}/>'
        label = min(start, end) + 8
    head = end - side * 2
    yield f'<path d="M {head - side * 7:g} {y - 4} L {head:g} {y} L {head - side * 7:g} {y + 4}" {stroke}/>'
    lift = 0 if begin == end else 7
    if label + len(said) * LETTER > width - MARGIN:
        label, anchor = max(start, end) - 8, "end"
    else:
        anchor = "start"
    yield (
        f'<text x="{label:g}" y="{y - lift}" text-anchor="{anchor}" fill="{GREY}" stroke="#ffffff" stroke-width="3" '
        f'paint-order="stroke">{escape(said)}</text>'
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
