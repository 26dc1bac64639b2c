"""Test what a package settings file says, what is wrong with it and where, and what holds for a package by it."""

import json
import unicodedata
from datetime import time, timedelta
from pathlib import Path
from typing import Literal

import jsonschema
import pytest
import yaml

from bot.packages.settings import schema
from bot.packages.settings.file import NO_FILE
from bot.packages.settings.model import (
    RESOURCES,
    BreakGlass,
    BreakGlassPeople,
    PackageNames,
    PackageSettings,
    QuietHours,
    Reminders,
    WeeklyTime,
)
from bot.packages.settings.read import parse_package_settings, read_package_settings
from bot.source import FileError

DOCS = Path(__file__).resolve().parents[4] / "docs"
EXAMPLE = DOCS / "latchkey.yml"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def problems(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        parse_package_settings(text, name="latchkey.yml")
    return list(caught.value.problems)


def within(block: str) -> str:
    """Make a file of one package that says *block*."""
    return "packages:\n  Finance Reports:\n" + "".join(
        f"    {line}\n" for line in block.split("\n")
    )


def test_without_a_file_nothing_is_set() -> None:
    """The installation's own defaults hold for every package."""
    assert (
        NO_FILE.settings_for("Finance Reports", package_id="p", catalog="Finance", policy="All")
        == PackageSettings()
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "defaults: {}\n", "x-shared: [1]\n"])
def test_an_empty_file_sets_nothing(text: str) -> None:
    """It is a file all the same."""
    assert (
        parse_package_settings(text, name="x").settings_for("A", package_id="p")
        == PackageSettings()
    )


@pytest.mark.parametrize(("written", "called"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_an_accent_may_be_a_character_of_its_own(
    written: Literal["NFC", "NFD"], called: Literal["NFC", "NFD"]
) -> None:
    """In the file or in Entra: on the screen the names are the same, and what the one says holds for the other."""
    name, policy = "Café Zürich", "Für alle"
    text = f"packages:\n  {name}: {{quorum: 2, policies: {{{policy}: {{channel: C0X}}}}}}\n"
    file = parse_package_settings(unicodedata.normalize(written, text), name="x")

    found = file.settings_for(
        unicodedata.normalize(called, name),
        package_id="p",
        policy=unicodedata.normalize(called, policy),
    )

    assert found.approvals_needed(0) == 2
    assert found.channel == "C0X"


def test_the_example_says_what_it_seems_to_say() -> None:
    """Every word of the file reaches what holds for a package."""
    file = read_package_settings(EXAMPLE)
    production = file.settings_for(
        "Production Database", package_id="p", catalog="General", policy="All"
    )
    assert production.channel == "C0345678912"
    assert production.nudge_after == 30 * MINUTE
    assert production.nudge_before_deadline == 2 * HOUR
    assert production.escalate_after == 90 * MINUTE
    assert production.quiet_hours == QuietHours(start=time(22), end=time(6), weekends=True)
    assert production.reminders == Reminders(lengths=(2 * HOUR,), percents=(10,))
    reports = file.settings_for("Finance Reports", package_id="p", catalog="Finance")
    assert reports.delivery_note is not None
    assert reports.delivery_note.startswith("The reports open at https://")
    assert reports.opens == "https://reports.contoso.example/"
    assert production.opens == RESOURCES
    assert reports.reason is not None
    assert reports.reason.takes("for CHG-77, as agreed")
    assert not reports.reason.takes("for CHG, as agreed")
    assert file.settings_for("Reader", package_id="p", catalog="Marketing").nudge_after is None
    assert file.settings_for("Reader", package_id="p", catalog="Marketing").entra_decides
    assert not file.settings_for("Reader", package_id="p", catalog="Sales").entra_decides
    assert file.settings_for("Reader", package_id="p", catalog="Sales").nudge_after == 4 * HOUR


NOT_WITH_ENTRA = {
    "quorum": "quorum: 2",
    "escalate_after": "escalate_after: 4h",
    "break_glass": "break_glass: {minutes: 60, review_within: 24h}",
}


@pytest.mark.parametrize("word", NOT_WITH_ENTRA)
def test_what_entra_knows_nothing_of_is_refused_where_it_decides(word: str) -> None:
    """One approval must not pass for a quorum."""
    [problem] = problems(within(f"decides: entra\n{NOT_WITH_ENTRA[word]}"))
    assert f"“{word}” cannot hold where Entra decides" in problem


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("defaults: {quorum: 2, decides: entra}", True),
        ("defaults: {quorum: 2}\npackages: {A: {decides: entra}}", True),
        ("defaults: {quorum: 2}\npackages: {A: {decides: entra, quorum: 1}}", False),
        ("defaults: {decides: entra}\npackages: {A: {quorum: 2}}", True),
        ("defaults: {decides: entra}\npackages: {A: {quorum: 2, decides: latchkey}}", False),
        ("catalogs: {C: {quorum: 2}}\npackages: {A: {decides: entra}}", True),
        ("catalogs: {C: {decides: entra}}\npackages: {A: {escalate_after: 4h}}", True),
        ("catalogs: {C: {quorum: 2}, D: {decides: entra}}", False),
        (
            "defaults: {escalate_after: 4h}\ncatalogs: {C: {decides: entra, escalate_after: none}}",
            False,
        ),
    ],
)
def test_it_is_refused_wherever_it_comes_from(text: str, is_refused: bool) -> None:
    """Whatever blocks may hold together for a package."""
    if is_refused:
        assert problems(text)
    else:
        parse_package_settings(text, name="latchkey.yml")


