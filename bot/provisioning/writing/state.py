"""Keep the state beside the file: what Latchkey itself made in a tenant, so that it deletes nothing else."""

import asyncio
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bot import clock
from bot.errors import LatchkeyError

try:
    import fcntl
except ImportError:  # Windows has no such lock
    fcntl = None  # type: ignore[assignment]

# What a thing is and where, such as ("policy", "Marketing", "Campaign", "Everyone").
Key = tuple[str, ...]
# What a thing is in the tenant: its kind, its id, and the ids that deleting it takes.
Identity = tuple[str, str | None, frozenset[tuple[str, str]]]

VERSION: Final = 1
# Of files of packages; the state's name has neither.
EXTENSIONS: Final = (".yml", ".yaml")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    One thing that Latchkey made, or began to make.

    Attributes:
        id: Graph's id; None while it is only known that it was begun.
        within: Ids that deleting it takes, such as the catalog's.
        begun_at: When it was begun (aware UTC).
        is_deleting: Graph was asked to delete it, and may have done so.
    """

    key: Key
    id: str | None
    begun_at: datetime
    within: Mapping[str, str] = field(default_factory=dict)
    is_deleting: bool = False

    @property
    def identity(self) -> Identity:
        """Return kind and ids: what it is in the tenant, whatever the file calls it."""
        return self.key[0], self.id, frozenset(self.within.items())


def state_of(path: Path) -> Path:
    """Return where the state of the file *path* is: ``access.yml`` has ``access.latchkey.json``."""
    return path.with_suffix(".latchkey.json")


class StateFile:
    """
    Keep what was made in a file that is on the disk before the next call leaves.

    An entry is written before the call that makes the thing: whoever dies between the call and its
    answer finds at the next start that the thing, if it is there, is Latchkey's own.
    """

    def __init__(self, path: Path, *, tenant: str) -> None:
        """
        Args:
            path: The state's own file.
            tenant: The tenant's id; one file may be applied to several tenants.

        Raises:
            LatchkeyError: The state cannot be read.
        """
        self.path = path
        # Whoever else applies the file may have written the id in other letters.
        self.tenant = tenant.casefold()
        self._all = _read(path)
        found = self._all.setdefault(self.tenant, [])
        self._entries = {entry.key: entry for entry in map(_entry, found)}
        self._is_behind = False

    @classmethod
    def beside(cls, path: Path, *, tenant: str) -> "StateFile":
        """
        Open the state of the file *path*.

        Raises:
            LatchkeyError: It cannot be read, or another file would share it: what that describes would have left this one.
        """
        others = [path.with_suffix(each) for each in EXTENSIONS if each != path.suffix]
        for other in others:
            if path.suffix in EXTENSIONS and other.is_file():
                raise LatchkeyError(
                    f"{path.name} and {other.name} would share {state_of(path).name}, the state of what Latchkey made, "
                    "and each take away what the other describes. Give one of them another name."
                )
        return cls(state_of(path), tenant=tenant)

    def entry(self, key: Key) -> Entry | None:
        return self._entries.get(key)

    def entries(self, *kinds: str) -> list[Entry]:
        """Return what was made or begun, oldest first; all of it, or these kinds."""
        return [each for each in self._entries.values() if not kinds or each.key[0] in kinds]

    def ids(self) -> frozenset[str]:
        """Return the ids of all that was made."""
        return frozenset(each.id for each in self._entries.values() if each.id is not None)

    def is_begun(self, key: Key) -> bool:
        """Tell whether an earlier try may have made it without learning its id."""
        found = self._entries.get(key)
        return found is not None and found.id is None

    async def begin(self, key: Key) -> None:
        """Note that it is about to be made; when this returns, the disk has it."""
        self._entries[key] = Entry(key=key, id=None, begun_at=clock.real())
        await self._written()

    async def add_together(self, key: Key, made_id: str, **within: str) -> None:
        """Note that Latchkey made it, as `add` does; what many note at once is written once."""
        self._entries[key] = self._entry_for(key, made_id, within)
        await self._written()

    def add(self, key: Key, made_id: str, **within: str) -> None:
        """Note that Latchkey made it."""
        self._set(self._entry_for(key, made_id, within))

    def _entry_for(self, key: Key, made_id: str, within: Mapping[str, str]) -> Entry:
        begun = self._entries.get(key)
        at = begun.begun_at if begun else clock.real()
        return Entry(key=key, id=made_id, begun_at=at, within=within)

    def rename(self, key: Key, other: Key) -> None:
        """Note that what was made as *key* goes by *other* now; an entry of that key stays as it is."""
        if key in self._entries and other not in self._entries:
            self._set(replace(self._entries.pop(key), key=other))

    def mark_deleting(self, identity: Identity, *, begun: bool) -> None:
        """Note that Graph is about to be asked to delete it, or that it refused."""
        for entry in self._of(identity):
            if entry.is_deleting != begun:
                self._set(replace(entry, is_deleting=begun))

    def is_deleting(self, identity: Identity) -> bool:
        """Tell whether Graph was asked to delete it before."""
        return any(each.is_deleting for each in self._of(identity))

    def _of(self, identity: Identity) -> list[Entry]:
        return [each for each in self.entries(identity[0]) if each.identity == identity]

    def remove(self, keys: Iterable[Key]) -> None:
        """Note that they are gone, or were never made."""
        known = [key for key in keys if self._entries.pop(key, None)]
        if known:
            self._write()

    def remove_deleted(self, identity: Identity) -> None:
        """Note that the thing is gone, whatever it was called."""
        self.remove([each.key for each in self._of(identity)])

    def _set(self, entry: Entry) -> None:
        self._entries[entry.key] = entry
        self._write()

    async def _written(self) -> None:
        """Return when the file has all that was noted so far; whoever notes something at the same time shares the writing."""
        self._is_behind = True
        await asyncio.sleep(0)
        if self._is_behind:
            self._write()

    def _write(self) -> None:
        self._is_behind = False
        self._all[self.tenant] = [_plain(entry) for entry in self._entries.values()]
        tenants = {tenant: made for tenant, made in self._all.items() if made}
        try:
            self._replace(tenants)
        except OSError as error:
            raise LatchkeyError(
                f"{self.path}, the state of what Latchkey made, cannot be written: {error.strerror or error}. Without it "
                "nothing more is made or deleted; once it can be written, do the same again to go on."
            ) from error

    def _replace(self, tenants: Mapping[str, list[Any]]) -> None:
        """Put this into the file's place, whole or not at all, even if the power fails."""
        if not tenants:
            self.path.unlink(missing_ok=True)
            return
        text = json.dumps({"version": VERSION, "tenants": tenants}, indent=1, ensure_ascii=False)
        half = self.path.with_name(f"{self.path.name}.half")
        with half.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        half.replace(self.path)


