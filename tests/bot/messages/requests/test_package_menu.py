"""The menu's options are such as Slack takes, whatever packages and catalogs are called."""

from hypothesis import given
from hypothesis import strategies as st

from bot.messages.requests.package_menu import LONGEST, chosen_in, menu, option_groups
from bot.messages.requests.request_form.form import menu_form
from bot.packages.model import Package
from bot.packages.suggestions import Prospect, Suggestion
from sandbox.slack.block_elements import OPTION_GROUP
from sandbox.slack.block_kit import problems_with_view
from sandbox.slack.rules import items

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)
LRO, RLO, ZWJ = "\u202d", "\u202e", "\u200d"


def suggestion(name, catalog="General", prospect=Prospect.OPEN, key="p"):
    package = Package(id=key, slug="a-package", name=name, catalog=catalog, lasts="30 days")
    return Suggestion(package=package, prospect=prospect)


def shown(name):
    [group] = option_groups([suggestion(name)])
    return group["options"][0]["text"]["text"]


@given(st.lists(st.tuples(NAMES, NAMES, st.sampled_from(Prospect)), min_size=1, max_size=100))
def test_every_option_is_one_that_slack_takes(named):
    """At most 100 in all, 75 characters in UTF-16, none of them empty."""
    suggestions = [
        suggestion(name, catalog, prospect, key=f"{place}")
        for place, (name, catalog, prospect) in enumerate(named)
    ]
    groups = option_groups(suggestions)

    problems = []
    items(OPTION_GROUP, most=100)(groups, "", lambda what, where: problems.append(what))
    assert problems == []
    options = [option for group in groups for option in group["options"]]
    assert len(options) == len(named)
    for option in options:
        assert len(option["text"]["text"].encode("utf-16-le")) <= 2 * LONGEST
        assert option["text"]["text"].strip()


@given(st.lists(NAMES, max_size=10), NAMES)
def test_the_form_with_what_is_chosen_is_one_that_slack_takes(names, reason):
    """None, or several, with names of any length."""
    chosen = [
        Package(id=f"{place}", slug="a-package", name=name) for place, name in enumerate(names)
    ]

    assert problems_with_view(menu_form(chosen, reason=reason, for_others=True)) == []


def test_long_names_that_begin_alike_are_told_apart():
    """The end is shown, too."""
    one, two = (f"{'Read access to the database of the ' * 6}{end}" for end in ("first", "second"))

    assert shown(one) != shown(two)
    assert shown(two).endswith("second")


def test_nothing_turns_the_direction_of_writing():
    """A name could pass for another; what Arabic, Hebrew and emoji are made of stays."""
    assert shown(f"Fin{RLO}ecna{LRO}ce") == "Finecnace"
    assert shown("مالية") == "مالية"
    family = f"\U0001f468{ZWJ}\U0001f469{ZWJ}\U0001f467"
    assert shown(family) == family


def test_the_catalog_of_the_best_is_first():
    """Groups come in the order of their first option."""
    found = [suggestion("B", "Two"), suggestion("A", "One", key="q"), suggestion("C", "Two")]

    assert [group["label"]["text"] for group in option_groups(found)] == ["Two", "One"]


def test_what_comes_back_is_read_as_it_is():
    """Ids in their order, each once; anything of another shape is nothing."""
    options = [{"value": "a"}, {"value": "b"}, {"value": "a"}, {"value": 3}, "x"]
    view = {"state": {"values": {"package": {"latchkey_package": {"selected_options": options}}}}}

    assert chosen_in(view) == ("a", "b")
    several: list[dict[str, object]] = [{}, {"state": None}, {"state": {"values": {"package": []}}}]
    for broken in several:
        assert chosen_in(broken) == ()


def test_the_menu_opens_before_anything_is_typed():
    """Who does not know a name sees what there is."""
    assert menu([])["element"]["min_query_length"] == 0
