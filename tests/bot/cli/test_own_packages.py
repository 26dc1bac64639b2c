"""Latchkey starts only where its top-level packages are its own."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.cli.own_packages import OURS, SharedEnvironment, check_own_packages


def install(folder: Path, name: str, *files: str) -> None:
    """Put *files* and the metadata of a distribution into *folder*, as pip would."""
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "RECORD").write_text("".join(f"{file},,0\n" for file in files))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site-packages with Latchkey in it."""
    folder = tmp_path / "site-packages"
    install(folder, "latchkey", *(f"{name}/__init__.py" for name in OURS))
    return folder


def test_an_environment_of_its_own_is_accepted(site: Path) -> None:
    """With other distributions, whose packages have other names."""
    install(site, "graphviz", "graphviz/__init__.py", "graphviz/bot/__init__.py")

    check_own_packages(root=site, path=[str(site)])


def test_this_checkout_is_accepted() -> None:
    """As it is installed for these tests."""
    check_own_packages()


def test_files_of_another_distribution_among_ours_are_refused(site: Path) -> None:
    """pip installs it without a word; whose file is there depends on the order."""
    install(site, "graph-tools", "graph/__init__.py", "graph/tools.py")

    with pytest.raises(SharedEnvironment, match="“graph” of graph-tools"):
        check_own_packages(root=site, path=[str(site)])


@pytest.mark.parametrize("file", ["handlers/__init__.py", "handlers.py", "handlers/events.py"])
def test_a_package_that_would_be_imported_instead_of_ours_is_refused(
    site: Path, tmp_path: Path, file: str
) -> None:
    """A folder that Python searches before ours, as site-packages before a checkout."""
    first = tmp_path / "first"
    install(first, "other", file)
    if file == "handlers/events.py":
        # Without an __init__.py it only counts if ours has none either.
        (site / "handlers" / "__init__.py").unlink()

    with pytest.raises(SharedEnvironment, match=r"“handlers” in .*first"):
        check_own_packages(root=site, path=[str(first), str(site)])


def test_every_command_is_refused_but_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence with the way out, and with the exit code of wrong settings."""
    install(tmp_path, "other", "handlers.py")
    monkeypatch.syspath_prepend(str(tmp_path))

    refused = CliRunner().invoke(main, ["run"])
    assert refused.exit_code == 2
    assert "Install Latchkey into an environment of its own" in refused.output
    assert CliRunner().invoke(main, ["--help"]).exit_code == 0
