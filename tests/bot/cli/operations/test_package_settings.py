"""`latchkey check-settings`: a file of package settings is checked before it is used."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import main
from bot.database import Store, Transaction, open_store
from bot.database.audit_log import audit
from bot.database.schema import migrate
from bot.packages.settings.bindings import EntryBinding
from bot.packages.store import catalog, settings_bindings
from tests.bot.samples import offered

ROOT = Path(__file__).resolve().parents[4]


def test_a_file_without_mistakes_is_fine() -> None:
    """It says what it has read, and needs no settings."""
    answer = CliRunner().invoke(main, ["check-settings", str(ROOT / "docs" / "latchkey.yml")])
    assert (answer.exit_code, answer.stdout) == (
        0,
        "latchkey.yml is fine: it has 3 packages and 1 catalog.\n",
    )


def test_the_sandboxes_file_is_fine() -> None:
    """The tour tells people to look into it."""
    answer = CliRunner().invoke(main, ["check-settings", str(ROOT / "sandbox" / "latchkey.yml")])
    assert answer.exit_code == 0, answer.output
    assert answer.stderr == ""


def test_each_mistake_is_a_line(tmp_path: Path) -> None:
    """On standard error, with its place, and the command fails."""
    file = tmp_path / "latchkey.yml"
    file.write_text("defaults:\n  chanel: C01\n  owner: bo\n", "utf-8")
    answer = CliRunner().invoke(main, ["check-settings", str(file)])
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr.splitlines() == [
        "• latchkey.yml, line 2, column 3: “chanel” means nothing here. Did you mean “channel”?",
        "• latchkey.yml, line 3, column 3: “bo” is neither a Slack user id (U…) nor a channel id (C…); copy it from "
        "the profile or from the channel's details.",
    ]


FILE = "packages:\n  Ledger: {approval: fresh sign-in}\n"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The bot's database: the package Ledger was bound to its entry, and is called otherwise by now."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'latchkey.db'}")
    monkeypatch.setenv("LATCHKEY_OPERATOR", "dana")
    (tmp_path / "latchkey.yml").write_text(FILE, "utf-8")
    opened = open_store(f"sqlite+pysqlite:///{tmp_path / 'latchkey.db'}")
    migrate.upgrade(opened)
    opened.run_here(fill)
    yield opened
    opened.close()


def fill(db: Transaction) -> None:
    names = {"p": "Main Ledger", "q": "Offers", "r": "Offers"}
    catalog.replace(
        db,
        [
            offered(id=key, slug=key, name=name, catalog="Sales" if key == "r" else "Finance")
            for key, name in names.items()
        ],
    )
    bound = EntryBinding(package_id="p", packages={"Ledger": {"approval": "fresh sign-in"}})
    settings_bindings.replace(db, [], [bound])


def accept(package: str) -> Result:
    return CliRunner().invoke(main, ["check-settings", "latchkey.yml", "--accept", package])


def test_an_operator_says_that_the_file_is_right(store: Store) -> None:
    """The old entry holds no longer for the package, and the audit log has who said so."""
    answer = accept("Main Ledger")

    assert answer.exit_code == 0, answer.output
    assert (
        "For “Main Ledger” of the catalog “Finance” holds from now on: the defaults alone."
        in answer.stdout
    )
    assert not any(each.packages for each in store.read_here(settings_bindings.list_all))
    (row,) = [each for each in store.read_here(audit.rows) if each["verb"] == "accept-settings"]
    assert (row["actor"], row["package_id"]) == ("cli:dana", "p")


@pytest.mark.parametrize(
    ("package", "why"),
    [
        ("Main Leger", "There is no access package “Main Leger” that the bot knows. Did you mean"),
        ("Offers", "Several access packages are called “Offers”: say “Offers (Finance)” (q) or"),
    ],
)
def test_a_package_must_be_named_without_doubt(store: Store, package: str, why: str) -> None:
    """Nothing is changed."""
    answer = accept(package)

    assert answer.exit_code != 0
    assert why in answer.stderr
    assert [each.package_id for each in store.read_here(settings_bindings.list_all)] == ["p"]


@pytest.mark.parametrize("name", ["p", "Main Ledger (Finance)"])
def test_a_package_is_named_as_elsewhere(store: Store, name: str) -> None:
    """By its id, or with its catalog."""
    assert accept(name).exit_code == 0
