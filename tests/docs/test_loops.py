"""What is repeated after a failure goes by `bot.repeating`; the few loops of another kind are known, each with its reason."""

import ast
from collections.abc import Iterator
from typing import Final

from tests.docs.references import ROOT

PRODUCT: Final = ("bot", "handlers", "graph")
# Looks at each answer as it is: what every try shows is what an experiment reports.
EXPERIMENTS: Final = ROOT / "bot" / "cli" / "rehearsal"
OWN_LOOPS: Final = {
    "bot/repeating.py": "the one",
    "bot/database/connections/sqlite_file.py": "runs in a driver's callback, where nothing is awaited",
    "bot/database/replicas/leases.py": "renews for as long as the work goes on",
    "bot/database/replicas/listening.py": "never ends: it listens again whenever the connection breaks",
    "bot/provisioning/writing/write.py": "looks what has become of a try before the next one",
    "graph/calls/batch.py": "graph/ knows nothing of ours",
    "graph/calls/session.py": "graph/ knows nothing of ours",
}


def waits_after_failures(source: str) -> bool:
    """Tell whether a loop in *source* catches an exception and sleeps, by itself and not in a function within."""
    return "sleep" in source and any(
        isinstance(loop, ast.For | ast.AsyncFor | ast.While)
        and any(isinstance(node, ast.Try) and node.handlers for node in _own(loop))
        and any(_is_pause(node) for node in _own(loop))
        for loop in ast.walk(ast.parse(source))
    )


def _own(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _own(child)


def _is_pause(node: ast.AST) -> bool:
    """``sleep(0)`` only lets others run."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    name = ast.unparse(node.func).rpartition(".")[2].lstrip("_")
    return name == "sleep" and ast.unparse(node.args[0]) != "0"


def test_only_known_loops_wait_after_failures():
    """Whoever repeats something uses `until_done`, or says here why not."""
    found = {
        path.relative_to(ROOT).as_posix()
        for package in PRODUCT
        for path in (ROOT / package).rglob("*.py")
        if path.parent != EXPERIMENTS and waits_after_failures(path.read_text())
    }
    assert found == set(OWN_LOOPS)


def test_a_loop_that_waits_after_failures_is_found():
    """Written in any of the usual ways; a loop that only waits, or only catches, is none."""
    body = "    try:\n        go()\n    except OSError:\n        seen()\n"
    assert waits_after_failures(f"while True:\n{body}    sleep(1)\n")
    assert waits_after_failures(f"for _ in range(3):\n{body}    self._sleep(pause)\n")
    assert not waits_after_failures(f"while True:\n{body}    sleep(0)\n")
    assert not waits_after_failures(f"while True:\n{body}    def f():\n        sleep(1)\n")
    assert not waits_after_failures("while True:\n    sleep(1)\n")
    assert not waits_after_failures(f"while True:\n{body}")
