"""Each state of a request is put into words in one place: a sentence for people, and a word within sentences."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[4]
# A sentence, and a word: what the one says cannot be part of what says the other.
TABLES: Final = {
    "bot/messages/phrases/request_words.py": "OUTCOME",
    "bot/requests/state_words.py": "STATE_WORDS",
}
# More than one end.
ENDS: Final = frozenset({"State.DELIVERED", "State.DENIED"})


def tables(source: str) -> Iterator[str]:
    """Yield what is called a dictionary that puts more than one end of a request into words."""
    if not all(end in source for end in ENDS):
        return
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict() as table):
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() as table):
                pass
            case _:
                continue
        ends = {ast.unparse(key) for key in table.keys if key is not None}
        said = any(
            isinstance(each, ast.Call) and ast.unparse(each.func) in {"_", "N_"}
            for value in table.values
            for each in ast.walk(value)
        )
        if said and ends >= ENDS:
            yield name


def test_states_are_put_into_words_once():
    """In the bot and its handlers."""
    found = {
        path.relative_to(ROOT).as_posix(): name
        for folder in ("bot", "handlers")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in tables(path.read_text())
    }
    assert found == TABLES


def test_another_table_is_found():
    """So that finding none means something."""
    source = 'SAID = {State.DELIVERED: N_("It is there."), State.DENIED: N_("It is denied.")}'
    assert list(tables(source)) == ["SAID"]
