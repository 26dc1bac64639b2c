"""Reads the file, and says what is wrong with it, where, and what was probably meant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.provisioning.file_format.model import (
    DescribedCatalog,
    DescribedGroup,
    DescribedPackage,
    File,
)
from bot.provisioning.file_format.policy_model import Policy
from bot.same_name import composed, folded
from bot.source import FileError, Place, Source, validate
from bot.yaml_file import parse, read_utf8


@dataclass(frozen=True, kw_only=True)
class Document(Source):
    """A file that was read: what it says, and where each part of it stands."""

    file: File


def read_file(path: Path) -> Document:
    """
    Read a file of packages.

    Raises:
        FileError: It cannot be read, is no YAML, or says something we do not understand.
    """
    return read_text(read_utf8(path), name=path.name)


def read_text(text: str, *, name: str) -> Document:
    """
    Read text as a file of packages; *name* is what problems call it.

    Raises:
        FileError: As ``read_file``.
    """
    # A letter and its accent are one character in every name, however the editor wrote them.
    source, said = parse(composed(text), name=name, first_word="catalogs")
    document = Document(name=name, positions=source.positions, file=validate(source, said, File))
    file = document.file
    twice = [
        document.problem(place, f"“{said}” stands here twice.") for place, said in _doubles(file)
    ]
    twice += [
        document.problem(
            place, f"“was: {said}” is the name of another one in this file, or of this."
        )
        for place, said in _former_names_in_use(file)
    ]
    if twice:
        raise FileError(twice)
    return document


def _doubles(file: File) -> Iterable[tuple[Place, str]]:
    """Yield what is told apart by its name, and has the name of another."""
    lists: list[tuple[Place, list[str]]] = [
        (("people",), [each.email for each in file.people]),
        (("groups",), [each.name for each in file.groups]),
        (("catalogs",), [each.name for each in file.catalogs]),
    ]
    for at, catalog in enumerate(file.catalogs):
        place: Place = ("catalogs", at, "packages")
        lists.append((place, [each.name for each in catalog.packages]))
        things = [each.thing for each in catalog.resources]
        lists.append((("catalogs", at, "resources"), things))
        for number, package in enumerate(catalog.packages):
            policies = [each.name for each in package.policies]
            lists.append(((*place, number, "policies"), policies))
    for place, said in lists:
        alike = [folded(each) for each in said]
        yield from (((*place, at), each) for at, each in enumerate(said) if alike[at] in alike[:at])


def _former_names_in_use(file: File) -> Iterable[tuple[Place, str]]:
    """Yield each “was” that is the name of something else in the file, or stands there twice."""
    lists: list[
        tuple[Place, Sequence[DescribedGroup | DescribedCatalog | DescribedPackage | Policy]]
    ] = [
        (("groups",), file.groups),
        (("catalogs",), file.catalogs),
    ]
    for at, catalog in enumerate(file.catalogs):
        place: Place = ("catalogs", at, "packages")
        lists.append((place, catalog.packages))
        for number, package in enumerate(catalog.packages):
            lists.append(((*place, number, "policies"), package.policies))
    for place, things in lists:
        used = {folded(each.name) for each in things}
        for number, thing in enumerate(things):
            was = thing.was
            if was is None:
                continue
            if folded(was) in used:
                yield (*place, number, "was"), was
            used.add(folded(was))
