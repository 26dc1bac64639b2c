"""Test what a typed text means among many packages: the one of that name, a question, or nothing; and what that costs."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.packages import names as package_names
from bot.packages.index import PackageIndex
from bot.packages.model import Package
from tests.bot.samples import offered

REASON_SIGNS = [" because ", " BECAUSE ", ": ", " : ", " - ", " – ", " — ", " -- "]


def index(*names: str, catalogs: tuple[str, ...] = ()) -> PackageIndex:
    """An index of packages with these names, each in the catalog at its place."""
    ids = [(f"{number:08}", name) for number, name in enumerate(names)]
    slugs = package_names.slugs_for(ids)
    return PackageIndex(
        offered(id=key, slug=slugs[key], name=name, catalog=catalog)
        for (key, name), catalog in zip(ids, catalogs or ("General",) * len(names), strict=True)
    )


def named(found: tuple[Package, ...]) -> list[str]:
    return [each.name for each in found]


TRICKY = [
    "C# Build",
    "C++ Build",
    "Database - PCQ read access - self approval",
    "Database",
    "Finance: Reports",
    "Finance",
    "Because We Can",
    "Just because",
    "A -",
    "A",
    "Team “Blue”",
    "Tools.",
    "Tools",
    "'Quoted'",
    "R&D",
    "R&amp;D",
    "<script>",
    "🦄",
    "👩‍💻 Developers",
    "פרויקט סודי",
    "العربية - القراءة",
    "Project \u202eterces\u202c",
    "Zero\u200bwidth",
    "naïve café",
    "\N{FULLWIDTH LATIN CAPITAL LETTER W}ide",
    "Production Bastion Server Access",
    "Production Bastion Server Access - 6 Months",
    "x" * 256,
    "x" * 255 + "y",
    "1,000 Seats",
    "100% Remote",
    "page 2",
]


@pytest.mark.parametrize("sign", [None, *REASON_SIGNS])
@pytest.mark.parametrize("name", TRICKY)
def test_an_exact_name_is_found_among_its_likes(name, sign):
    """Whatever signs it has, and with a reason in every spelling; quotes around it do not matter."""
    among = index(*TRICKY)

    for typed in (name, f"“{name}”", f'"{name}"'):
        text = typed if sign is None else f"{typed}{sign}I have to"
        found = among.read(text)

        assert named(found.packages) == [name]
        assert found.reason == (None if sign is None else "I have to")


def test_equal_slugs_are_a_question():
    """C# is no C++, and "c-build" may be either."""
    both = index("C++ Build", "C# Build")

    assert named(both.read("C# Build").packages) == ["C# Build"]
    assert named(both.read("c++ build because of the release").packages) == ["C++ Build"]
    assert set(named(both.read("c-build").packages)) == {"C++ Build", "C# Build"}
    assert set(named(both.read("C Build").packages)) == {"C++ Build", "C# Build"}


@pytest.mark.parametrize("typed", ["Finance Read", "finance-read", "finance read because x"])
def test_one_name_in_two_catalogs_is_a_question(typed):
    """Neither is the first."""
    both = index("Finance Read", "Finance Read", catalogs=("Finance EU", "Finance US"))

    assert {each.catalog for each in both.read(typed).packages} == {"Finance EU", "Finance US"}


@pytest.mark.parametrize(
    "typed",
    ["Finance Read (Finance US)", "finance-read-finance-us", "finance read finance us: the audit"],
)
def test_the_catalog_tells_packages_of_one_name_apart(typed):
    """Written behind the name."""
    both = index("Finance Read", "Finance Read", catalogs=("Finance EU", "Finance US"))

    assert [each.catalog for each in both.read(typed).packages] == ["Finance US"]


def test_a_catalog_does_not_make_other_names_unclear():
    """A package that is really called so comes before "name, catalog"."""
    both = index("Finance Reports", "Finance", catalogs=("General", "Reports"))

    assert named(both.read("finance-reports").packages) == ["Finance Reports"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Production Bastion Server Access - 6 Month", 2),
        ("Production Bastion Server Access - 6 Months", 1),
        ("Production Bastion Server Access - for the release on Monday", 1),
        ("production-bastion-server-access because 6 months are over", 1),
    ],
)
def test_a_slip_in_a_longer_name_is_no_reason_for_a_shorter_one(typed, meant):
    """What may be either is asked."""
    both = index("Production Bastion Server Access", "Production Bastion Server Access - 6 Months")

    assert len(both.read(typed).packages) == meant


