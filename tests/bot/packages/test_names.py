"""From what people type to one package: exactly that one, or none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.packages import names as package_names
from bot.packages.index import PackageIndex
from tests.bot.samples import offered

CAMPAIGN = offered()
FINANCE = offered(id="finance", slug="finance-reports", name="Finance Reports")
PACKAGES = [CAMPAIGN, FINANCE]
INDEX = PackageIndex(PACKAGES)

FULL_WIDTH = "".join(chr(ord(each) + 0xFEE0) for each in "Marketing-Campaign")
SPELLINGS = [
    "marketing-campaign",
    "Marketing Campaign",
    "MARKETING CAMPAIGN",
    "  marketing   campaign  ",
    '"Marketing Campaign"',
    "“Marketing Campaign”",
    "‘marketing campaign’",
    "`marketing-campaign`",
    "«Marketing Campaign»",
    "marketing_campaign",
    "Marketing Campaign.",
    "marketing\tcampaign",
    "marketing\ncampaign",
    FULL_WIDTH,
]


@pytest.mark.parametrize("typed", SPELLINGS)
def test_a_name_is_found_in_any_spelling(typed):
    """Capitals, spaces, quotes and dashes do not matter."""
    assert INDEX.read(typed).packages == (CAMPAIGN,)
    assert INDEX.find(typed) == (CAMPAIGN,)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "marketing",
        "campaign",
        "marketing-campaign-2",
        "marketing-campaigns",
        "arketing-campaign",
        "the marketing campaign",
        "marketing campaign finance reports",
        "m4rketing-c4mpaign",
        "----",
        "'; DROP TABLE package; --",
        "🦄",
        "*",
        "%",
    ],
)
def test_a_likeness_is_not_a_match(typed):
    """Suggestions are made; nothing is asked for by guessing."""
    assert INDEX.read(typed).packages == ()


@given(
    position=st.integers(0, len("marketing-campaign") - 1),
    letter=st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789"),
)
@settings(max_examples=100, deadline=None)
def test_one_wrong_letter_finds_nothing(position, letter):
    """One too many, or one too few."""
    slug = CAMPAIGN.slug
    longer = slug[:position] + letter + slug[position:]
    shorter = slug[:position] + slug[position + 1 :]

    assert INDEX.read(longer).packages == ()
    assert INDEX.read(shorter).packages == ()


@pytest.mark.parametrize(
    "disguise",
    [
        "marketing\u202e-campaign",
        "market\u200bing-campaign",
        "\ufeffmarketing-campaign",
        "marketing\u00adcampaign",
    ],
)
def test_invisible_characters_never_lead_to_another_package(disguise):
    """A name with hidden characters is the canonical package or none."""
    assert INDEX.read(disguise).packages in ((), (CAMPAIGN,))


@pytest.mark.parametrize(
    "lookalike",
    [
        "m\N{CYRILLIC SMALL LETTER A}rketing-c\N{CYRILLIC SMALL LETTER A}mpaign",
        "m\N{CYRILLIC SMALL LETTER A}rketing campaign",
        "market\N{LATIN SMALL LETTER DOTLESS I}ng-campa\N{LATIN SMALL LETTER DOTLESS I}gn",
        "\N{SMALL ROMAN NUMERAL ONE THOUSAND}arketing-campaign",
    ],
)
def test_lookalike_letters_never_lead_to_another_package(lookalike):
    """Letters of another alphabet that look the same name the package itself, or lead to a question."""
    assert INDEX.read(lookalike).packages == (CAMPAIGN,)


def test_a_name_in_another_alphabet_is_a_name_of_its_own():
    """Typed letter by letter it is that one; by the slug that both make, somebody has to say which."""
    name = "M\N{CYRILLIC SMALL LETTER A}rketing C\N{CYRILLIC SMALL LETTER A}mpaign"
    twin = offered(id="twin", slug="marketing-campaign-2", name=name)
    both = PackageIndex([twin, *PACKAGES])

    assert both.read(name).packages == (twin,)
    assert both.read("Marketing Campaign").packages == (CAMPAIGN,)
    assert set(both.read("marketing-campaign").packages) == {twin, CAMPAIGN}


REASONS = [
    ("marketing-campaign", None),
    ("marketing-campaign because I run the launch", "I run the launch"),
    ("marketing campaign BECAUSE I run the launch", "I run the launch"),
    ("Marketing Campaign: I run the launch", "I run the launch"),
    ("marketing-campaign - I run the launch", "I run the launch"),
    ("marketing-campaign – I run the launch", "I run the launch"),
    ("marketing-campaign — I run the launch", "I run the launch"),
    ("marketing-campaign because “I run it”", "I run it"),
    ("marketing-campaign because because", "because"),
    ("marketing-campaign because", None),
    ("marketing-campaign because   ", None),
    ('"marketing-campaign" because "x"', "x"),
]


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("INC-42 `y`", "INC-42 `y`"),
        ("he said “no”", "he said “no”"),
        ('"a" and "b"', '"a" and "b"'),
        ("it's the users'", "it's the users'"),
        ('"the audit"', "the audit"),
        ("“the audit”", "the audit"),
        ("„das Audit“", "das Audit"),
        ("'the \"audit\"'", 'the "audit"'),
        # The other half stood before the name.
        ('the audit"', "the audit"),
        ("the audit”", "the audit"),
        ("the audit“", "the audit"),
        ("the “second” audit”", "the “second” audit”"),
        ('"', ""),
        ("“”", ""),
        (" ` ", ""),
        ("", ""),
    ],
)
def test_of_a_reason_only_quotes_around_it_go(typed, reason):
    """What was quoted in it is read as it was written."""
    assert package_names.unquoted_reason(typed) == reason


@pytest.mark.parametrize(("typed", "reason"), REASONS)
def test_a_reason_may_follow_the_name(typed, reason):
    """After because, a colon or a dash."""
    found = INDEX.read(typed)

    assert found.packages == (CAMPAIGN,)
    assert found.reason == reason


@pytest.mark.parametrize("typed", ["because I can", ": why", " - x"])
def test_a_reason_alone_names_nothing(typed):
    """There must be a name before it."""
    assert INDEX.read(typed).packages == ()


def test_a_long_reason_is_cut():
    """A thousand characters say enough."""
    found = INDEX.read("marketing-campaign because " + "x" * 3_000)

    assert len(found.reason or "") == package_names.LONGEST_REASON


@pytest.mark.parametrize(
    "junk", ["x" * 3_000, "🦄" * 3_000, "<!channel> " * 300, "\x00" * 3_000, "a-" * 1_500]
)
def test_three_thousand_characters_of_junk_find_nothing(junk):
    """And break nothing."""
    assert INDEX.read(junk).packages == ()
    assert len(INDEX.nearest(junk)) <= 3


@pytest.mark.parametrize(
    ("typed", "shown"), [("Cafe\u0301", "Caf\u00e9"), ("\ufa19\u5c71", "\ufa19\u5c71")]
)
def test_clean_text_looks_as_it_was_typed(typed, shown):
    """An accent looks the same in both forms; a kanji of somebody's name does not look like the one that is its like."""
    assert package_names.clean(typed) == shown


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_clean_text_is_one_printable_line(typed):
    """Nothing is left that could forge a line or turn the writing around."""
    cleaned = package_names.clean(typed)

    assert cleaned.isprintable()
    assert "  " not in cleaned


