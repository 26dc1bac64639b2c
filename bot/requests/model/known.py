"""Hold what our own rows know of a package that somebody has just asked for, and of whoever asked."""

from dataclasses import dataclass

from bot.packages.model import Package
from bot.requests.model.request import Request


@dataclass(frozen=True, kw_only=True)
class KnownPackage:
    """
    A package that somebody has asked for, as far as our own rows know it at that moment.

    Attributes:
        package: None if it is not known any more.
        is_for_others: Its policies name single people, and not this one.
        is_of_stranger: Who asked is not known in Entra yet: they may be a guest, who is given nothing.
        removal: The request by which an admin has taken it from them lately, so that an admin decides.
    """

    package: Package | None
    is_for_others: bool = False
    is_of_stranger: bool = False
    removal: Request | None = None
