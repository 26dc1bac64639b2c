"""Know each kind of name in the file: what it means in the tenant, and what to call what the tenant has."""

from typing import Final

from bot.provisioning.names.applications import ApplicationNameKind
from bot.provisioning.names.base import NameKind
from bot.provisioning.names.connected_organizations import ConnectedOrganizationNameKind
from bot.provisioning.names.entra_roles import EntraRoleNameKind
from bot.provisioning.names.groups import GroupNameKind
from bot.provisioning.names.packages import PackageNameKind
from bot.provisioning.names.people import PersonNameKind
from bot.provisioning.names.rules import RuleNameKind
from bot.provisioning.names.sites import SiteNameKind

NAME_KINDS: Final[tuple[NameKind, ...]] = (
    PersonNameKind(),
    GroupNameKind(),
    ApplicationNameKind(),
    PackageNameKind(),
    SiteNameKind(),
    EntraRoleNameKind(),
    ConnectedOrganizationNameKind(),
    RuleNameKind(),
)
_BY_WORD: Final = {word: kind for kind in NAME_KINDS for word in kind.words}


def name_kind(word: str) -> NameKind:
    """Return the kind of name that the file marks by this word, such as "group"."""
    return _BY_WORD[word]


def find_name_kind(word: str) -> NameKind | None:
    """Find the kind of name that the file marks by this word; None: the word stands alone, such as "manager"."""
    return _BY_WORD.get(word)


__all__ = ["NAME_KINDS", "NameKind", "find_name_kind", "name_kind"]
