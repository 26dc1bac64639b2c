"""The changelog says which schema this version's database has."""

import re
from pathlib import Path

from bot.database.schema import migrate


def test_it_names_the_newest_schema():
    text = Path("CHANGELOG.md").read_text()

    assert re.findall(r"\*\*Database:\*\* schema `(\d+)`", text) == [max(migrate.revisions())]
