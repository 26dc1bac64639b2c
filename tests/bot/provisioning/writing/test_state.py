"""The state: what Latchkey made."""

import asyncio
from pathlib import Path

import pytest

from bot.errors import LatchkeyError
from bot.provisioning.writing.state import StateFile, locked

KEY = ("group", "Campaign files")


async def test_what_was_begun_is_on_the_disk_at_once(tmp_path: Path) -> None:
    """Another process sees it, without an id."""
    await StateFile(tmp_path / "r.json", tenant="one").begin(KEY)
    assert StateFile(tmp_path / "r.json", tenant="one").is_begun(KEY)


async def test_what_many_begin_at_once_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And each goes on only when the disk has its own."""
    path = tmp_path / "r.json"
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", synced.append)
    state = StateFile(path, tenant="one")

    async def begin(name: str) -> bool:
        await state.begin(("group", name))
        return StateFile(path, tenant="one").is_begun(("group", name))

    assert all(await asyncio.gather(*(begin(f"Team {at}") for at in range(50))))
    assert len(synced) == 1


def test_tenants_do_not_see_each_other(tmp_path: Path) -> None:
    """One file may be applied to a test tenant and to the real one."""
    StateFile(tmp_path / "r.json", tenant="one").add(KEY, "id")
    other = StateFile(tmp_path / "r.json", tenant="two")
    assert other.entries() == []
    other.add(KEY, "other")
    assert [each.id for each in StateFile(tmp_path / "r.json", tenant="one").entries()] == ["id"]


@pytest.mark.parametrize("then", ["7E0000AB", "7e0000ab", "7E0000ab"])
def test_a_tenant_is_the_same_in_any_letters(tmp_path: Path, then: str) -> None:
    """A colleague may have copied its id in capitals; what Latchkey made would be nobody's."""
    StateFile(tmp_path / "r.json", tenant="7E0000ab").add(KEY, "id")
    text = (tmp_path / "r.json").read_text()
    (tmp_path / "r.json").write_text(text.replace("7e0000ab", then))
    for tenant in ("7E0000AB", "7e0000ab"):
        (entry,) = StateFile(tmp_path / "r.json", tenant=tenant).entries()
        assert entry.id == "id"


@pytest.mark.parametrize(("mine", "other"), [("yml", "yaml"), ("yaml", "yml")])
def test_two_files_that_would_share_a_state_are_refused(
    tmp_path: Path, mine: str, other: str
) -> None:
    """What one describes would have left the other, and be deleted."""
    (tmp_path / f"access.{mine}").touch()
    StateFile.beside(tmp_path / f"access.{mine}", tenant="one")
    (tmp_path / f"access.{other}").touch()
    with pytest.raises(LatchkeyError, match=f"access.{mine} and access.{other} would share"):
        StateFile.beside(tmp_path / f"access.{mine}", tenant="one")


def test_a_state_of_nothing_is_no_file(tmp_path: Path) -> None:
    """After destroy nothing lies about."""
    state = StateFile(tmp_path / "r.json", tenant="one")
    state.add(KEY, "id")
    state.remove([KEY])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2, "tenants": {}}', '{"version": 1}'])
def test_a_damaged_state_file_stops_everything(tmp_path: Path, text: str) -> None:
    """Without it Latchkey cannot tell what is its own; guessing would delete what is not."""
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(LatchkeyError, match=str(path)):
        StateFile(path, tenant="one")


def test_two_do_not_apply_the_same_file_at_once(tmp_path: Path) -> None:
    """The second is told to wait."""
    path = tmp_path / "access.yml"
    path.touch()
    with (
        locked(path),
        pytest.raises(LatchkeyError, match="Another Latchkey is at work"),
        locked(path),
    ):
        pass
    with locked(path):
        pass
