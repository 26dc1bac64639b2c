"""The names of settings: what the environment and the file of settings hold, and which of it only looks like ours."""

import difflib
import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from bot.errors import ConfigurationError

OURS: Final = "LATCHKEY_"
ENV_FILE: Final = ".env"
# Kubernetes sets these in each container beside a Service called latchkey, and nobody has written them.
SERVICE_LINK: Final = re.compile(
    r"LATCHKEY_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)


def everything_given() -> dict[str, str]:
    """
    Return all that this machine's environment and the file of settings have, ours or not.

    Raises:
        ConfigurationError: There is such a file, and it is no text.
    """
    try:
        in_file = dotenv_values(ENV_FILE) if Path(ENV_FILE).is_file() else {}
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(
            [f"The file {ENV_FILE} in the working directory cannot be read as text."]
        ) from None
    return {**{name: value for name, value in in_file.items() if value is not None}, **os.environ}


def misspelled_settings(names: Iterable[str], *, known: Collection[str]) -> list[str]:
    """
    Return a sentence for each of *names* that begins like a setting of ours and is none.

    It would be ignored, and whoever has written it would go on believing that it counts.
    """
    found = {name.upper() for name in names if name.upper().startswith(OURS)}
    return [
        f"{name} is not a setting of Latchkey{_nearest(name, known)} (docs/settings.md has them all)."
        for name in sorted(found - set(known))
        if not SERVICE_LINK.fullmatch(name)
    ]


def _nearest(name: str, known: Iterable[str]) -> str:
    # By what follows the beginning that all of ours share.
    ours = {each.removeprefix(OURS): each for each in known if each.startswith(OURS)}
    near = difflib.get_close_matches(name.removeprefix(OURS), ours, n=1)
    return f"; the nearest is {ours[near[0]]}" if near else ""
