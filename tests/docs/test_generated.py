"""What is made from the program is up to date, and what describes it by hand leaves nothing out."""

import re

import pytest

from bot.configuration.settings import Settings
from tests.bot.words.extraction import sentences
from tests.docs import audit_verbs, command_reference, messages
from tests.docs.references import ROOT

REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.parametrize(
    ("name", "made"),
    [("commands.md", command_reference.page), ("audit-verbs.md", audit_verbs.page)],
)
def test_the_page_is_up_to_date(name, made):
    """After a change: `make docs`."""
    assert (REFERENCE / name).read_text() == made()


def test_every_verb_of_the_audit_log_has_its_meaning():
    """A new one goes into `VERBS` of tests/docs/audit_verbs.py; one that nothing writes goes out."""
    written = audit_verbs.recorded()
    assert [
        each for each in written if not any(re.fullmatch(each, verb) for verb in audit_verbs.VERBS)
    ] == []
    assert [
        verb for verb in audit_verbs.VERBS if not any(re.fullmatch(each, verb) for each in written)
    ] == []


def test_verbs_are_found_wherever_they_stand():
    """They are found where they are given by name or by place, in a constant, by a choice, or put together."""
    assert {
        "pause",
        "webhook\\-skip",
        "delete\\-old",
        "revived",
        "ask\\-[a-z-]+",
    } <= audit_verbs.recorded()


def test_every_sentence_is_on_the_page_of_messages():
    """Letter by letter, once for each module that says it."""
    page = messages.page()
    lines = page.splitlines()
    said = [ids for _, ids, _context, _ in sentences() if isinstance(ids, str)]
    assert len(said) > 500
    assert all(any(each.replace("\n", "⏎") in line for line in lines) for each in said[::25])


def settings_rows():
    """The rows of the tables of settings: name, and default."""
    text = (REFERENCE / "settings.md").read_text().partition("## Where values come from")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", text, re.MULTILINE)
    return {name: re.split(r"(?<!\\)\|", rest)[1].strip() for name, rest in rows}


def variables():
    """The settings of the program: their variables, and their fields."""
    return {(field.alias or name).upper(): field for name, field in Settings.model_fields.items()}


def test_every_setting_has_its_row():
    """And no row is about a setting that is none."""
    assert set(settings_rows()) == set(variables())


@pytest.mark.parametrize("name", sorted(variables()))
def test_the_default_is_the_one_of_the_program(name):
    """Where there is one, the row has it; where there is none, the row has no value."""
    default = variables()[name].get_default()
    said = settings_rows()[name]
    if default in (None, ()):
        assert "`" not in said, said
        return
    value = getattr(default, "get_secret_value", lambda: default)()
    if name == "LATCHKEY_REMINDER_DAYS":
        value = ",".join(str(each.days) for each in value)
    if isinstance(value, bool):
        value = str(value).lower()
    assert said == f"`{value}`"
