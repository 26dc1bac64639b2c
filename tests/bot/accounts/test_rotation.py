"""`latchkey keys rotate` seals every token with the new key, and tells of those that open with none."""

import base64
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.accounts.connecting import token_bound_to
from bot.accounts.model import ConnectedAccount
from bot.accounts.sealing import TokenKeys
from bot.accounts.store import accounts
from bot.database import open_store
from bot.database.audit_log import audit

OLD, NEW, GONE = b"o" * 32, b"n" * 32, b"x" * 32
AT = datetime(2027, 1, 11, 9, tzinfo=UTC)


def text(key):
    return base64.b64encode(key).decode()


@pytest.fixture
def file(sqlite_template, tmp_path):
    made = tmp_path / "latchkey.db"
    made.write_bytes(sqlite_template.read_bytes())
    return made


@pytest.fixture
def store(file):
    made = open_store(f"sqlite+pysqlite:///{file}")
    yield made
    made.close()


def account_of(slack_user):
    return ConnectedAccount(
        slack_user=slack_user,
        entra_id=slack_user.lower(),
        scopes=("A.Read",),
        is_public=False,
        connected_at=AT,
        used_at=AT,
    )


def connect(store, slack_user, key):
    account = account_of(slack_user)
    sealed = TokenKeys(key).seal(f"token of {slack_user}", bound_to=token_bound_to(account))
    store.run_here(accounts.connect, account, sealed)


def rotate(file, **more):
    environment = {
        "DATABASE_URL": f"sqlite:///{file}",
        "LATCHKEY_TOKEN_KEY": text(NEW),
        "LATCHKEY_TOKEN_KEY_PREVIOUS": text(OLD),
        "LATCHKEY_OPERATOR": "dana",
    }
    return CliRunner().invoke(main, ["keys", "rotate"], env={**environment, **more})


def test_all_tokens_are_sealed_anew(store, file):
    """And once more makes no difference."""
    connect(store, "U0ANN", OLD)
    connect(store, "U0BO", NEW)
    connect(store, "U0CY", GONE)
    result = rotate(file)
    assert result.exit_code == 0, result.output
    assert "new key: 1." in result.output
    assert "already: 1." in result.output
    assert "deleted: 1." in result.output
    for slack_user in ("U0ANN", "U0BO"):
        sealed = store.read_here(accounts.sealed_token, slack_user)
        opened = TokenKeys(NEW).open(sealed, bound_to=token_bound_to(account_of(slack_user)))
        assert opened == f"token of {slack_user}"
    assert store.read_here(accounts.find, "U0CY") is None
    assert "disconnect" in [row["verb"] for row in store.read_here(audit.rows)]
    assert "already: 2." in rotate(file).output


@pytest.mark.parametrize(
    "wrong",
    [
        {"LATCHKEY_TOKEN_KEY_PREVIOUS": ""},
        {"LATCHKEY_TOKEN_KEY": ""},
        {"LATCHKEY_TOKEN_KEY": "short"},
        {"LATCHKEY_TOKEN_KEY": text(b"n" * 31)},
    ],
)
def test_both_keys_are_needed(store, file, wrong):
    """Nothing is done without, and no key is repeated."""
    connect(store, "U0ANN", OLD)
    before = store.read_here(accounts.sealed_token, "U0ANN")
    result = rotate(file, **wrong)
    assert result.exit_code == 2
    assert "LATCHKEY_TOKEN_KEY" in result.output
    assert text(OLD) not in result.output
    assert store.read_here(accounts.sealed_token, "U0ANN") == before


def test_a_new_key_is_one():
    """Of 32 bytes, another each time."""
    printed = [CliRunner().invoke(main, ["keys", "new"]).output.strip() for _ in range(2)]
    assert len(set(printed)) == 2
    assert all(len(base64.b64decode(each, validate=True)) == 32 for each in printed)