NEAREST = [
    ("marketing-campain", "marketing-campaign"),
    ("markting campaign", "marketing-campaign"),
    ("finance", "finance-reports"),
    ("reports", "finance-reports"),
    ("finance-report", "finance-reports"),
    ("finance-reports-2026", "finance-reports"),
]


@pytest.mark.parametrize(("typed", "slug"), NEAREST)
def test_a_slip_of_the_finger_is_understood(typed, slug):
    """The nearest comes first."""
    assert INDEX.nearest(typed)[0].slug == slug


@pytest.mark.parametrize("typed", ["", "🦄", "zzzz"])
def test_nothing_is_near_to_nonsense(typed):
    """No suggestion is better than a silly one."""
    assert INDEX.nearest(typed) == ()


def test_no_more_than_three_are_suggested():
    """And none twice."""
    many = [offered(id=str(number), slug=f"team-{number}") for number in range(9)]

    near = PackageIndex(many).nearest("team")

    assert len({each.slug for each in near}) == 3


def test_equal_names_get_numbers():
    """Two catalogs may each have a package of one name."""
    slugs = package_names.slugs_for([("b", "Tools"), ("a", "Tools"), ("c", "TOOLS!")])

    assert slugs == {"a": "tools", "b": "tools-2", "c": "tools-3"}


