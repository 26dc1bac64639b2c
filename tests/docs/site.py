"""
Look at the built site: each link in it leads somewhere, each page is reached, and nothing comes from elsewhere.

`make site` runs it: `python -m tests.docs.site build/site`.
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

# A picture, a script, a font, a frame: whatever a browser fetches by itself.
FETCHED: Final = frozenset({"src", "srcset", "poster", "data"})
# In styles and scripts; a name of a vocabulary is no address.
ADDRESS: Final = re.compile(r"(?:url\(|@import|fetch\(|src\s*=)\s*[\"']?((?:https?:)?//[^\"')\s]+)")
FIRST: Final = "docs/index.html"
# What Sphinx makes besides, or only leads on.
NOT_REACHED: Final = frozenset({"index.html", "search.html"})


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and given.get("rel") not in {"canonical"}:
            self.fetched.append(given.get("href", ""))
        self.fetched += [value for name, value in given.items() if name in FETCHED]


def problems(site: Path) -> list[str]:
    """Return what is wrong with a site, a line each."""
    site = site.resolve()
    pages = {file: _Page(file.read_text("utf-8")) for file in sorted(site.rglob("*.html"))}
    if site / FIRST not in pages:
        return [f"{FIRST} is missing"]
    return [*_dead(site, pages), *_fetched(site, pages), *_unreached(site, pages)]


def _dead(site: Path, pages: dict[Path, _Page]) -> Iterator[str]:
    for file, page in pages.items():
        for link in page.links:
            to = _target(file, link)
            anchor = unquote(urlsplit(link).fragment)
            if to is None:
                continue
            if not to.exists() or (to in pages and anchor and anchor not in pages[to].ids):
                yield f"{file.relative_to(site)}: {link} leads nowhere"


def _fetched(site: Path, pages: dict[Path, _Page]) -> Iterator[str]:
    for file, page in pages.items():
        for address in page.fetched:
            found = urlsplit(address)
            if found.netloc or found.scheme not in {"", "data"}:
                yield f"{file.relative_to(site)}: {address} comes from elsewhere"
            elif not found.scheme and not (_target(file, address) or site).exists():
                yield f"{file.relative_to(site)}: {address} is missing"
    for file in sorted([*site.rglob("*.css"), *site.rglob("*.js")]):
        for address in ADDRESS.findall(file.read_text("utf-8")):
            yield f"{file.relative_to(site)}: {address} comes from elsewhere"


def _unreached(site: Path, pages: dict[Path, _Page]) -> Iterator[str]:
    found, left = {site / FIRST}, [site / FIRST]
    while left:
        file = left.pop()
        for link in pages[file].links:
            to = _target(file, link)
            if to in pages and to not in found:
                found.add(to)
                left.append(to)
    for file in pages.keys() - found:
        if file.name not in NOT_REACHED:
            yield f"{file.relative_to(site)}: no page leads to it"


def _target(file: Path, link: str) -> Path | None:
    """Return the file that a link is to; None: it is to somewhere else."""
    found = urlsplit(link)
    if found.scheme or found.netloc:
        return None
    return (file.parent / unquote(found.path)).resolve() if found.path else file


def main() -> None:
    """Say what is wrong, and fail if anything is."""
    sys.exit("\n".join(problems(Path(sys.argv[1]))) or 0)


if __name__ == "__main__":
    main()
