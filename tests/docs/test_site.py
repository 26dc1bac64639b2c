"""The site of the documents: each page stands in it once, in its part, and what is wrong with a built one is found."""

import re

import pytest

from tests.docs.references import ROOT, documents
from tests.docs.site import problems

PARTS = {
    "Tutorials": "tutorials",
    "How to": "how-to",
    "Reference": "reference",
    "Explanation": "explanation",
}
TOCTREE = re.compile(r"```\{toctree\}\n:caption: ([^\n]+)\n:hidden:\n\n(.*?)```", re.DOTALL)
INDEX = ROOT / "docs" / "index.md"


def listed():
    """The pages by their part, as docs/index.md has them."""
    found = TOCTREE.findall(INDEX.read_text())
    assert [caption for caption, _ in found] == list(PARTS)
    return {caption: pages.split() for caption, pages in found}


def test_every_document_stands_in_the_index_once():
    """README.md is for whoever comes to the repository: the index is the site's."""
    pages = [page for part in listed().values() for page in part]
    there = {
        str(each.relative_to(ROOT).with_suffix("")) for each in documents() if each != INDEX
    } - {"README"}
    there |= {"CHANGELOG", "docs/reference/messages"}
    named = [f"docs/{each}" if not each.startswith("../") else each[3:] for each in pages]
    assert sorted(named) == sorted(there)


@pytest.mark.parametrize("part", PARTS)
def test_a_page_stands_in_the_part_of_its_folder(part):
    """What stands beside docs/ may be in any."""
    folders = {page.partition("/")[0] for page in listed()[part]}
    assert folders - {".."} == {PARTS[part]}


GOOD = {
    "index.html": "",
    "docs/index.html": '<a href="a.html#here">a</a><link rel="stylesheet" href="../x.css">',
    "docs/a.html": '<h1 id="here">A</h1><a href="https://example.com">out</a><img src="../p.png">',
    "x.css": "b { background: url(p.png) }",
    "p.png": "",
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"docs/index.html": '<a href="b.html">b</a><a href="a.html">a</a>'}, ["b.html leads nowhere"]),
        ({"docs/index.html": '<a href="a.html#there">a</a>'}, ["a.html#there leads nowhere"]),
        ({"docs/index.html": ""}, ["docs/a.html: no page leads to it"]),
        (
            {"docs/a.html": '<i id="here"></i><script src="https://cdn.example/x.js"></script>'},
            ["https://cdn.example/x.js comes from elsewhere"],
        ),
        (
            {"docs/a.html": '<i id="here"></i><link rel="preconnect" href="//fonts.example">'},
            ["//fonts.example comes from elsewhere"],
        ),
        ({"docs/a.html": '<i id="here"></i><img src="q.png">'}, ["q.png is missing"]),
        ({"x.css": "@import 'https://fonts.example/a.css';"}, ["https://fonts.example/a.css comes from elsewhere"]),
        ({"docs/index.html": None}, ["docs/index.html is missing"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_site_is_found(changed, said, tmp_path):
    """One thing at a time."""
    for name, text in {**GOOD, **changed}.items():
        if text is not None:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
    found = problems(tmp_path)
    assert len(found) == len(said)
    assert all(line.endswith(end) for line, end in zip(found, said, strict=True))