def test_a_number_in_a_name_is_not_taken_by_another():
    """A package that is really called Tools 2."""
    slugs = package_names.slugs_for([("a", "Tools"), ("b", "Tools"), ("c", "Tools 2")])

    assert len(set(slugs.values())) == 3


def test_slugs_do_not_depend_on_the_order_of_the_list():
    """What people typed yesterday means the same today."""
    names = [("a", "Tools"), ("b", "Tools"), ("c", "Tools 2"), ("d", "🦄"), ("e", "🦄")]

    assert package_names.slugs_for(names) == package_names.slugs_for(names[::-1])


def test_a_name_without_letters_gets_a_slug_of_its_id():
    """It must be possible to ask for it."""
    slugs = package_names.slugs_for([("ABCDEF12-3456", "🦄"), ("12345678-9", "")])

    assert slugs == {"ABCDEF12-3456": "package-abcdef12", "12345678-9": "package-12345678"}


def test_a_slug_is_certain_where_no_history_gives_it_to_another():
    """A number belongs to whoever came first, and that may be a number at the end of another's name."""
    names = [("a", "Tools"), ("b", "Tools"), ("c", "Tools 2"), ("d", "Tools 2 7"), ("e", "Tools X")]

    assert package_names.certain_slugs(names) == {"e": "tools-x"}


@given(
    st.lists(st.sampled_from(("A", "A 2", "A 2 2", "B", "B 3", "🦄", "x" * 130)), max_size=6),
    st.data(),
)
@settings(max_examples=100, deadline=None)
def test_a_package_has_one_of_its_possible_slugs_whichever_came_first(names, data):
    """Slugs are kept, so that history decides; what is certain holds in each."""
    known = [(str(number) * 8, name) for number, name in enumerate(names)]
    slugs: dict[str, str] = {}
    seen: list[tuple[str, str]] = []
    for each in data.draw(st.permutations(known)):
        seen.append(each)
        slugs = package_names.slugs_for(seen, kept=slugs)

    possible = package_names.possible_slugs(known)
    assert all(possible[key].fullmatch(slug) for key, slug in slugs.items())
    assert package_names.certain_slugs(known).items() <= slugs.items()
    assert all(
        [key for key in possible if possible[key].fullmatch(slug)] == [its]
        for its, slug in package_names.certain_slugs(known).items()
    )


@given(st.lists(st.text(max_size=300), max_size=20))
@settings(max_examples=100, deadline=None)
def test_every_package_has_a_slug_of_its_own(names):
    """Whatever names an administrator gives, and within the column's width."""
    slugs = package_names.slugs_for([(str(number), name) for number, name in enumerate(names)])

    assert len(set(slugs.values())) == len(names)
    assert all(slug and len(slug) <= package_names.LONGEST_SLUG for slug in slugs.values())


@given(st.text(min_size=1, max_size=100))
@settings(max_examples=200, deadline=None)
def test_every_slug_finds_its_package(name):
    """What we show can be typed."""
    slug = package_names.slugs_for([("12345678", name)])["12345678"]
    made = offered(slug=slug, name=name)

    assert PackageIndex([made]).read(slug).packages == (made,)


def test_names_in_other_scripts_can_be_typed():
    """In their own letters, or as the slug spells them."""
    slug = package_names.slug_of("Büro Zürich")
    made = offered(slug=slug, name="Büro Zürich")

    assert PackageIndex([made]).read("büro zürich").packages == (made,)
    assert PackageIndex([made]).read(slug).packages == (made,)
