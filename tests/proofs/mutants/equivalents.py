"""
Changes that no test could notice, each with the reason: the module means the same with it.

Each is counted by itself, and neither as noticed nor as survived.
"""

from collections.abc import Mapping
from typing import Final

# By module, then by what `make mutants` says of the change.
EQUIVALENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "bot/packages/settings/strictest.py": {
        "strictest: _quorum(one, other)  ->  _quorum(other, one)": (
            "It takes the greater number of each stage, so it does not matter which comes first."
        ),
        (
            "strictest: _break_glass(one.break_glass, other.break_glass)  ->  "
            "_break_glass(other.break_glass, one.break_glass)"
        ): "It takes the lesser limit of each kind; of two kinds of people there is one that is stricter.",
    },
}
