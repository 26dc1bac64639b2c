"""
How much of each proof runs: `make test` takes a taste, `make check` as much as shows each fault that we know how to make.

`make proofs` takes all.  Whatever is left out is drawn by chance, so that another run takes something else.
"""

import os
from typing import Final, TypeVar

T = TypeVar("T")

HOW_MUCH: Final = os.environ.get("PROOFS", "usual")


def size(usual: T, *, full: T, few: T | None = None) -> T:
    """Return *full* in `make proofs`, *few* in `make test`, and *usual* everywhere else."""
    sizes = {"usual": usual, "full": full, "few": usual if few is None else few}
    return sizes[HOW_MUCH]
