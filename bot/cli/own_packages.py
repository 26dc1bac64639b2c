"""Refuse to start where another distribution provides one of Latchkey's top-level packages."""

import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

import click

OURS: Final = ("bot", "graph", "handlers", "migrations", "sandbox")
ROOT: Final = Path(__file__).resolve().parents[2]


class SharedEnvironment(click.ClickException):
    """Another distribution provides one of our packages; waiting does not mend it, as wrong settings."""

    exit_code = 2


def check_own_packages(*, root: Path = ROOT, path: Sequence[str] | None = None) -> None:
    """
    Check that the packages which will be imported are ours, and only ours.

    Nothing is imported for it.

    Args:
        root: The folder that holds our packages: a checkout, or site-packages.
        path: The folders that Python searches; None: those of ``sys.path``.

    Raises:
        SharedEnvironment: Another folder comes first, or another distribution has put files among ours.
    """
    found = [*_elsewhere(root, sys.path if path is None else path), *_among_ours(root)]
    if found:
        raise SharedEnvironment(
            f"Another distribution provides a package that is named as one of Latchkey's: {'; '.join(found)}. "
            "Install Latchkey into an environment of its own (docs/how-to/operations.md, “Install”)."
        )


def _elsewhere(root: Path, path: Sequence[str]) -> Iterator[str]:
    """Yield the packages that Python would import from another folder than *root*."""
    for name in OURS:
        spec = PathFinder.find_spec(name, path)
        if spec is None:
            continue
        # A module that is a single file has no folder.
        places = list(spec.submodule_search_locations or [spec.origin or "?"])
        if any(Path(place).resolve() != root / name for place in places):
            yield f"“{name}” in {places[0]}"


def _among_ours(root: Path) -> Iterator[str]:
    """Yield the packages that a distribution installed in *root* shares with us, by its list of files."""
    for distribution in distributions(path=[str(root)]):
        files = "\n" + (distribution.read_text("RECORD") or "")
        shared = [each for each in OURS if f"\n{each}/" in files or f"\n{each}.py," in files]
        # Its name takes longer to read than its files.
        if shared and distribution.name != "latchkey":
            yield from (f"“{each}” of {distribution.name}" for each in shared)
