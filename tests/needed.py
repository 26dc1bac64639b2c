"""What must be tested here: tests whose program is missing are skipped elsewhere, and fail where it was asked for."""

import os
from typing import Any, Final

import pytest

# LATCHKEY_TESTS_NEED_POSTGRES and the like; see .ci/run.
PREFIX: Final = "LATCHKEY_TESTS_NEED_"
NEEDED: Final = pytest.StashKey[frozenset[str]]()
HANDED_OVER: Final = "needed"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # First, because our variables are taken away from the tests; a worker never has them.
    found = [name.removeprefix(PREFIX) for name in os.environ if name.startswith(PREFIX)]
    config.stash[NEEDED] = frozenset(getattr(config, "workerinput", {}).get(HANDED_OVER, found))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput[HANDED_OVER] = sorted(node.config.stash[NEEDED])


def skip_unless_needed(config: pytest.Config, what: str, why: str) -> None:
    """End the test: skipped with the reason, or failed where *what* must be tested."""
    if what in config.stash[NEEDED]:
        pytest.fail(f"these tests must run here: {why}")
    pytest.skip(why)