def test_what_several_lines_say_is_read() -> None:
    """A list, a person, a time, and a block."""
    block = (
        "quorum: [2, 1]\nowner: U0123456789\ndigest: Monday 09:00\n"
        "break_glass: {minutes: 60, review_within: 24h, people: on_call}"
    )
    found = parse_package_settings(within(block), name="x").settings_for(
        "Finance Reports", package_id="p"
    )
    assert [found.approvals_needed(stage) for stage in range(3)] == [2, 1, 1]
    assert found.owner == "U0123456789"
    assert found.digest == WeeklyTime(0, time(9))
    assert found.break_glass == BreakGlass(
        lasts=HOUR, review_within=DAY, people=BreakGlassPeople.ON_CALL
    )


def test_the_nearest_word_holds() -> None:
    """Policy before package, package before catalog, catalog before defaults; “none” takes back."""
    file = parse_package_settings(
        """\
defaults: {channel: C0DEFAULT, nudge_after: 4h, quorum: 2, delivery_note: Hello.}
catalogs:
  Finance: {channel: C0FINANCE, delivery_note: Welcome.}
packages:
  Reports:
    channel: C0REPORTS
    policies:
      Auditors: {channel: C0AUDIT}
      Interns: {channel: none}
  Reports (Sales): {channel: C0SALES, quorum: none, delivery_note: None}
""",
        name="x",
    )
    channels = {
        (package, catalog, policy): file.settings_for(
            package, package_id="p", catalog=catalog, policy=policy
        ).channel
        for package, catalog, policy in [
            ("Other", "Other", None),
            ("Other", "Finance", None),
            ("Reports", "Finance", None),
            ("Reports", "Finance", "Auditors"),
            ("Reports", "Finance", "Interns"),
            ("Reports", "Finance", "Others"),
            ("Reports", "Sales", None),
            ("reports", "finance", None),
        ]
    }
    assert list(channels.values()) == [
        "C0DEFAULT",
        "C0FINANCE",
        "C0REPORTS",
        "C0AUDIT",
        None,
        "C0REPORTS",
        "C0SALES",
        "C0DEFAULT",
    ]
    finance, sales = (
        file.settings_for("Reports", package_id="p", catalog=catalog)
        for catalog in ("Finance", "Sales")
    )
    assert (finance.approvals_needed(1), finance.delivery_note) == (2, "Welcome.")
    assert (sales.approvals_needed(1), sales.delivery_note) == (1, None)
    assert sales.nudge_after == 4 * HOUR


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ("chanel: C0123", "line 3, column 5: “chanel” means nothing here. Did you mean “channel”?"),
        ("channel: '#finance'", "line 3, column 5: “#finance” is a channel's name"),
        ("channel: #finance", "line 3, column 5: “channel” says nothing."),
        ("channel: U0ANN", "“U0ANN” is no Slack channel"),
        ("channel: [C0123]", "“channel” must be text."),
        ("quorum: 0", "from 1 to 20"),
        ("quorum: two", "from 1 to 20"),
        ("quorum: []", "from 1 to 20"),
        ("quorum: [1, 21]", "from 1 to 20"),
        ("nudge_after: 4", "“4” is no length of time"),
        ("nudge_after: 0h", "“0h” is no length of time"),
        ("nudge_after: 4 hours", "“4 hours” is no length of time"),
        ("escalate_after: 366d", "“366d” is no length of time"),
        ("quiet_hours: 8pm-7am", "“8pm-7am” is no time of the day"),
        ("quiet_hours: 20:00-24:00", "is no time of the day"),
        ("quiet_hours: 07:00-07:00", "begins when it ends"),
        ("quiet_hours: {}", "This says no time"),
        (
            "quiet_hours:\n  weekend: true",
            "line 4, column 7: “weekend” means nothing here. Did you",
        ),
        ("quiet_hours:\n  weekends: often", "“weekends” must be true or false."),
        ("reason_pattern: CHG", "“reason_pattern” needs a “reason_hint” beside it"),
        ("reason_hint: Say why.", "“reason_hint” says nothing without a “reason_pattern”"),
        ("reason_pattern: '[a-'\nreason_hint: Say why.", "“[a-” cannot be used as a pattern"),
        ("reason_pattern: (?=a)\nreason_hint: Say why.", "a look-ahead"),
        ("reason_pattern: a)|(b\nreason_hint: Say why.", "a bracket is closed"),
        ("reason_pattern: '(a{20}){14}'\nreason_hint: Say why.", "the pattern is too intricate"),
        (f"reason_pattern: {'a' * 201}\nreason_hint: Say why.", "a pattern may have 200."),
        (f"delivery_note: {'a' * 501}", "This has 501 characters; 500 are possible."),
        ("delivery_note: ''", "line 3, column 5: This must not be empty"),
        ("open: reports", "line 3, column 5: “reports” is no address that people can open"),
        ("open: http://reports.contoso.example", "one that begins with https://"),
        ("open: https://ann@reports.contoso.example", "is no address that people can open"),
        ("open: https://reports.contoso.example/a b", "no spaces"),
        ("open: https://reports.contoso.example/a|b", "is no address that people can open"),
        ("open: javascript:alert(1)", "is no address that people can open"),
        (f"open: https://reports.contoso.example/{'a' * 1_000}", "at most 1,000 characters"),
        ("open:", "“open” says nothing."),
        ("delivery_note: a\u202eb", "a character that nobody sees: U+202E"),
        ("digest: mondays", "“mondays” is no day of the week with a time"),
        ("digest: monday 24:00", "“monday 24:00” is no day of the week with a time"),
        ("owner: '@bo'", "“@bo” is neither a Slack user id (U…) nor a channel id"),
        ("reminders: 7", "“7” is no time before the end"),
        ("reminders: 4m", "at least 5m"),
        ("reminders: 0%", "“0%” is no time before the end"),
        ("reminders: 1h 2h 3h 4h 5h 6h 7h 8h 9h 10h 11h", "more than 10 reminders"),
        ("break_glass: {minutes: 60}", "“review_within” is missing."),
        ("break_glass: {minutes: 4, review_within: 1d}", "“minutes” must be at least 5."),
        ("break_glass: {minutes: 10081, review_within: 1d}", "“minutes” must be at most 10080."),
        ("break_glass: {minutes: an hour, review_within: 1d}", "must be a whole number."),
        (
            "break_glass: {minutes: 60, review_within: 1d, people: on-call}",
            "“on-call” is not possible for “people”. Did you mean “on_call”?",
        ),
        ("policies: {All: {quorum: 2}}", "“quorum” means nothing here. There is “channel”."),
        ("policies: {All: }", "“All” says nothing."),
        ("channel: C01\nchannel: C02", "line 4, column 5: “channel” is said twice."),
        ("channel: @finance", 'Put the text in quotes: "@finance".'),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_nearest_word(block: str, problem: str) -> None:
    """One sentence for it, and it says where."""
    [found] = problems(within(block))
    assert problem in found
    assert found.startswith("latchkey.yml, line ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("package: {}", "line 1, column 1: “package” means nothing here. Did you mean “packages”?"),
        ("defaults: {break_glass: none}", "“break_glass” means nothing here."),
        ("catalogs: {Finance: {policies: {}}}", "“policies” means nothing here."),
        ("packages:\n  Finance Reports:\n", "line 2, column 3: “Finance Reports” says nothing."),
        ("packages: [a]", "“packages” must be a block of words."),
        ('packages: {"Fin\\u200bance": {}}', "a character that nobody sees: U+200B"),
        ("- a", "The file must begin with words such as “packages:”."),
    ],
)
def test_a_block_in_the_wrong_place_is_named(text: str, problem: str) -> None:
    """Break-glass is for single packages, and policies belong to one."""
    [found] = problems(text)
    assert problem in found


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file() -> None:
    """Whoever writes a file does not want to learn of them one by one."""
    found = problems(within("quorum: 0\nchanel: C01\nowner: bo"))
    assert [each.split(",")[1].strip() for each in found] == ["line 3", "line 4", "line 5"]


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    """No traceback for a slip of the finger."""
    with pytest.raises(FileError, match="No such file"):
        read_package_settings(tmp_path / "latchkey.yml")


