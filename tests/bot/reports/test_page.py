"""The report's page and picture: whole in themselves, with a table for each chart, and nothing in a name is markup."""

import builtins
from html.parser import HTMLParser
from io import BytesIO
from xml.etree.ElementTree import fromstring

import pytest
from PIL import Image

from bot.messages.admins import digest
from bot.packages.offers import OfferedPolicy
from bot.reports import page, plots
from bot.reports.model import RequestOutcome
from tests.bot.reports.made import AT, DAY, HOUR, access, finished, made, package
from tests.harness.world import said

HOSTILE = "</td><script>alert(1)</script>&amp;\"'<img src=x onerror=alert(1)> $x_1$"
POLICY = OfferedPolicy(id="p", name="Unused", rank=0, lasts="30 days")


class Read(HTMLParser):
    """Reads a page: its elements, the attributes that lead elsewhere, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.links += [
            f"{name}={value}"
            for name, value in attrs
            if name in {"src", "href"} or name[:2] == "on"
        ]

    def handle_data(self, data):
        self.text += data


def full(name="Finance"):
    denied = finished(
        2, holder_name=name, package_name=name, package_id="Finance", outcome=RequestOutcome.DENIED
    )
    refused = finished(3, waits=None, outcome=RequestOutcome.REFUSED, why=name, justification=name)
    again = finished(4, waits=5 * HOUR, justification=name)
    return made(
        [package("Finance", policies=(POLICY,)), package(name, id="other")],
        [
            access(holder_name=name),
            access(2, ends_at=AT + 90 * DAY),
            access(3, package_id="other", package_name=name),
        ],
        [finished(1, holder_name=name), denied, refused, again],
    )


def test_every_chart_has_a_table_beside_it():
    """And each table a caption; what is drawn is said by its label as well."""
    read = Read(page.page(full(), about="all packages"))
    charts = read.elements.count("figure")
    assert charts == 4
    assert read.elements.count("table") == read.elements.count("caption") > charts
    for title in ("Reasons", "Who has had access longest", "Policies that nobody has used"):
        assert title in read.text


def test_nothing_in_a_name_is_markup():
    """Nor does the page load anything."""
    written = page.page(full(HOSTILE), about=HOSTILE)
    read = Read(written)
    assert {"script", "img", "link", "iframe"} & set(read.elements) == set()
    assert read.links == []
    assert HOSTILE in read.text
    assert "default-src 'none'" in written


def test_an_empty_page_says_so_in_words():
    """Nothing is left blank."""
    read = Read(page.page(made(), about="all packages"))
    for sentence in (
        "No request ended in this time.",
        "Nobody decided a request that ended in this time.",
        "Nobody has access of which it is known since when.",
        "Every policy for asking has given somebody access.",
    ):
        assert sentence in read.text


@pytest.mark.parametrize(("days", "is_said"), [(None, False), (8, False), (5, True)])
def test_what_may_be_deleted_already_is_said(days, is_said):
    """Where the period began before what is kept; and a policy is unused for as long only."""
    kept_since = AT - days * DAY if days else None
    found = made([package("Finance", policies=(POLICY,))], kept_since=kept_since)
    text = Read(page.page(found, about="x")).text
    assert ("Requests that ended before 2027-02-24 are deleted" in text) == is_said
    since = f"since {kept_since:%Y-%m-%d}, or since" if kept_since else "since"
    assert f"or has had any {since} Latchkey reads the tenant." in text


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ([], "There were no requests."),
        (["Q4", "Q1"], "Each request has a reason."),
        ([None, "Q1"], "1 of 2 requests has no reason."),
        ([None], "1 of 1 request has no reason."),
        ([None, None, "Q1"], "2 of 3 requests have no reason."),
    ],
)
def test_requests_without_a_reason_are_counted_in_a_sentence(reasons, said):
    """Whatever their number."""
    asked = [finished(number, justification=each) for number, each in enumerate(reasons)]
    assert said in Read(page.page(made(finished=asked), about="all packages")).text


def test_long_lists_say_how_much_they_leave_out():
    """The page stays one that a browser shows."""
    current = [access(n) for n in range(10_000)]
    read = Read(page.page(made(current=current), about="all packages"))
    assert "The first 1,000 of 10,000." in read.text
    assert "The first 50 of 10,000." in read.text


def test_reasons_that_are_left_out_are_counted():
    """Only the most frequent are named."""
    asked = [
        finished(
            number,
            waits=None,
            outcome=RequestOutcome.REFUSED,
            why=f"Why {number:03}",
            justification=f"Because {number % 30}",
        )
        for number in range(60)
    ]
    text = Read(page.page(made(requests=asked), about="x")).text
    assert "The first 20 of 60." in text
    assert "The first 20 of 30." in text


def test_a_beginning_that_is_not_known_is_no_end():
    """Entra does not say it of all access."""
    text = Read(page.page(made(current=[access(starts_at=None)]), about="x")).text
    assert "no end" not in text
    assert "not known" in text


def test_two_of_one_name_are_two_in_report_and_digest():
    """By their ids, in every list of who has what; whoever is alone with a name has it alone."""
    twins = [
        access(1, holder_name="Ann Abara"),
        access(2, holder_name="ann abara"),
        access(3, holder_name="Cy Chen"),
        access(4, holder_name="Cy Chen", entra_id="person 3", package_id="other"),
    ]
    found = made([package("Finance"), package("other")], current=twins)
    for text in (
        Read(page.page(found, about="x")).text,
        said(digest.digest(found, newer=False)),
        said(digest.digest(found, newer=True)),
    ):
        assert "Ann Abara (person 1)" in text
        assert "ann abara (person 2)" in text
        assert "Cy Chen (" not in text


def test_the_report_and_the_digest_say_the_same():
    """They are made of the same figures."""
    found = full()
    read, told = Read(page.page(found, about="x")), said(digest.digest(found, newer=False))
    assert "2 requests were granted and 1 denied" in told
    assert "Half of the decisions took 60 minutes or less, and nine of ten 5 hours or less." in told
    tiles = " ".join(read.text.split())
    assert (
        "Granted 2 Denied 1 Half of the decisions within 60 minutes Nine of ten within 5 hours"
        in tiles
    )


def test_charts_are_whole_drawings():
    """Well-formed, and every bar within the drawing."""
    written = page.page(full(), about="x")
    for part in written.split("<svg")[1:]:
        svg = fromstring(f"<svg{part.split('</svg>')[0]}</svg>")  # noqa: S314 (our own drawing)
        width = float(svg.get("viewBox", f"0 0 {svg.get('width')} 0").split()[2])
        for bar in svg.findall("rect"):
            place, length = (float(bar.get(name, "0")) for name in ("x", "width"))
            assert 0 <= place <= place + length <= width


@pytest.mark.parametrize("found", [made(), full(HOSTILE)], ids=["nothing", "hostile"])
def test_a_picture_is_drawn(found):
    """Of whatever there is; a name in dollars is no formula."""
    with Image.open(BytesIO(plots.picture(found))) as picture:
        assert picture.format == "PNG"
        assert picture.width > 1_000
    assert plots.described(found).startswith("Assignments by package:")


@pytest.mark.parametrize(
    "name",
    [
        *("Zeta 🦄", "営業部 キャンペーン", "재무 보고서", "रिपोर्ट", "تقرير المبيعات"),
        *("a\x07b\x1bc", "\U000f1234", "e\u0301\u200d\ufe0f", "🦄"),
    ],
)
def test_a_picture_has_a_sign_for_what_no_font_can_draw(name):
    """It is drawn without a complaint (a warning fails a test here), and whoever does not see it hears the true name."""
    found = full(name)
    assert plots.picture(found)
    assert name in plots.described(found)


def test_a_name_is_drawn_by_the_font_that_has_it_and_else_by_a_sign():
    families, drawn = plots._drawable(["Zeta \U000f1234", "Ωμέγα é \ufffd", "x\x07"])
    assert families[0] == "DejaVu Sans"
    assert drawn == ["Zeta \ufffd", "Ωμέγα é \ufffd", "x\ufffd"]


def test_without_the_library_the_way_out_is_said(monkeypatch):
    """The production image has none."""
    imported = builtins.__import__

    def without(name, *args, **more):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return imported(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(plots.NoPlotting, match=r"latchkey\[reports\].*--html, which needs nothing"):
        plots.picture(made())
