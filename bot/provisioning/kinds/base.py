"""
Ask each kind of thing the same questions, for plan, apply, import and destroy.

To add a kind: write a module with a class of these, and enter it in ``KINDS``.
"""

from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from bot.provisioning.file_format.model import File
from bot.provisioning.kinds.contexts import (
    ApplyContext,
    CatalogScope,
    FileScope,
    ImportContext,
    Inventory,
    PackageScope,
    RefreshContext,
    RemovalContext,
)
from bot.provisioning.policy_translation.from_graph import Words
from bot.provisioning.tenant.live_access import LiveAccess, say_giving
from bot.provisioning.tenant.resolve import Names
from bot.provisioning.tenant.snapshot import Located, Snapshot
from bot.provisioning.writing.diff import Change, Difference, Operation
from bot.provisioning.writing.state import Entry, Identity, Key
from bot.same_name import folded
from graph import Graph
from graph.models import AccessPackage, AccessPackageCatalog


class ProvisionedKind(ABC):
    """
    One kind of thing: how to name, read, plan and create it.

    Attributes:
        name: The first part of its keys, in the plan and in the state.
        stage: When apply makes it; what has the same number needs nothing of each other.
    """

    name: ClassVar[str]
    stage: ClassVar[int]

    @abstractmethod
    def title(self, *names: str) -> str:
        """Say a key of this kind, without its first part, in words for people."""

    @abstractmethod
    def keys(self, file: File) -> Iterable[Key]:
        """Yield a key for each that the file describes."""

    async def refresh(self, context: RefreshContext) -> None:
        """
        Read from the tenant what the file describes of this kind, into the snapshot.

        Raises:
            FileError: A name means more than one.
            GraphError: The tenant cannot be read.
        """
        del context

    def sequence_key(self, key: Key) -> Key:
        """Return a key that is the same for changes that must be made one after the other."""
        return key

    @abstractmethod
    async def create(self, change: Change, context: ApplyContext) -> None:
        """
        Create it, exactly once.

        Raises:
            GraphError: Graph refuses, or nobody can tell what happened.
        """


class ChangeableKind(ProvisionedKind):
    """A kind of which apply changes what the tenant has already; the others are created and deleted only."""

    @abstractmethod
    async def change(self, change: Change, context: ApplyContext) -> None:
        """
        Change it to what the file says, and see that the tenant shows it.

        Raises:
            GraphError: Graph refuses, or does not show what was written.
        """


