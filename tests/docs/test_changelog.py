"""The changelog says which schema this version's database has."""

import re
from pathlib import Path

from bot.database import migrate


def test_it_names_the_newest_schema():
    text = Path("CHANGELOG.md").read_text()

    assert re.search(r"\*\*Database:\*\* schema `(\d+)`", text)[1] == max(migrate.revisions())