def test_a_looser_reading_of_more_words_is_a_question():
    """ "Finance - reports" is Finance with a reason, or Finance Reports in a spelling of its own."""
    both = index("Finance", "Finance Reports")

    assert set(named(both.read("Finance - reports").packages)) == {"Finance", "Finance Reports"}
    assert named(both.read("Finance Reports").packages) == ["Finance Reports"]


@pytest.mark.parametrize(
    "typed",
    [
        "Database - PCQ raed access - self approval",
        "database - pcq read acces - self approval",
        "Database – PCQ read access - self aproval because I am on call",
        "databse-pcq-read-access-self-approval",
    ],
)
def test_a_slip_in_a_name_with_dashes_finds_the_nearest(typed):
    """The whole of it is compared, not what stands before the first dash."""
    names = [f"Database - {each} read access - self approval" for each in ("CCD", "PCQ", "AM")]
    among = index("Production Database", *names)

    assert among.read(typed).packages == ()
    assert among.nearest(typed)[0].name == "Database - PCQ read access - self approval"


@pytest.mark.parametrize("typed", ["probate", "READ probate", "“probate”"])
def test_packages_are_found_by_words_of_their_names(typed):
    """In any order."""
    among = index("Database - Probate read access", "Probate", "Database - CCD read access")

    found = named(among.search(typed))

    assert "Database - Probate read access" in found
    assert "Database - CCD read access" not in found


@pytest.mark.parametrize("typed", ["", " ", "—", "\u200b"])
def test_nothing_typed_finds_nothing(typed):
    """And breaks nothing."""
    among = index("🦄", "—")

    assert among.search(typed) == () or typed == "—"
    assert among.nearest(typed) == ()


WORDS = [
    "Finance",
    "Reports",
    "C#",
    "C++",
    "because",
    "-",
    ":",
    "Read",
    "EU",
    "“x”",
    "&",
    "🦄",
    ".",
]
NAMES = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join),
    st.text(min_size=1, max_size=40),
)


@given(names=st.lists(NAMES, min_size=1, max_size=8), data=st.data())
@settings(max_examples=400, deadline=None)
def test_no_name_ever_means_another_package(names, data):
    """An exact name finds its package, or asks among those of that name and the one that lists show by that word."""
    catalogs = tuple(f"Catalog {number}" for number in range(len(names)))
    among = index(*names, catalogs=catalogs)
    package = data.draw(st.sampled_from(among.packages))
    exact = package_names.clean(package.name)
    if not exact:
        return
    shown = package_names.unquoted(exact)
    same = {
        each.id
        for each in among.packages
        if package_names.clean(each.name) == exact or each.slug == shown
    }

    assert {each.id for each in among.read(package.name).packages} == same


@given(names=st.lists(NAMES, min_size=1, max_size=8), data=st.data())
@settings(max_examples=400, deadline=None)
def test_a_reason_never_steals_a_name(names, data):
    """With a reason behind its exact name a package is found or among those asked about, in every spelling."""
    among = index(*names)
    package = data.draw(st.sampled_from(among.packages))
    sign = data.draw(st.sampled_from(REASON_SIGNS))
    reason = data.draw(st.sampled_from(["Reports", "I must", "EU - Read", "why: because"]))
    exact = package_names.clean(package.name)
    if not exact:
        return
    text = f"{exact}{sign}{reason}"
    # A longer name that is there letter by letter is what was typed.
    longer = {
        package_names.clean(each.name)
        for each in among.packages
        if len(package_names.clean(each.name)) > len(exact)
        and package_names.clean(text).startswith(package_names.clean(each.name))
    }
    if longer:
        return

    found = among.read(text).packages

    assert package.id in {each.id for each in found}
    for other in found:
        if package_names.clean(other.name) != exact:
            assert len(found) > 1


