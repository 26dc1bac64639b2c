"""Tell people of one name apart, by an id that no two of them have."""

from collections import Counter
from collections.abc import Mapping

from bot.same_name import folded


def told_apart(names: Mapping[str, str]) -> dict[str, str]:
    """Return *names*, by id, each with the id where somebody else among them has the name."""
    count = Counter(folded(name) for name in names.values())
    return {
        key: f"{name} ({key})" if count[folded(name)] > 1 else name for key, name in names.items()
    }
