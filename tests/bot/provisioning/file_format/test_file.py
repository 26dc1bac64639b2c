"""Test what the file says, and what is wrong with it: file, line, and the nearest word."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.provisioning.file_format import schema
from bot.provisioning.file_format.file import read_file, read_text
from bot.provisioning.file_format.grammar import (
    read_duration,
    read_expiration,
    read_role,
    read_subject,
    read_thing,
    say_duration,
    say_expiration,
)
from bot.source import FileError
from graph.values import LAST_MOMENT
from tests.bot.provisioning.files import EXAMPLE, SMALL, with_policy

DOCS = Path(__file__).resolve().parents[4] / "docs"


def problems(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        read_text(text, name="access.yml")
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("gives:", "givs:", "line 13, column 9: “givs” means nothing here. Did you mean “gives”?"),
        (
            "catalogs:",
            "catalog:",
            "line 7, column 1: “catalog” means nothing here. Did you mean “catalogs”?",
        ),
        ("30 days", "30 dayz", "line 18, column 13: “30 dayz” is no duration. Did you mean “day”?"),
        (
            "30 days",
            "thirty days",
            "line 18, column 13: “thirty days” says no duration; write “30 days”",
        ),
        ("30 days", "0 days", "line 18, column 13: Access for 0 days is none; write “no end”"),
        ("30 days", "until 2027-02-30", "line 18, column 13: “2027-02-30” is no date"),
        (
            "30 days",
            "6 months",
            "line 18, column 13: “6 months” is not the same number of days in every year; ",
        ),
        ("30 days", "6 months", "write “180 days”"),
        ("30 days", "1 month", "write “30 days”"),
        (
            "30 days",
            "2027-01-31",
            "line 18, column 13: “2027-01-31” is a date; write “until 2027-01-31”",
        ),
        ("30 days", "2027-01-31 18:00", "write “until 2027-01-31”"),
        ("name: Autumn Campaign", "name: Finance: Reports", 'quotes: "Finance: Reports".'),
        ("name: Autumn Campaign", "name: @home", 'Put the text in quotes: "@home".'),
        ("name: Autumn Campaign", "name: '@home", "this is no YAML"),
        ("  - name: Autumn\n", "\t- name: Autumn\n", "Indent with blanks, not with tabs."),
        ("    description: The", "   description: The", "indented like those that it belongs to?"),
        (
            "may extend: yes",
            "questions: [{ask: Why?}]",
            'signs of YAML\'s own in quotes, such as {ask: "Why?"}.',
        ),
        (
            "- name: Autumn Campaign",
            "- {name: What?, hidden: yes}",
            "signs of YAML's own in quotes",
        ),
        (
            "group Marketing\n",
            "everyone\n",
            "There is “all agent identities”, “all connected organizations”, ",
        ),
        (
            "group Marketing\n",
            "Marketing Inc.\n",
            "“all users”, “connected organization”, “group”, “nobody”,",
        ),
        ("group Marketing\n", "groups Marketing\n", "Did you mean “group”?"),
        ("may extend: yes", "decided by: groups Marketing", "Did you mean “group”?"),
        (
            "may extend: yes",
            "decided by: the boss",
            "“manager of who gets it”, “person” and “sponsors of who gets it”.",
        ),
        (
            "    packages:",
            "    resources: [group]\n    packages:",
            "“group” does not say which; write “group …”.",
        ),
        (
            "groups:",
            "tests: [ann may have it]\ngroups:",
            "Write one like “ann@contoso.example may ask for",
        ),
        ("name: Autumn Campaign", f"name: {'x' * 300}", "has 300 characters; a name may have 256."),
        ("name: Autumn\n", f"name: {'x' * 257}\n", "has 257 characters"),
        ("name: Campaign files", f"name: {'x' * 257}", "has 257 characters"),
        ("name: Marketing\n", f"name: {'x' * 257}\n", "has 257 characters"),
        (
            "name: Autumn Campaign",
            "name: Autumn\u202eCampaign",
            "holds a character that nobody sees: U+202E (right-to-left override).",
        ),
        ("name: Autumn Campaign", "name: Autumn\u200bCampaign", "U+200B (zero width space)"),
        ("name: Autumn Campaign", "name: A\u2066utumn", "U+2066"),
        ("name: Autumn Campaign", "name: Autumn\u200d", "U+200D"),
        ("name: Autumn Campaign", "name: Autumn\u3164", "U+3164"),
        ("name: Autumn Campaign", 'name: "Autumn\\x07"', "U+0007"),
        ("group Marketing\n", "group Market\u200bing\n", "U+200B"),
        ("Member of group Campaign files", "Member of group Campaign\u00adfiles", "U+00AD"),
        ("may extend: yes", "questions: [{ask: Why, pattern: '[a-'}]", "“[a-” is no regular"),
        ("may extend: yes", "questions: [{ask: Why, pattern: '(a'}]", "is no regular expression"),
        ("may extend: yes", "questions: [{ask: Why, pattern: '*'}]", "is no regular expression"),
        ("may extend: yes", "<<: [x]", "“<<” must be followed by a block of words"),
        (
            "may extend: yes",
            "may extend: perhaps",
            "line 19, column 13: “perhaps” is not possible for “may extend”.",
        ),
        (
            "group Marketing\n",
            "grup Marketing\n",
            "line 17, column 13: “grup Marketing” does not say who",
        ),
        ("group Marketing\n", "al members\n", "Did you mean “all members”?"),
        ("group Marketing\n", "[all members, group X]\n", "“all members” stands alone"),
        ("group Marketing\n", "manager\n", "“manager” can decide, but not be the one who may ask."),
        ("            durations: 30 days\n", "", "line 16, column 13: “durations” is missing."),
        (
            "Member of group Campaign files",
            "Member",
            "line 13, column 9: “Member” is no role; write one like",
        ),
        ("tess@contoso.example\n", "tess\n", "“tess” is no e-mail address."),
        ("name: Autumn Campaign", "name:", "line 11, column 9: “name” says nothing."),
        ("may extend: yes", "may extend: with approval", "Extending with approval needs somebody"),
        ("may extend: yes", "decided by: [{approvers: managr}]", "Did you mean “manager”?"),
        ("may extend: yes", "decided by: [{}]", "line 19, column 26: “approvers” is missing."),
        (
            "may extend: yes",
            "may extend: yes\n            may extend: no",
            "“may extend” is said twice.",
        ),
        ("groups:", "groups: {", "this is no YAML"),
        ("groups:", "groups: &g [*g]\nother:", "This unfolds into more than Latchkey reads."),
    ],
)
def test_a_mistake_is_named_with_its_line_and_the_nearest_word(
    before: str, after: str, problem: str
) -> None:
    """One sentence for it, and it says where."""
    assert before in SMALL
    found = problems(SMALL.replace(before, after, 1))
    assert any(problem in each for each in found), found
    assert all(each.startswith("access.yml, line ") for each in found)


def test_all_mistakes_are_named_at_once() -> None:
    """Whoever writes a file does not want to learn of them one by one."""
    text = (
        SMALL.replace("gives:", "givs:").replace("30 days", "30 dayz").replace("people:", "poeple:")
    )
    assert len(problems(text)) == 3


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        (["decided by:"], "decided by"),
        (["decided by: ~"], "decided by"),
        (["decided by: [{approvers: manager, fallback: }]"], "fallback"),
        (["decided by: [{approvers: manager, escalation: }]"], "escalation"),
        (["decided by: [{approvers: manager, escalation: {after: 3 days, to: []}}]"], "to"),
        (["reviews:"], "reviews"),
        (["reviews: {every: week, start: 2027-01-01, lasts: 5 days, by: []}"], "by"),
        (["questions: [{ask: Why, pattern: }]"], "pattern"),
        (["may return:"], "may return"),
        (["approval:"], "approval"),
        (["automatic:"], "automatic"),
        (["description:"], "description"),
        (["description: ''"], "description"),
        (["description: '  '"], "description"),
    ],
)
def test_a_word_with_nothing_behind_it_is_refused(lines: list[str], word: str) -> None:
    """Whose lines are commented out, say, must not mean that nobody decides."""
    text = with_policy("may ask: all members", "durations: 30 days", *lines)
    (problem,) = problems(text)
    assert problem.endswith(f"“{word}” says nothing.")


@pytest.mark.parametrize(
    "word", ["gives", "not together with", "hidden", "was", "description", "description: ''"]
)
def test_so_it_is_in_a_package(word: str) -> None:
    """An empty list is an order to take all of it away; a word alone is a slip of the pen."""
    line = word if ":" in word else f"{word}:"
    text = f"catalogs:\n  - name: General\n    packages:\n      - name: Trial\n        {line}\n"
    (problem,) = problems(text)
    assert problem.endswith(f"“{word.partition(':')[0]}” says nothing.")


@pytest.mark.parametrize(
    "who",
    [
        "connected organization 9d000000-0000-4000-8000-000000000001",
        "service principal Contoso Ledger",
        "rule user.department -eq 1",
    ],
)
@pytest.mark.parametrize(
    "line",
    [
        "decided by: {}",
        "decided by: [{{approvers: manager, fallback: {}}}]",
        "decided by: [{{approvers: manager, escalation: {{after: 1 day, to: {}}}}}]",
        "reviews: {{every: week, start: 2027-01-01, lasts: 5 days, by: {}}}",
    ],
)
def test_who_can_only_ask_does_not_decide(line: str, who: str) -> None:
    """Entra would refuse it when half of the file is applied."""
    text = with_policy("may ask: all members", "durations: 30 days", line.format(who))
    (problem,) = problems(text)
    assert problem.endswith(f"“{who}” may ask, but cannot decide.")
    read_text(with_policy(f"may ask: {who}", "durations: 30 days"), name="access.yml")


@pytest.mark.parametrize(
    "line",
    [
        "decided by: [{approvers: manager, within: 0 days}]",
        "reviews: {every: week, start: 2027-01-01, lasts: 0 hours, by: manager}",
    ],
)
def test_who_decides_has_some_time_for_it(line: str) -> None:
    """Without any, each request is denied at once, and beta makes 14 days of it."""
    (problem,) = problems(with_policy("may ask: all members", "durations: 30 days", line))
    assert problem.endswith("is no time at all.")


@pytest.mark.parametrize(
    ("choices", "twice"),
    [
        ("[Office, Home, Office]", "Office"),
        ("[{value: a, text: One}, {value: a, text: Two}]", "a"),
        ("[{value: a, text: One}, {value: b, text: One}]", "One"),
    ],
)
def test_a_choice_stands_once(choices: str, twice: str) -> None:
    """Nobody could tell two of them apart, neither who answers nor who reads the answer."""
    question = f"questions: [{{ask: 'Where?', choices: {choices}}}]"
    (problem,) = problems(with_policy("may ask: all members", "durations: 30 days", question))
    assert problem.endswith(f"“{twice}” stands among the choices twice.")


def test_nobody_decides_in_any_capitals() -> None:
    """The one word that says so."""
    text = with_policy("may ask: all members", "durations: 30 days", "decided by: Nobody")
    file = read_text(text, name="access.yml").file
    assert file.catalogs[0].packages[0].policies[0].decided_by == ()


@pytest.mark.parametrize("level", ["0", "5", "9"])
def test_a_manager_of_a_level_that_entra_does_not_have_is_refused(level: str) -> None:
    """As the published schema does."""
    with pytest.raises(ValueError, match="does not say who"):
        read_subject(f"manager level {level}")


@pytest.mark.parametrize("day", ["2027-01-31", "20270131", "2027-W04-7"])
def test_a_day_counts_whole_however_it_is_written(day: str) -> None:
    """Not until its first moment."""
    assert say_expiration(read_expiration(f"until {day}")) == "until 2027-01-31"


def test_two_things_of_one_name_are_refused() -> None:
    """A name must tell one from the other."""
    text = with_policy("may ask: all members", "durations: 1 day")
    policy = text[text.index("          - name: Policy") :]
    assert problems(text + policy) == ["access.yml, line 9, column 13: “Policy” stands here twice."]


def test_an_alias_bomb_is_refused() -> None:
    """A small file does not unfold into all memory."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    lines += [
        f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    assert "unfolds" in problems("\n".join(lines))[0]


