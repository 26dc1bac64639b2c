"""The table of what `make mutants` changes keeps up with the code and its tests."""

import pytest

from tests.proofs.mutants.mutants import TARGETS, files_of, missing_parts


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.file)
def test_what_the_table_names_is_there(target):
    """The module, its parts, and test files that must notice."""
    assert files_of(target)
    assert not missing_parts(target)