def _read(path: Path) -> dict[str, list[Any]]:
    try:
        said = json.loads(path.read_text("utf-8"))
        if said["version"] != VERSION:
            raise LatchkeyError(f"{path} was written by a newer Latchkey.")
        tenants: dict[str, list[Any]] = {}
        for tenant, found in said["tenants"].items():
            list(map(_entry, found))
            tenants.setdefault(tenant.casefold(), []).extend(found)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LatchkeyError(
            f"{path}, the state of what Latchkey made, cannot be read ({error}). Restore it; without it "
            "Latchkey cannot tell what is its own."
        ) from error
    return tenants


def _entry(said: Any) -> Entry:
    return Entry(
        key=tuple(map(str, said["what"])),
        id=said["id"],
        begun_at=datetime.fromisoformat(said["begun"]),
        within={str(name): str(value) for name, value in said["within"].items()},
        is_deleting=bool(said.get("ending")),
    )


def _plain(entry: Entry) -> dict[str, Any]:
    return {
        "what": list(entry.key),
        "id": entry.id,
        "begun": entry.begun_at.isoformat(timespec="seconds"),
        "within": dict(entry.within),
        **({"ending": True} if entry.is_deleting else {}),
    }


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """
    Keep a second Latchkey on this machine from applying the same file meanwhile.

    Raises:
        LatchkeyError: One does.
    """
    with path.open("rb") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LatchkeyError(
                    f"Another Latchkey is at work with {path.name}; wait until it is done."
                ) from None
        yield