@pytest.mark.parametrize(
    "text", ["!!python/object/apply:os.system [ls]", "a: !ruby/x y", "- 1\n- 2", "x"]
)
def test_what_is_no_file_of_packages_is_refused(text: str) -> None:
    """YAML's tags do nothing, and a list or a word is no file."""
    assert problems(text)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    """No traceback for a slip of the finger."""
    with pytest.raises(FileError, match="No such file"):
        read_file(tmp_path / "access.yml")


@pytest.mark.parametrize("text", ["", "null\n", "~", "# nothing\n", "---\n"])
def test_an_empty_file_describes_nothing(text: str) -> None:
    """It is a file all the same: its plan deletes what was made by it."""
    assert read_text(text, name="x").file.catalogs == ()


@pytest.mark.parametrize(
    "pattern", [r"^\p{L}+$", r"(?<year>\d{4})", r"\Aa\z", "[[:alpha:]]", "(?>a)", "^[0-9]{4}$"]
)
def test_a_pattern_of_another_dialect_passes(pattern: str) -> None:
    """Entra reads .NET's expressions; only what is none in any dialect is refused."""
    asked = f"questions: [{{ask: Why, pattern: '{pattern}'}}]"
    read_text(SMALL.replace("may extend: yes", asked), name="x")


@pytest.mark.parametrize(
    "name", ["Café", "مرحبا", "שלום", "👩‍🚀 crew", "नमस्‍ते", "C++ / C# (x'y\")", "日本", "ﬁ"]
)
def test_names_of_all_scripts_pass(name: str) -> None:
    """Letters from right to left, accents and emoji are no disguise."""
    text = SMALL.replace("name: Autumn Campaign", f"name: {json.dumps(name, ensure_ascii=False)}")
    assert read_text(text, name="x").file.catalogs[0].packages[0].name == name


