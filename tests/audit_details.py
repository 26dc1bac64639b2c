"""Fails every test in which a row of the audit log has a detail of which forgetting does not know what it is."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from bot.auditing.personal import DETAILS_NAMING, DETAILS_OWN, DETAILS_PLAIN
from bot.database.audit_log import audit

KNOWN: Final = frozenset({*DETAILS_NAMING, *DETAILS_OWN, *DETAILS_PLAIN})
# Tests of the log itself write what they like.
MADE_UP: Final = ("tests/bot/database/", "tests/bot/auditing/")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(DetailsToldApart(), "audit-details")


def unknown(details: Mapping[str, Any] | None) -> set[str]:
    """Return what of a row's details `bot.auditing.personal` does not name."""
    return set(details or ()) - KNOWN


class DetailsToldApart:
    """Looks at what is recorded while a test runs, and fails the test afterwards."""

    def __init__(self) -> None:
        self._found: set[str] = set()
        self._record = record = audit.record

        def heard(db: Any, **row: Any) -> None:
            self._found |= unknown(row.get("details"))
            record(db, **row)

        audit.record = heard

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        self._found.clear()
        outcome = yield
        if self._found and not item.nodeid.startswith(MADE_UP):
            names = ", ".join(sorted(self._found))
            pytest.fail(f"details that bot.auditing.personal does not name: {names}", pytrace=False)
        return outcome

    def pytest_unconfigure(self) -> None:
        """Take the tap off."""
        audit.record = self._record
