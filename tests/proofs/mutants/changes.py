"""Change a module in one place after another: whatever could stand there and means something else."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any, Final

from tests.proofs.mutants.targets import Target, name_of

NEVER_CHANGED: Final = frozenset({"annotation", "returns", "decorator_list"})
# Their arguments in another order are the same statement, or the same question.
COMMUTATIVE: Final = frozenset({"where", "and_", "or_", "_same", "same_address", "max", "min"})
TRUTHS: Final = frozenset({"test", "ifs"})
PAIRS: Final[tuple[tuple[type[ast.AST], type[ast.AST]], ...]] = (
    (ast.Eq, ast.NotEq),
    (ast.Is, ast.IsNot),
    (ast.In, ast.NotIn),
    (ast.Lt, ast.LtE),
    (ast.Gt, ast.GtE),
    (ast.And, ast.Or),
    (ast.Add, ast.Sub),
)
FLIPS: Final[Mapping[type[ast.AST], Any]] = dict(PAIRS) | {two: one for one, two in PAIRS}
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES: Final = (*FUNCTIONS, ast.ClassDef)


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    A change in one place of a module.

    Attributes:
        said: What was changed in which class and function; it stays the same wherever that moves in the file.
        function: The outermost function around it; None where the module or a class has it itself.
    """

    file: str
    line: int
    said: str
    function: str | None
    tree: ast.Module

    def compiled(self) -> CodeType:
        """Return the module with this change; only until the next change is made."""
        return compile(ast.fix_missing_locations(self.tree), self.file, "exec")


def _with(node: Any, **fields: Any) -> Any:
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


def _less(elements: list[Any]) -> Iterator[list[Any]]:
    """The list with one element less, each in turn."""
    for index in range(len(elements)):
        yield elements[:index] + elements[index + 1 :]


def _changed(node: Any) -> Iterator[ast.AST]:
    """Yield what could stand in place of *node* and means something else."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in FLIPS:
            yield _with(node, ops=[FLIPS[type(operator)]()])
        case ast.BinOp(op=operator) if type(operator) in FLIPS:
            yield _with(node, op=FLIPS[type(operator)]())
        case ast.BoolOp(op=operator):
            yield _with(node, op=FLIPS[type(operator)]())
            yield from node.values
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=str(value)) if value and " " not in value:
            yield ast.Constant(f"{value}x")
        case ast.Call():
            yield from (_with(node, keywords=fewer) for fewer in _less(node.keywords))
            if len(node.args) > 1:
                yield from (_with(node, args=fewer) for fewer in _less(node.args))
                same = ast.unparse(node.args[0]) == ast.unparse(node.args[1])
                if not same and ast.unparse(node.func).rpartition(".")[2] not in COMMUTATIVE:
                    yield _with(node, args=[*node.args[1::-1], *node.args[2:]])
        case ast.Tuple(ctx=ast.Load()) | ast.List(ctx=ast.Load()):
            yield from (_with(node, elts=fewer) for fewer in _less(node.elts))
        case ast.Set():
            yield from (_with(node, elts=fewer) for fewer in _less(node.elts))
            yield from (_with(node, elts=[*node.elts, more]) for more in _missing(node))
        case ast.Dict():
            for fewer in _less(list(zip(node.keys, node.values, strict=True))):
                yield ast.Dict([key for key, _ in fewer], [value for _, value in fewer])
        case ast.Return(value=ast.AST()) if ast.unparse(node) != "return None":
            yield ast.Return(ast.Constant(None))
        case ast.Return() | ast.Raise() | ast.AugAssign() | ast.Continue():
            yield ast.Pass()
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield ast.Pass()


def _missing(node: ast.Set) -> Iterator[ast.expr]:
    """The members of the same enumeration that are not in a set of some."""
    owner = ast.unparse(node.elts[0]).partition(".")[0]
    models = sorted({*Path("bot").glob("*/model.py"), *Path("bot").glob("*/model/*.py")})
    for known in (each for path in models for each in ast.parse(path.read_text()).body):
        if isinstance(known, ast.ClassDef) and known.name == owner:
            names = [each.targets[0] for each in known.body if isinstance(each, ast.Assign)]
            members = {f"{owner}.{ast.unparse(name)}" for name in names}
            for member in sorted(members - {ast.unparse(each) for each in node.elts}):
                yield ast.parse(member, mode="eval").body


def _places(
    parent: ast.AST, within: tuple[ast.AST, ...] = ()
) -> Iterator[tuple[ast.AST, str, int | None, ast.AST, tuple[ast.AST, ...]]]:
    """Every node below *parent*, with the field that holds it, and the classes and functions around it."""
    last = parent.body[-1] if isinstance(parent, FUNCTIONS) else None
    for field, value in ast.iter_fields(parent):
        if field in NEVER_CHANGED:
            continue
        # The defaults of a function belong to what is around it.
        inner = (*within, parent) if isinstance(parent, SCOPES) and field == "body" else within
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr) or _logs(child):
                continue
            if last is not None and child is last and ast.unparse(last) == "return None":
                # A function does the same without it.
                continue
            yield parent, field, index if isinstance(value, list) else None, child, inner
            yield from _places(child, inner)


def _logs(node: ast.AST) -> bool:
    """Tell whether a statement only writes a line into the log."""
    return isinstance(node, ast.Expr) and ast.unparse(node).startswith("log.")


def changes_of(target: Target) -> Iterator[Change]:
    """Every change of a target; each is made in the same tree, and gone with the next."""
    tree = ast.parse(Path(target.file).read_text())
    seen: Counter[str] = Counter()
    for part in tree.body:
        if (target.parts and name_of(part) not in target.parts) or _is_alias(part):
            continue
        for parent, field, index, node, within in list(_places(part)):
            others = list(_changed(node))
            if field in TRUTHS:
                others += [ast.Constant(True), ast.Constant(False)]
            for other in others:
                said = f"{_path(within) or name_of(part)}: {_short(node)}  ->  {_short(other)}"
                if not said.startswith(target.only):
                    continue
                seen[said] += 1
                _put(parent, field, index, ast.copy_location(other, node))
                yield Change(
                    file=target.file,
                    line=getattr(node, "lineno", 0),
                    said=said if seen[said] == 1 else f"{said} ({seen[said]})",
                    function=_function(within),
                    tree=tree,
                )
            _put(parent, field, index, node)


def _path(within: tuple[ast.AST, ...]) -> str:
    return ".".join(str(getattr(each, "name", "")) for each in within)


def _function(within: tuple[ast.AST, ...]) -> str | None:
    """Return the outermost function around a change, as `__qualname__` has it."""
    for depth, each in enumerate(within, 1):
        if isinstance(each, FUNCTIONS):
            return _path(within[:depth])
    return None


def _is_alias(part: ast.stmt) -> bool:
    """Tell whether a statement of a module only names a type, or sentences for translators: nothing of it is left when it runs."""
    if isinstance(part, ast.AnnAssign) and isinstance(part.value, ast.Tuple):
        return all(ast.unparse(each).startswith("N_(") for each in part.value.elts)
    return isinstance(part, ast.Assign) and isinstance(part.value, ast.Subscript)


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _short(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())