def test_parts_may_be_shared() -> None:
    """A word that begins with x- is nobody's, and YAML's merge takes a block over; what stands beside it counts."""
    shared = """\
x-policies:
  short: &short {may ask: all members, durations: 1 day, may extend: yes}
  strict: &strict {reason required: yes, durations: 2 days}
catalogs:
  - name: General
    packages:
      - name: Trial
        policies:
          - <<: *short
            name: One
          - {<<: [*strict, *short], name: Two, may extend: no}
"""
    one, two = read_text(shared, name="x").file.catalogs[0].packages[0].policies
    assert (one.name, one.durations, one.may_extend) == ("One", "1 day", "yes")
    assert (two.durations, two.may_extend, two.reason_required) == ("2 days", "no", True)


@pytest.mark.parametrize("word", ["Yes", "On", "null", "2024", "1e3", "0x10"])
def test_names_are_text_whatever_they_look_like(word: str) -> None:
    """YAML makes truth values and numbers of some words; a group may be called so."""
    text = SMALL.replace("name: Autumn Campaign", f'name: "{word}"')
    assert read_text(text, name="x").file.catalogs[0].packages[0].name == word


def test_the_published_schema_is_the_model() -> None:
    """After a change of the model: python -m bot.provisioning.file_format.schema > docs/packages.schema.json."""
    assert (DOCS / "packages.schema.json").read_text("utf-8") == schema.text()


