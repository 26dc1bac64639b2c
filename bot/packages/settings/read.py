"""Reads a package settings file."""

from pathlib import Path

from bot.packages.settings.blocks import SettingsFile
from bot.packages.settings.file import PackageSettingsFile
from bot.same_name import composed
from bot.source import FileError, validate
from bot.yaml_file import parse, read_utf8


def read_package_settings(path: Path) -> PackageSettingsFile:
    """
    Read the file that ``LATCHKEY_PACKAGE_SETTINGS`` names.

    Raises:
        FileError: It cannot be read, is no YAML, or says something we do not understand; all problems at once.
    """
    return parse_package_settings(read_utf8(path), name=path.name)


def parse_package_settings(text: str, *, name: str) -> PackageSettingsFile:
    """
    Read text as a package settings file; *name* is what problems call it.

    Raises:
        FileError: As `read_package_settings`.
    """
    # A letter and its accent are one character in every name that it is compared with.
    source, said = parse(composed(text), name=name, first_word="packages")
    file = PackageSettingsFile(
        source=source, content=validate(source, said, SettingsFile), said=said
    )
    contradictions = file.contradictions()
    if contradictions:
        raise FileError(contradictions)
    return file