def calls_of(work: Callable[[], Any]) -> int:
    """Return how many functions of Python and C *work* calls."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


LONG = [
    " - ".join("a" for _ in range(1_000)),
    "because " * 500,
    ": " * 2_000,
    "a" * 4_000,
    "a - " * 1_000,
    "\u202e-" * 2_000,
    "&amp;" * 800,
]


@pytest.mark.parametrize("typed", LONG, ids=lambda text: text[:8])
def test_reading_does_not_depend_on_how_many_packages_there_are(typed):
    """Eight times the packages, the same work."""
    few = index(*(f"Package {number} of the finance department" for number in range(50)))
    many = index(*(f"Package {number} of the finance department" for number in range(400)))

    assert calls_of(lambda: many.read(typed)) <= calls_of(lambda: few.read(typed)) + 50


@pytest.mark.parametrize("sign", [" - ", " because ", ": "])
def test_reading_grows_no_faster_than_the_text(sign):
    """What is longer than any name is not taken apart at all."""
    among = index("Finance", "Finance - Reports")

    def work(signs: int) -> int:
        return calls_of(lambda: among.read(sign.join("a" for _ in range(signs))))

    assert work(60) <= 2.5 * work(30)
    assert work(800) <= 2.2 * work(400)


@pytest.mark.parametrize("typed", [*LONG, "package of the finance departmnt"], ids=lambda t: t[:8])
def test_what_is_near_is_found_without_comparing_all(typed):
    """Four times the packages that share all their letters, hardly more work."""
    few = index(*(f"Package {number} of the finance department" for number in range(100, 200)))
    many = index(*(f"Package {number} of the finance department" for number in range(100, 500)))

    assert calls_of(lambda: many.nearest(typed)) <= 2 * calls_of(lambda: few.nearest(typed)) + 2_000


@pytest.mark.parametrize(
    ("names", "typed", "meant"),
    [
        # The list shows C# as `c`, and Finance Reports as `finance-reports`.
        (("C#", "C"), "c", ["C#", "C"]),
        (("C#", "C"), "C", ["C"]),
        (("C#", "C"), "c because it builds", ["C#", "C"]),
        (("Finance Reports", "finance-reports"), "finance-reports", None),
        (("Finance Reports", "finance-reports"), "`finance-reports`", None),
        (("Finance Reports", "finance-reports"), "Finance Reports", ["Finance Reports"]),
        (("finance-reports", "Finance Reports"), "finance-reports", ["finance-reports"]),
        (("Café", "cafe"), "cafe", None),
    ],
)
def test_the_word_that_a_list_shows_for_a_package_is_never_another_one_without_a_question(
    names, typed, meant
):
    """Whoever may name packages in a catalog of theirs takes no word away from another one."""
    assert sorted(named(index(*names).read(typed).packages)) == sorted(meant or names)


@pytest.mark.parametrize(
    ("typed", "packages", "reason"),
    [
        ("finance, payroll", ["Finance", "Payroll"], None),
        ("Finance; payroll because Q4", ["Finance", "Payroll"], "Q4"),
        (
            "finance. payroll, audit, the yearly one",
            ["Finance", "Payroll", "Audit"],
            "the yearly one",
        ),
        ("finance, payroll, finance", ["Finance", "Payroll"], None),
        ("'finance', 'payroll'", ["Finance", "Payroll"], None),
        # A reason, by a sign that says so, or because nothing is called that.
        ("finance because payroll", ["Finance"], "payroll"),
        ("finance, because payroll", ["Finance"], "payroll"),
        ("finance: payroll", ["Finance"], "payroll"),
        ("finance - payroll", ["Finance"], "payroll"),
        ("finance for payroll", ["Finance"], "for payroll"),
        ("finance, the payroll", ["Finance"], "the payroll"),
    ],
)
def test_another_name_behind_a_comma_is_no_reason(typed, packages, reason):
    """Both are asked about: neither is lost in the other's reason."""
    match = index("Finance", "Payroll", "Audit").read(typed)
    assert named(match.packages) == packages
    assert match.reason == reason


def test_a_long_list_of_names_costs_no_more_than_some():
    """Whoever pastes thousands is asked about the first."""
    match = index("Finance", "Payroll").read("finance, payroll, " * 200)
    assert named(match.packages) == ["Finance", "Payroll"]