@pytest.mark.parametrize("loader", [yaml.BaseLoader, yaml.SafeLoader])
def test_the_schema_takes_the_example(loader: type) -> None:
    """Editors that read yes as a word and those that read it as a truth value are both content."""
    said = yaml.load(EXAMPLE.replace("2027-01-01", '"2027-01-01"'), Loader=loader)  # noqa: S506
    jsonschema.Draft202012Validator(json.loads(schema.text())).validate(said)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("may ask: all members", "may ask: al members"),
        ("durations: 30 days", "durations: 30 dayz"),
        ("may extend: yes", "may extend: perhaps"),
        ("gives: Finance", "givs: Finance"),
        ("gives: Finance Visitors of site https://contoso.sharepoint.com/sites/Finance", "gives:"),
    ],
)
@pytest.mark.parametrize("loader", [yaml.BaseLoader, yaml.SafeLoader])
def test_the_schema_refuses_what_the_reader_refuses(before: str, after: str, loader: type) -> None:
    """An editor marks the same mistakes."""
    assert before in EXAMPLE
    said = yaml.load(EXAMPLE.replace(before, after, 1), Loader=loader)  # noqa: S506
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json.loads(schema.text())).validate(said)


# A slow machine is no mistake.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 999_999), st.sampled_from(["minute", "hour", "day", "week", "year"]))
def test_a_duration_said_and_read_is_the_same(count: int, unit: str) -> None:
    """In whatever unit it comes back."""
    duration = read_duration(f"{count} {unit}s")
    # The words have room for six digits; a million minutes is said in days.
    if duration.days < 1_000_000:
        assert read_duration(say_duration(duration)) == duration or count > 999_999