class DeletableKind(ProvisionedKind):
    """
    A kind of which the state has entries: how to find, delete and keep one.

    Attributes:
        is_listed_when_left_alone: The plan names those that the file does not describe.
        is_compared_with_list: What a package of the file has too much of is found by comparing lists, not by the state.
        may_be_needed: Something that stays in the tenant may rest on it.
        has_former_name: The file may say what it `was`.
        stays_with_it: What else goes on where it stays although it left the file, a sentence without its end.
    """

    is_listed_when_left_alone: ClassVar[bool] = False
    is_compared_with_list: ClassVar[bool] = False
    may_be_needed: ClassVar[bool] = True
    has_former_name: ClassVar[bool] = False
    stays_with_it: ClassVar[str] = ""

    @abstractmethod
    def find(self, key: Key, names: Names, snapshot: Snapshot) -> Located | None:
        """Find in the snapshot the id of one that the tenant has, and the ids that deleting it takes."""

    @abstractmethod
    async def present(self, inventory: Inventory, entries: Sequence[Entry]) -> set[Identity]:
        """
        Read which of these the tenant still has, in few calls.

        Raises:
            GraphError: The tenant cannot be read.
        """

    @abstractmethod
    async def is_present(self, graph: Graph, entry: Entry) -> bool:
        """
        Read whether the tenant still has this one.

        Raises:
            NotFound: It has not.
            GraphError: The tenant cannot be read.
        """

    @abstractmethod
    async def delete(self, graph: Graph, entry: Entry) -> None:
        """
        Ask Graph to delete it.

        Raises:
            GraphError: Graph refuses, or nobody can tell what happened.
        """

    # Make no second one.

    async def name_now(self, scope: FileScope, object_id: str) -> str | None:
        """
        Read what the tenant calls one today; None if it is not where the file says, or has no name of its own.

        Raises:
            GraphError: The tenant cannot be read.
        """
        del scope, object_id
        return None

    async def refuse_second(
        self, scope: FileScope, key: Key, *inner: str | int, was: str | None = None
    ) -> None:
        """
        Refuse to make anew what Latchkey made before and the tenant has still: renamed since, or not listed at the moment.

        The first one would stay, with all that people may do by it, and nobody would know whose it is.

        Args:
            inner: Where in the catalog or package the file describes it.
            was: The name that the file says it had.

        Raises:
            GraphError: The tenant cannot be read.
        """
        for known_as in (key[-1], was):
            object_id = scope.made_as((*key[:-1], known_as)) if known_as else None
            name = await self.name_now(scope, object_id) if object_id is not None else None
            if known_as and name:
                self._refuse_second(scope, known_as, name, *inner)
                return

    def _refuse_second(self, scope: FileScope, known_as: str, name: str, *inner: str | int) -> None:
        if folded(name) == folded(known_as):
            scope.refuse(
                f"Latchkey made {self.name} “{name}”, which is there and which Entra does not list at the moment; "
                "plan again in some minutes.",
                *inner,
            )
            return
        way = f", or “was: {name}” below yours to rename it" if self.has_former_name else ""
        scope.refuse(
            f"Latchkey made {self.name} “{known_as}”, which is called “{name}” in Entra now. Write that name{way}; "
            "a second one is not made.",
            *inner,
        )

    async def plan_new(
        self,
        scope: FileScope,
        *inner: str | int,
        want: Any,
        key: Key,
        title: str,
        differences: tuple[Difference, ...] = (),
        was: str | None = None,
    ) -> Change:
        """
        Plan to create what the tenant does not have, and refuse that where Latchkey made it before.

        Args:
            inner: Where the file describes it.
            was: The name that the file says it had.

        Raises:
            GraphError: The tenant cannot be read.
        """
        await self.refuse_second(scope, key, *inner, was=was)
        return Change(
            operation=Operation.CREATE,
            key=key,
            title=title,
            line=scope.line(*inner),
            differences=differences,
            want=want,
        )

    # Keep it while somebody needs it.

    async def why_in_use(
        self, live_access: LiveAccess, object_id: str, within: Mapping[str, str]
    ) -> str | None:
        """Say why deleting it would take away what somebody has; None if it would not."""
        del live_access, object_id, within
        return None

    async def why_others_need(self, removal: RemovalContext, entry: Entry) -> str | None:
        """
        Say why destroy keeps it; None if it does not.

        Args:
            removal: The packages that Latchkey did not make, and what goes before this.
        """
        del removal, entry
        return None

    async def why_kept_by_now(self, graph: Graph, entry: Entry, made: Container[str]) -> str | None:
        """
        Say what somebody has added since it was decided to delete it, which would go with it; None if nothing.

        Args:
            made: Ids of what Latchkey had made when it began to delete.

        Raises:
            GraphError: It cannot be read.
        """
        del graph, entry, made
        return None

    async def packages_needing(
        self, removal: RemovalContext, entry: Entry
    ) -> Sequence[AccessPackage]:
        """Return the packages that stay and cannot be without it."""
        del removal, entry
        return ()

    def say_needed(self, packages: Sequence[AccessPackage]) -> str | None:
        """Say which packages need it; None if none does."""
        return say_giving(packages)

    async def why_in_use_when_removed(self, removal: RemovalContext, entry: Entry) -> str | None:
        """Say why it stays although the file no longer describes it and no package needs it."""
        return await self.why_in_use(removal.live_access, entry.id or "", entry.within)

    def say_kept(self, removal: RemovalContext, entry: Entry, why: str) -> str:
        """Say that it left the file and stays, and what to write if it has another name now."""
        sentence = f"{self.title(*entry.key[1:])}: no longer in this file, but {why}"
        if self.stays_with_it:
            sentence += f". {self.stays_with_it}"
        if self.has_former_name and entry.key[:-1] in removal.created:
            sentence += f". If it was renamed, write “was: {entry.key[-1]}” under its new name"
        return sentence

    def kept(self, removal: RemovalContext, entry: Entry) -> None:
        """Note what follows for others from keeping it."""
        del removal, entry

    def removed(self, removal: RemovalContext, entry: Entry) -> None:
        """Note what follows for others from deleting it."""
        del removal, entry


class FileLevelKind(ProvisionedKind):
    """A kind that the file describes at its top."""

    @abstractmethod
    async def plan(self, scope: FileScope) -> Sequence[Change]:
        """
        Compare the file with the tenant.

        Raises:
            GraphError: The tenant cannot be read.
        """


class ImportedKind(ProvisionedKind):
    """A kind that import writes into the file."""

    async def read_for_import(self, context: ImportContext) -> None:
        """
        Read all of this kind that is to be written, in few calls, and note whose names are needed.

        Raises:
            GraphError: The tenant cannot be read.
        """
        del context


class CatalogLevelKind(ImportedKind):
    """A kind that the file describes in each catalog."""

    @abstractmethod
    async def plan(self, scope: CatalogScope) -> Sequence[Change]:
        """Compare one catalog of the file with the tenant's; see `FileLevelKind.plan`."""

    @abstractmethod
    async def import_from_catalog(
        self, catalog: AccessPackageCatalog, context: ImportContext
    ) -> Words:
        """Return what the catalog's block in the file says of this kind."""


class PackageLevelKind(ImportedKind):
    """A kind that the file describes in each package."""

    @abstractmethod
    async def plan(self, scope: PackageScope) -> Sequence[Change]:
        """Compare one package of the file with the tenant's; see `FileLevelKind.plan`."""

    @abstractmethod
    async def import_from_package(self, package: AccessPackage, context: ImportContext) -> Words:
        """Return what the package's block in the file says of this kind."""
