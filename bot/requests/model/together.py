"""The results for several packages that somebody asked for at once."""

from dataclasses import dataclass, field

from bot.packages.model import Package
from bot.requests.model.request import Request


@dataclass(frozen=True, kw_only=True)
class AskedTogether:
    """
    The results for several packages that somebody asked for at once.

    Attributes:
        asked: Their new requests.
        doubtful: Ids of those among them that they may not be let have, as far as is known.
        open_before: Those that were open already.
        with_forms: Packages that ask what only a form of their own can answer; not asked for yet.
        refused: Packages that were not asked for, each with the sentence that says why.
        is_something_gone: Something of what was chosen is not offered any more, and its name not known.
        not_saved: Packages that were not asked for because the database did not answer.
        not_known: Packages that may have been asked for: the database went away while it saved that.
    """

    asked: list[Request] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)
    open_before: list[Request] = field(default_factory=list)
    with_forms: list[Package] = field(default_factory=list)
    refused: list[tuple[Package, str]] = field(default_factory=list)
    is_something_gone: bool = False
    not_saved: list[Package] = field(default_factory=list)
    not_known: list[Package] = field(default_factory=list)