@pytest.mark.parametrize(
    ("pattern", "taken", "refused"),
    [
        ("CHG-[0-9]+", ["CHG-1", "see CHG-12.", "line\nCHG-3"], ["chg-1", "CHG-", "", None]),
        ("(?i)chg-[0-9]+", ["CHG-1", "chg-1"], ["CH-1"]),
        ("^CHG-[0-9]+$", ["CHG-1"], ["see CHG-1", "CHG-1 now"]),
        ("CHG|INC", ["INC", "a CHG"], ["chg"]),
        ("(a+)+b", ["aab"], ["a" * 1_000]),
    ],
)
def test_a_reason_must_contain_the_pattern(
    pattern: str, taken: list[str], refused: list[str | None]
) -> None:
    """Anywhere in it, unless the pattern holds itself to an end; and no pattern takes for ever."""
    file = parse_package_settings(
        within(f"reason_pattern: '{pattern}'\nreason_hint: Name a ticket."), name="x"
    )
    rule = file.settings_for("Finance Reports", package_id="p").reason
    assert rule is not None
    assert all(rule.takes(each) for each in taken)
    assert not any(rule.takes(each) for each in refused)


def test_a_hint_goes_with_its_own_pattern() -> None:
    """Of a package that has a rule of its own, nothing of the catalog's rule is left."""
    file = parse_package_settings(
        """\
catalogs: {Finance: {reason_pattern: CHG, reason_hint: Name a change.}}
packages:
  Reports: {reason_pattern: INC, reason_hint: Name an incident.}
  Ledger: {reason_pattern: none}
""",
        name="x",
    )
    reports = file.settings_for("Reports", package_id="p", catalog="Finance").reason
    assert reports is not None
    assert (reports.hint, reports.takes("CHG")) == ("Name an incident.", False)
    assert file.settings_for("Ledger", package_id="p", catalog="Finance").reason is None
    assert file.settings_for("Other", package_id="p", catalog="Finance").reason is not None


