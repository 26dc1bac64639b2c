"""Compare names as people read them."""

import unicodedata


def folded(name: str | None) -> str:
    """Return a name without regard to capitals, and to whether a letter and its accent are one character or two."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name or "").casefold())
