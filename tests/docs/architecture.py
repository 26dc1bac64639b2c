"""
Write the generated parts of docs/explanation/architecture.md, and its picture.

``make docs`` runs it.  The tables are the modules' docstrings, the picture is the import contracts of pyproject.toml.
"""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from html import escape
from pathlib import Path
from typing import Any, Final

from tests.docs.references import ROOT

PAGE: Final = ROOT / "docs" / "explanation" / "architecture.md"
PICTURE: Final = ROOT / "docs" / "architecture.svg"
PACKAGES: Final = ("bot", "handlers", "graph", "sandbox", "migrations")
# What a layer may use from outside, by the first package that a contract forbids to the others.
OUTSIDE: Final = {
    "slack_bolt": ("Bolt", "#6d28d9"),
    "httpx": ("HTTP", "#0369a1"),
    "sqlalchemy": ("SQL", "#b45309"),
}
# Pixels of the picture.
WIDTH: Final = 980
MARGIN: Final = 24
LEFT: Final = 64
LINE: Final = 24
GAP: Final = 7
PILL: Final = 132
LETTER: Final = 6.6


def tables() -> Mapping[str, str]:
    """The generated parts of the page, by the name that stands in its markers."""
    return {"folders": _folders(), "modules": "\n\n".join(_modules())}


def page() -> str:
    """The page as it must be: what people wrote, and the generated parts between their markers."""
    text = PAGE.read_text()
    for name, table in tables().items():
        begin, end = f"<!-- {name}: make docs -->\n", "<!-- end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}{table}\n{end}{after}"
    return text


def picture() -> str:
    """The layers of pyproject.toml as SVG, from what starts to what is imported by all."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(each for each in contracts if each["type"] == "layers")
    others = [each for each in contracts if each is not layers]
    return "\n".join(_drawn([_siblings(row) for row in layers["layers"]], others)) + "\n"


def _folders() -> str:
    rows = [
        f"| [`{name}/`](#{_anchor(f'{name}/')}) | {_said(folder / '__init__.py')} |"
        for folder, name in _packages()
    ]
    return "\n".join(("| Folder | What it is |", "| --- | --- |", *rows))


def _modules() -> Iterator[str]:
    for folder, name in _packages():
        modules = [each for each in sorted(folder.glob("*.py")) if each.name != "__init__.py"]
        head = f"### `{name}/`\n\n{_said(folder / '__init__.py')}"
        if not modules:
            yield head
            continue
        rows = [f"| `{each.name}` | {_said(each)} |" for each in modules]
        yield "\n".join((head, "", "| Module | What it is for |", "| --- | --- |", *rows))


def _packages() -> Iterator[tuple[Path, str]]:
    """Every folder with modules, and its name."""
    for package in PACKAGES:
        for init in sorted((ROOT / package).rglob("__init__.py")):
            yield init.parent, init.parent.relative_to(ROOT).as_posix()


def _said(module: Path) -> str:
    """The first paragraph of a module's docstring, for a table."""
    docstring = ast.get_docstring(ast.parse(module.read_text())) or ""
    line = " ".join(docstring.split("\n\n")[0].split())
    return line.replace("``", "`").replace("|", "\\|")


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _siblings(layer: str) -> list[str]:
    return [each.strip() for each in re.split(r"[|:]", layer)]


def _drawn(rows: Sequence[Sequence[str]], others: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    bottom = MARGIN + 48 + sum(len(row) * LINE + GAP for row in rows)
    height = bottom + 40 + 20 * len(others) + MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif" font-size="13">'
    )
    yield "<title>The layers of Latchkey: each box may import the boxes below it</title>"
    yield f'<rect width="{WIDTH}" height="{height}" rx="10" fill="#ffffff"/>'
    yield (
        f'<text x="{LEFT}" y="{MARGIN + 16}" font-size="16" font-weight="600" fill="#0f172a">'
        "Each box may import the boxes below it, and none above; those within one do not know each other</text>"
    )
    top = MARGIN + 40
    yield (
        f'<path d="M 40 {top} V {bottom - 18} m -6 -8 l 6 8 l 6 -8" fill="none" stroke="#64748b" '
        'stroke-width="1.5"/>'
    )
    for row in rows:
        yield from _box(row, top, others)
        top += len(row) * LINE + GAP
    yield (
        f'<text x="{LEFT}" y="{bottom + 22}" font-weight="600" fill="#0f172a">The other contracts</text>'
    )
    for number, other in enumerate(others):
        y = bottom + 44 + 20 * number
        yield f'<text x="{LEFT}" y="{y}" fill="#334155">{escape(other["name"])}</text>'
    yield "</svg>"


def _box(row: Sequence[str], top: int, others: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    room = WIDTH - MARGIN - LEFT - PILL * 2
    yield (
        f'<rect x="{LEFT}" y="{top}" width="{room}" height="{len(row) * LINE}" rx="5" fill="#f1f5f9" stroke="#cbd5e1"/>'
    )
    for number, name in enumerate(row):
        y = top + number * LINE
        shown = f'<tspan font-weight="600" fill="#0f172a">{escape(name)}</tspan>'
        left = int((room - 20) / LETTER - len(name) * 1.25 - 2)
        what = _shortened(_said(_file(name)), left)
        shown += f'<tspan dx="10" font-size="12" fill="#475569">{escape(what)}</tspan>'
        yield f'<text x="{LEFT + 10}" y="{y + 16.5:g}">{shown}</text>'
        for place, (label, color) in enumerate(_outside(name, others)):
            x = LEFT + room + GAP + place * PILL
            yield (
                f'<rect x="{x}" y="{y + 2}" width="{PILL - GAP}" height="{LINE - 4}" rx="10" fill="{color}"/>'
                f'<text x="{x + (PILL - GAP) / 2:g}" y="{y + 16}" font-size="11" fill="#ffffff" '
                f'text-anchor="middle">{escape(label)}</text>'
            )


def _outside(name: str, others: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield what of the outside a layer may import: nobody forbids it, or a contract makes an exception."""
    if not name.startswith(("bot.", "handlers", "graph")):
        # The sandbox is beside the layers, and its own.
        return
    for contract in others:
        outside = [*contract.get("forbidden_modules", ()), *contract.get("protected_modules", ())][
            :1
        ]
        if not outside or outside[0] not in OUTSIDE:
            continue
        allowed = [each.split(" -> ")[0] for each in contract.get("ignore_imports", ())]
        allowed += contract.get("allowed_importers", ())
        is_free = name.partition(".")[0] not in contract.get("source_modules", ("bot", "graph"))
        if is_free or any(_is_within(each, name) for each in allowed):
            yield OUTSIDE[outside[0]]


def _is_within(pattern: str, layer: str) -> bool:
    """An exception for a layer or for modules in it; ``*`` stands for a module, ``**`` for any below."""
    names = [_name(path) for path in _files(layer)]
    return any(fnmatchcase(name, pattern.replace(".**", "*")) for name in names)


def _files(layer: str) -> list[Path]:
    path = _file(layer)
    return sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]


def _file(name: str) -> Path:
    path = ROOT.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _shortened(text: str, most: int) -> str:
    """*text*, or its first clause, or nothing: no word is cut."""
    text = text.replace("`", "").replace("\\|", "|").rstrip(".")
    for part in (text, re.split(r"[:;,]", text)[0]):
        if len(part) <= most:
            return part
    return ""


if __name__ == "__main__":
    PAGE.write_text(page())
    PICTURE.write_text(picture())
