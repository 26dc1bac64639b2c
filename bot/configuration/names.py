"""The names of settings: what the environment and the file of settings hold, and which of it only looks like ours."""

import difflib
import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from bot.errors import ConfigurationError

OURS: Final = "LATCHKEY_"
# Behind the name of a setting: the file that holds its value, as containers are handed their secrets.
IN_FILE: Final = "_FILE"
# Settings are words and addresses; a file of more than this is another one.
LONGEST_FILE: Final = 64 * 1024
ENV_FILE: Final = ".env"
# With the mark or without it that editors on Windows begin a file with: it would be a part of the first name, which nobody knows then.
TEXT: Final = "utf-8-sig"
# Kubernetes sets these in each container beside a Service called latchkey, and nobody has written them.
SERVICE_LINK: Final = re.compile(
    r"LATCHKEY_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)


# What libraries read, and from the environment alone.
FOR_LIBRARIES: Final = frozenset(
    {
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    }
)


def ignored_in_file() -> list[str]:
    """Return a sentence for each variable that the file of settings holds and only the environment would set."""
    in_file = {name.upper() for name in _in_file()}
    return [
        f"{name} is in {ENV_FILE}, where nothing reads it: set it in the environment (export {name}=…)."
        for name in sorted(in_file & FOR_LIBRARIES)
        if not any(os.environ.get(spelled) for spelled in (name, name.lower()))
    ]


def everything_given() -> dict[str, str]:
    """
    Return all that this machine's environment and the file of settings have, ours or not; what the environment sets to nothing, the file sets.

    Raises:
        ConfigurationError: There is such a file, and it is no text.
    """
    in_file = _in_file()
    names = {name.upper() for name in in_file}
    return in_file | {
        name: value
        for name, value in os.environ.items()
        if value.strip() or name.upper() not in names
    }


def _in_file() -> dict[str, str]:
    try:
        found = (
            dotenv_values(ENV_FILE, interpolate=False, encoding=TEXT)
            if Path(ENV_FILE).is_file()
            else {}
        )
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(
            [f"The file {ENV_FILE} in the working directory cannot be read as text."]
        ) from None
    return {name: value for name, value in found.items() if value is not None}


def with_values_from_files(
    given: Mapping[str, str], *, known: Collection[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """
    Read the settings that a variable ``…_FILE`` keeps in a file.

    Args:
        given: Names in any case, and their values.
        known: The names of all settings, in capitals.

    Returns:
        All of *given*, with what was in the files (blanks around it are left out); and a sentence for each setting whose
        file cannot be used, by its name.  Neither a path nor what is in a file is repeated: it may be a secret that was
        pasted in the wrong place.
    """
    values = dict(given)
    # A variable that is set to nothing is unset.
    by_name = {name.upper(): value.strip() for name, value in given.items() if value.strip()}
    troubles: dict[str, str] = {}
    for name in sorted(known):
        twin = f"{name}{IN_FILE}"
        if twin not in by_name:
            continue
        if name in by_name:
            troubles[name] = f"{name} and {twin} are both set: keep one of them."
            continue
        found = _content(Path(by_name[twin]))
        if found is None:
            troubles[name] = f"{twin} must be the path of a text file that can be read."
        elif not found:
            troubles[name] = f"{twin} names a file with nothing in it."
        else:
            values[name] = found
    return values, troubles


def _content(path: Path) -> str | None:
    """Return what is in a file of one value; None if it cannot be that."""
    try:
        if not path.is_file() or path.stat().st_size > LONGEST_FILE:
            return None
        text = path.read_text(encoding=TEXT).strip()
    except (OSError, ValueError):
        return None
    return None if "\0" in text else text


def misspelled_settings(names: Iterable[str], *, known: Collection[str]) -> list[str]:
    """
    Return a sentence for each of *names* that begins like a setting of ours and is none.

    It would be ignored, and whoever has written it would go on believing that it counts.
    """
    found = {name.upper() for name in names if name.upper().startswith(OURS)}
    twins = {f"{name}{IN_FILE}" for name in known}
    return [
        f"{name} is not a setting of Latchkey{_nearest(name, known)} (docs/reference/settings.md has them all)."
        for name in sorted(found - set(known) - twins)
        if not SERVICE_LINK.fullmatch(name)
    ]


def _nearest(name: str, known: Iterable[str]) -> str:
    # By what follows the beginning that all of ours share.
    ours = {each.removeprefix(OURS): each for each in known if each.startswith(OURS)}
    near = difflib.get_close_matches(name.removeprefix(OURS), ours, n=1)
    return f"; the nearest is {ours[near[0]]}" if near else ""
