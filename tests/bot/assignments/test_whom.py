"""From what an admin types to a person, a package or both; and nothing made of it that is not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.assignments.person_query import LONGEST_TYPED, NamedPerson, parse_query
from bot.errors import LatchkeyError, UnknownPackage
from bot.packages.index import PackageIndex
from tests.bot.samples import offered

CAMPAIGN = offered()
READER = offered(id="reader", slug="finance-read", name="Finance Read")
PACKAGES = PackageIndex([CAMPAIGN, READER])
ID = "a0000000-0000-4000-8000-000000000006"
MIA = NamedPerson(slack_user="U0MIA")
MAIL = NamedPerson(email="mia@contoso.example")

NAMES = ("financeread", "marketingcampaign")


def _letters(text):
    """Return what is left of a text that may be spelled and spaced in many ways."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


TYPED = [
    ("", None, None),
    ("marketing-campaign", None, CAMPAIGN),
    ("Finance Read", None, READER),
    ("<@U0MIA>", MIA, None),
    ("<@W0MIA|mia> marketing campaign", NamedPerson(slack_user="W0MIA"), CAMPAIGN),
    ("marketing campaign <@U0MIA>", MIA, CAMPAIGN),
    ("<@U0MIA> <@U0MIA>", MIA, None),
    ("mia@contoso.example Finance Read", MAIL, READER),
    ("<mailto:mia@contoso.example|mia@contoso.example>", MAIL, None),
    ("finance-read <mailto:mia@contoso.example|mia@contoso.example>", MAIL, READER),
    ("o'neil+x@contoso.example", NamedPerson(email="o'neil+x@contoso.example"), None),
    (ID, NamedPerson(entra_id=ID), None),
    (f"{ID.upper()} finance-read", NamedPerson(entra_id=ID), READER),
    ("Mia Moreau", NamedPerson(name="Mia Moreau"), None),
    ("“Mia Moreau” finance-read", NamedPerson(name="Mia Moreau"), READER),
    ("Mia Moreau finance read", NamedPerson(name="Mia Moreau"), READER),
    ("Mia Finance Read", NamedPerson(name="Mia"), READER),
    ("finance", NamedPerson(name="finance"), None),
    # The longest end that is a package's name is the package.
    ("Read Finance Read", NamedPerson(name="Read"), READER),
]


@pytest.mark.parametrize(("text", "named", "package"), TYPED)
def test_a_person_and_a_package_are_told_apart(text, named, package):
    """However each of them is named."""
    sought = parse_query(text, PACKAGES)

    assert (sought.named, sought.package) == (named, package)


@pytest.mark.parametrize(
    "text",
    ["<@U0MIA> marketing", "mia@contoso.example finance reed", f"{ID} nothing of the kind"],
)
def test_beside_a_person_stands_a_package_or_nothing(text):
    """A mistyped one is not left out: the list would be longer than meant."""
    with pytest.raises(UnknownPackage):
        parse_query(text, PACKAGES)


@pytest.mark.parametrize(
    "text",
    [
        "<@U0MIA> <@U0ANN>",
        "<@U0MIA> ann@contoso.example",
        "mia@contoso.example ann@contoso.example",
        f"{ID} <@U0MIA>",
        "@mia finance-read",
    ],
)
def test_several_people_or_a_name_that_slack_did_not_take_are_refused(text):
    """In a sentence."""
    with pytest.raises(LatchkeyError):
        parse_query(text, PACKAGES)


PARTS = st.sampled_from(
    [
        "<@U0MIA>",
        "mia@contoso.example",
        ID,
        "finance-read",
        "Finance",
        "Read",
        "Mia",
        "“",
        "<",
        ">",
        "@",
        ":",
        "-",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(PARTS, max_size=6).map(" ".join)))
def test_whatever_is_typed_nothing_is_invented(text):
    """A person or a package that comes out was in it; what cannot be read is refused in a sentence."""
    try:
        sought = parse_query(text, PACKAGES)
    except LatchkeyError:
        return
    rest = _letters(text)
    named = sought.named
    if named is not None:
        (said,) = [each for each in vars(named).values() if each is not None]
        assert _letters(said) in rest
        # A person may be named between the words of a package, and more than once.
        rest = rest.replace(_letters(said), "")
    if sought.package is not None:
        assert any(name in spelled for spelled in (rest, _letters(text)) for name in NAMES)


def test_a_long_text_costs_no_more_than_a_short_one():
    """What is behind so many characters is not read."""
    sought = parse_query("word " * LONGEST_TYPED + "finance-read", PACKAGES)

    assert sought.package is None
