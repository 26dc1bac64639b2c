"""List the kinds of thing that the file describes, one module each."""

from typing import Final

from bot.provisioning.kinds.base import (
    CatalogLevelKind,
    ChangeableKind,
    DeletableKind,
    FileLevelKind,
    ImportedKind,
    PackageLevelKind,
    ProvisionedKind,
)
from bot.provisioning.kinds.catalogs import CatalogKind
from bot.provisioning.kinds.groups import GroupKind, MemberKind
from bot.provisioning.kinds.incompatibilities import IncompatibilityKind
from bot.provisioning.kinds.packages import PackageKind
from bot.provisioning.kinds.people import ManagerKind, PersonKind
from bot.provisioning.kinds.policies import PolicyKind
from bot.provisioning.kinds.resources import ResourceKind
from bot.provisioning.kinds.roles import RoleKind
from bot.provisioning.writing.state import Key

# In the order in which the plan shows them; they can be deleted in the opposite one.
KINDS: Final[tuple[ProvisionedKind, ...]] = (
    PersonKind(),
    GroupKind(),
    ManagerKind(),
    MemberKind(),
    CatalogKind(),
    ResourceKind(),
    PackageKind(),
    RoleKind(),
    IncompatibilityKind(),
    PolicyKind(),
)
# In the order in which it is decided what of what left the file is deleted: what rests on others comes behind them.
REMOVAL_ORDER: Final = (
    "package",
    "policy",
    "role",
    "incompatible",
    "member",
    "resource",
    "catalog",
    "group",
    "person",
)
STAGES: Final = tuple(
    tuple(kind for kind in KINDS if kind.stage == stage)
    for stage in sorted({kind.stage for kind in KINDS})
)
_BY_NAME: Final = {kind.name: kind for kind in KINDS}
_CHANGEABLE: Final = {kind.name: kind for kind in KINDS if isinstance(kind, ChangeableKind)}
_DELETABLE: Final = {kind.name: kind for kind in KINDS if isinstance(kind, DeletableKind)}
_RANKS: Final = {kind.name: rank for rank, kind in enumerate(KINDS)}


def kind_of(key: Key) -> ProvisionedKind:
    """Return the kind of thing that a key names."""
    return _BY_NAME[key[0]]


def changeable_kind_of(key: Key) -> ChangeableKind:
    """Return the kind of thing that a key names, one that apply changes."""
    return _CHANGEABLE[key[0]]


def deletable_kind_of(key: Key) -> DeletableKind:
    """Return the kind of thing that a key of the state names."""
    return _DELETABLE[key[0]]


def rank_of(key: Key) -> int:
    """Return where in ``KINDS`` the kind of a key stands."""
    return _RANKS[key[0]]


def title_of(key: Key) -> str:
    """Say in words for people what a key of the state names."""
    return kind_of(key).title(*key[1:])


__all__ = [
    "KINDS",
    "REMOVAL_ORDER",
    "STAGES",
    "CatalogLevelKind",
    "ChangeableKind",
    "DeletableKind",
    "FileLevelKind",
    "ImportedKind",
    "PackageLevelKind",
    "ProvisionedKind",
    "changeable_kind_of",
    "deletable_kind_of",
    "kind_of",
    "rank_of",
    "title_of",
]
