"""
How much of each proof runs: `make check` takes as much as shows each fault that we know how to make, `make proofs` all.

Whatever is left out is drawn by chance, so that another run takes something else.
"""

import os
from typing import Final, TypeVar

T = TypeVar("T")

FULL: Final = os.environ.get("PROOFS") == "full"


def size(usual: T, *, full: T) -> T:
    """Return *full* in `make proofs`, and *usual* everywhere else."""
    return full if FULL else usual
