"""Know each kind of name in the file: what it means in the tenant, and what to call what the tenant has."""

from typing import Final

from bot.provisioning.names.applications import ApplicationNames
from bot.provisioning.names.base import NameKind
from bot.provisioning.names.connected_organizations import ConnectedOrganizationNames
from bot.provisioning.names.entra_roles import EntraRoleNames
from bot.provisioning.names.groups import GroupNames
from bot.provisioning.names.packages import PackageNames
from bot.provisioning.names.people import PersonNames
from bot.provisioning.names.rules import RuleNames
from bot.provisioning.names.sites import SiteNames

NAME_KINDS: Final[tuple[NameKind, ...]] = (
    PersonNames(),
    GroupNames(),
    ApplicationNames(),
    PackageNames(),
    SiteNames(),
    EntraRoleNames(),
    ConnectedOrganizationNames(),
    RuleNames(),
)
_BY_WORD: Final = {word: kind for kind in NAME_KINDS for word in kind.words}


def name_kind(word: str) -> NameKind:
    """Return the kind of name that the file marks by this word, such as "group"."""
    return _BY_WORD[word]


def find_name_kind(word: str) -> NameKind | None:
    """Find the kind of name that the file marks by this word; None: the word stands alone, such as "manager"."""
    return _BY_WORD.get(word)


__all__ = ["NAME_KINDS", "NameKind", "find_name_kind", "name_kind"]
