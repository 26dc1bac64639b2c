"""What docstrings describe under "Args:" and "Attributes:" is there, by that name; and they begin as statements."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.docs.references import ROOT, modules
from tests.syntax import definitions, says_any

SECTION: Final = re.compile(r"^( *)(Args|Attributes):\n((?:\1 +.*\n|\n)+)", re.MULTILINE)
DESCRIBES: Final = frozenset({"Args:", "Attributes:"})
# With these a noun clause begins, which says neither what a function does nor what a thing is.
CLAUSE: Final = re.compile(r"(What|Whether|Who|Whom|Whose|Which|How|Where|When|Why|Those)\b")
PRODUCT: Final = ("bot", "handlers", "graph", "sandbox")


def described(docstring: str) -> Iterator[tuple[str, str]]:
    """The section and the name of each argument and attribute that a docstring describes."""
    for indent, section, body in SECTION.findall(f"{docstring}\n"):
        for names in re.findall(rf"^{indent}    ([a-z_]\w*(?:, \w+)*):", body, re.MULTILINE):
            yield from ((section, name) for name in names.split(", "))


def parameters(node: ast.AST) -> set[str]:
    """The parameters of a function, or of a class's ``__init__``."""
    if isinstance(node, ast.ClassDef):
        inits = [
            each
            for each in node.body
            if isinstance(each, ast.FunctionDef) and each.name == "__init__"
        ]
        return {name for each in inits for name in parameters(each)} | fields(node)
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return {each.arg for each in every if each is not None}


def fields(node: ast.ClassDef) -> set[str]:
    """Return what a class or its instances have: fields, methods, and what is set on ``self``."""
    found = {
        each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for each in ast.walk(node):
        if isinstance(each, ast.AnnAssign | ast.Assign):
            targets = [each.target] if isinstance(each, ast.AnnAssign) else each.targets
            found |= {ast.unparse(target).removeprefix("self.") for target in targets}
    return found


def wrong(source: str) -> Iterator[str]:
    """Yield what the docstrings of a module describe by a name that is not there."""
    if not says_any(source, DESCRIBES):
        return
    for node in definitions(source):
        if isinstance(node, ast.Module):
            continue
        for section, name in described(ast.get_docstring(node) or ""):
            known = (
                fields(node)
                if section == "Attributes" and isinstance(node, ast.ClassDef)
                else parameters(node)
            )
            if name not in known:
                yield f"{node.name}: {name}"


def test_arguments_and_attributes_are_called_as_described():
    """In every module."""
    found = [
        f"{path.relative_to(ROOT)}: {each}"
        for path in modules()
        for each in wrong(path.read_text())
    ]
    assert found == []


def test_a_wrong_name_is_found():
    """So that finding none means something."""
    source = '''
class Card:
    """
    A card.

    Attributes:
        front: What is seen.
        back: What is not.
    """

    front: str

    def turn(self, times: int) -> None:
        """
        Turn it.

        Args:
            often: How often.
        """
'''
    assert list(wrong(source)) == ["Card: back", "turn: often"]


def clauses(source: str) -> Iterator[str]:
    """Yield the first lines of docstrings that are noun clauses."""
    for node in definitions(source):
        said = (ast.get_docstring(node) or "").partition("\n")[0]
        if CLAUSE.match(said):
            yield said


def test_docstrings_of_the_product_begin_as_statements():
    """ "Return the end of …", "Tell whether …" or a plain statement; "What …" and "Whether …" alone say nothing."""
    found = [
        f"{path.relative_to(ROOT)}: {each}"
        for path in modules()
        if path.relative_to(ROOT).parts[0] in PRODUCT
        for each in clauses(path.read_text())
    ]
    assert found == []


def test_a_noun_clause_is_found():
    """In a module, a class and a function."""
    source = '''
"""What it is."""

class Card:
    """
    How it looks.

    Whether it counts here.
    """

    def turn(self):
        """Return what is below."""

    async def is_up(self):
        """Whether it is up."""
'''
    assert list(clauses(source)) == ["What it is.", "How it looks.", "Whether it is up."]
