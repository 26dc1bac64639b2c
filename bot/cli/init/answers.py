"""The answers so far: read from where they were written, judged as `latchkey run` judges them, one at a time."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from bot.configuration.names import TEXT
from bot.configuration.problems import problems_for_running
from bot.configuration.settings import read_settings
from bot.errors import ConfigurationError

# What neither a shell, nor systemd, nor Compose, nor we would read as it stands, even within quotes.
UNWRITABLE: Final = frozenset("'\\\n\r\0")


def read_answers(file: Path) -> dict[str, str]:
    """
    Return what a file of settings holds; empty if there is none.

    Raises:
        ConfigurationError: It is no text.
    """
    try:
        text = file.read_text(encoding=TEXT)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError([f"The file {file.name} cannot be read as text."]) from None
    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value for name, value in found.items() if value}


def problem_with(name: str, value: str, others: Mapping[str, str]) -> str | None:
    """
    Return what is wrong with one answer, a sentence with the fix; None when it is fine.

    Nothing of the value is in the sentence that `latchkey run` would not say, too.
    """
    wrong = unwritable(name, value)
    if wrong:
        return wrong
    found = [each for each in problems_in({**others, name: value}) if subject_of(each) == name]
    return found[0] if found else None


def unwritable(name: str, value: str) -> str | None:
    """Return why a value cannot stand in a file of settings; None if it can."""
    if UNWRITABLE & set(value):
        return f"{name} has a quotation mark, a backslash or a line end in it, which no file of settings holds."
    return None


def problems_in(answers: Mapping[str, str], *, without: Iterable[str] = ()) -> list[str]:
    """
    Return what `latchkey run` would say to these answers.

    Args:
        without: Settings whose files come later.
    """
    given = {name: value for name, value in answers.items() if name not in set(without)}
    try:
        return problems_for_running(read_settings(given))
    except ConfigurationError as error:
        return list(error.problems)


def subject_of(sentence: str) -> str:
    """Return the setting that a sentence about a problem begins with."""
    return sentence.split()[0].rstrip(":,")