@pytest.mark.parametrize(
    "text",
    ["30 days", "8 hours", "90 minutes", "no end", "until 2027-01-31", "until 2027-01-31 18:00"],
)
def test_an_end_said_and_read_is_the_same(text: str) -> None:
    """What the file says is what an import writes."""
    assert say_expiration(read_expiration(text)) == text


def test_an_end_beyond_the_calendar_is_its_last_moment() -> None:
    """On the last day that there is, and by UTC the day after."""
    read = read_expiration("until 9999-12-31 23:59-05:00")
    assert read.end_date_time == LAST_MOMENT


@pytest.mark.parametrize(
    "text", ["group A of B", "person a@b.c", "manager", "manager level 2", "internal sponsors"]
)
def test_somebody_said_and_read_is_the_same(text: str) -> None:
    """Names may hold any words."""
    assert str(read_subject(text)) == text


@pytest.mark.parametrize(
    ("address", "site"),
    [
        (
            "https://contoso.sharepoint.com/sites/Finance/",
            "https://contoso.sharepoint.com/sites/Finance",
        ),
        ("https://contoso.sharepoint.com/", "https://contoso.sharepoint.com"),
        ("https://contoso.sharepoint.com", "https://contoso.sharepoint.com"),
        ("Finance", "Finance"),
    ],
)
def test_a_site_has_no_slash_at_its_end(address: str, site: str) -> None:
    """A browser shows one, and Entra knows the site without."""
    assert read_thing(f"site {address}").name == site
    assert read_role(f"Visitors of site {address}").thing.name == site


@pytest.mark.parametrize(
    "page",
    ["SitePages/Home.aspx", "_layouts/15/start.aspx#/", "default.aspx?web=1", "Docs/Forms/x"],
)
def test_a_page_is_no_site(page: str) -> None:
    """What the address bar shows is not what a catalog takes, and Graph says so in the middle of apply."""
    site = "https://contoso.sharepoint.com/sites/Finance"
    with pytest.raises(ValueError, match=f"is a page; write the address of its site, “{site}"):
        read_thing(f"site {site}/{page}")


def test_a_role_may_have_of_in_its_name() -> None:
    """The thing begins at the word for its kind."""
    role = read_role("Head of sales of application Sales of Contoso")
    assert (role.role, role.thing.name) == ("Head of sales", "Sales of Contoso")
