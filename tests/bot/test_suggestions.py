"""What a misspelled word or name was meant to be."""

import pytest

from bot.suggestions import nearly_same


@pytest.mark.parametrize(
    ("name", "other", "is_alike"),
    [
        ("Cafe\u0301", "Café", True),
        ("two  blanks", "two blanks", True),
        ("Finance - Reports", "Finance Reports", True),
        ("Finance Reprots", "Finance Reports", True),
        ("Finance EU", "Finance US", False),
        ("C++ Build", "C# Build", False),
        ("Team 001", "Team 002", False),
        ("Database read access", "Database write access", False),
    ],
)
def test_a_name_that_reads_like_another_is_found(name: str, other: str, is_alike: bool) -> None:
    """However its letters are put together, and with one slip of the pen."""
    assert nearly_same(name, [other]) == (other if is_alike else None)