def test_reminders_may_be_shares_of_the_duration() -> None:
    """Of access that ends on no known day only the lengths are left."""
    file = parse_package_settings(within("reminders: 1d, 10%, 2h, 50%"), name="x")
    reminders = file.settings_for("Finance Reports", package_id="p").reminders
    assert reminders is not None
    assert reminders.rungs(10 * HOUR) == (DAY, 5 * HOUR, 2 * HOUR, HOUR)
    assert reminders.rungs(20 * HOUR) == (DAY, 10 * HOUR, 2 * HOUR)
    assert reminders.rungs(None) == (DAY, 2 * HOUR)


def test_names_that_nothing_bears_are_warnings() -> None:
    """The tenant may get such a package tomorrow; a name of several packages is said as well."""
    file = parse_package_settings(
        """\
catalogs: {Finanse: {}}
packages:
  Reports: {}
  Ledger:
    policies: {Auditor: {channel: none}, All: {channel: none}}
  Ledgre (Finance): {}
  Reports (Sales): {}
""",
        name="latchkey.yml",
    )
    offered = [
        PackageNames(package="Reports", catalog="Finance"),
        PackageNames(package="Reports", catalog="Sales"),
        PackageNames(package="Ledger", catalog="Finance", policies=("All", "Auditors")),
    ]
    assert file.warnings(offered) == [
        "latchkey.yml, line 1, column 12: There is no catalog “Finanse” that has packages. "
        "Did you mean “Finance”?",
        "latchkey.yml, line 3, column 3: “Reports” holds for several access packages: "
        "“Reports (Finance)” and “Reports (Sales)”.",
        "latchkey.yml, line 5, column 16: “Ledger” has no policy “Auditor”. Did you mean “Auditors”?",
        "latchkey.yml, line 6, column 3: There is no access package “Ledgre (Finance)”. "
        "There is “Ledger” and “Reports”.",
    ]


def test_the_channels_are_listed_with_their_places() -> None:
    """For `latchkey doctor`, which asks Slack about each once."""
    channels = dict(read_package_settings(EXAMPLE).channels())
    assert channels["C0123456789"] == ("catalogs", "Finance", "channel")
    assert channels["C0234567891"] == (
        "packages",
        "Finance Reports",
        "policies",
        "Auditors",
        "channel",
    )
    assert len(channels) == 3


def test_the_published_schema_is_the_model() -> None:
    """After a change of the model: `make schema`."""
    assert (DOCS / "latchkey.schema.json").read_text("utf-8") == schema.text()


def test_the_schema_takes_the_example() -> None:
    """An editor is content with it."""
    said = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    jsonschema.Draft202012Validator(json.loads(schema.text())).validate(said)


@pytest.mark.parametrize(
    "block",
    [
        "chanel: C0123",
        "channel: '#finance'",
        "channel: null",
        "quorum: 0",
        "nudge_after: 4 hours",
        "quiet_hours: 8pm-7am",
        "break_glass: {minutes: 60}",
        "break_glass: null",
        "reason_hint: Say why.",
        "reminders: 7",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(block: str) -> None:
    """An editor marks the same mistakes."""
    assert problems(within(block))
    said = yaml.safe_load(within(block))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json.loads(schema.text())).validate(said)
