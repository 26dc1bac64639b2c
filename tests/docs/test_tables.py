"""The documents list the database's tables as they are: what the bot's role may do, and which are about people."""

import re
from typing import Final

from bot.database.schema.roles import NEEDED
from bot.database.tables import metadata
from tests.docs.references import ROOT

RIGHTS: Final = {"read": "SELECT", "add": "INSERT", "update": "UPDATE", "delete": "DELETE"}
ABOUT_PEOPLE: Final = frozenset(
    {"slack_user", "entra_id", "holder", "recipient", "actor", "done_by", "wanted_by", "made_by"}
)


def test_what_the_role_may_do_is_said():
    """docs/how-to/operations.md, "Two roles", has each table with its rights."""
    text = (ROOT / "docs" / "how-to" / "operations.md").read_text()
    said = {
        table: {RIGHTS[right] for right in re.sub(r" \(.*", "", rights).split(", ")}
        for tables, rights in re.findall(
            r"^\| ((?:`\w+`(?:, )?)+) \| ((?:read|add)[^|]*) \|", text, re.MULTILINE
        )
        for table in re.findall(r"`(\w+)`", tables)
    }
    assert said == {table: set(needed) for table, needed in NEEDED.items()}


def test_every_table_about_people_is_said():
    """docs/explanation/how-it-works.md, "What is stored about people"."""
    text = (ROOT / "docs" / "explanation" / "how-it-works.md").read_text()
    section = text.partition("## What is stored about people")[2]
    said = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    about = {
        table.name for table in metadata.tables.values() if ABOUT_PEOPLE & set(table.columns.keys())
    }
    assert said == about
