"""The table of what `make mutants` changes keeps up with the code and its tests."""

import pytest

from tests.proofs.mutants.changes import changes_of
from tests.proofs.mutants.equivalents import EQUIVALENTS
from tests.proofs.mutants.targets import TARGETS, files_of, missing_parts


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.file)
def test_what_the_table_names_is_there(target):
    """The module, its parts, and test files that must notice."""
    assert files_of(target)
    assert not missing_parts(target)


def test_what_is_named_as_equivalent_is_a_change_that_is_tried():
    """A reason goes with the line that it is about."""
    known = {target.file: target for target in TARGETS}

    for file, reasons in EQUIVALENTS.items():
        assert reasons.keys() <= {each.said for each in changes_of(known[file])}, file
