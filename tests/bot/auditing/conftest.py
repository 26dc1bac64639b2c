"""A database whose audit log is keyed, as the settings of commands say."""

import pytest

from bot.database import open_store
from tests.bot.auditing.stories import KEY


@pytest.fixture
def log(store, database_url, monkeypatch):
    """The store that the command line opens, too."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LATCHKEY_AUDIT_KEY", KEY)
    monkeypatch.setenv("LATCHKEY_OPERATOR", "dana")
    address = store.engine.url.render_as_string(hide_password=False)
    keyed = open_store(address, audit_key=KEY.encode())
    yield keyed
    keyed.close()
