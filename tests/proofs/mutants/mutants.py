"""
Changes authorization, identity and state in one place after another, and counts which changes no test notices.

Run with ``python -m tests.proofs.mutants.mutants [FILE …]``.  Sentences for people and log lines stay as they are.
Nothing on the disk is changed: each mutant lives in a process of its own, forked before any module that could be
changed was imported.
"""

import ast
import importlib
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, Final

import pytest


@dataclass(frozen=True, kw_only=True)
class Target:
    """A module, or what of it is named here, and the test files that must notice, in whatever folder they lie."""

    file: str
    parts: frozenset[str] = frozenset()
    tests: tuple[str, ...]
    # SQLite is enough for what has no other dialect on PostgreSQL.
    on_both: bool = False


RULE: Final = frozenset(
    {
        *(
            "OWN",
            "ASKERS",
            "HOLDERS",
            "BENEFICIARIES",
            "REQUESTERS",
            "MANAGERS_OR_ADMINS",
        ),
        *("OF_DECIDERS", "REVIEWS", "ADMINS", "ON_DRIFT", "SELF_OR_ADMIN"),
        *("Actor", "may", "_may_review", "_may_act_for"),
    }
)
VOICES: Final = frozenset({"approvals_of", "has_voice", "voices_of", "decided_before"})
# What tells people their own delegations, and reads what they have typed, says nothing of who may.
DELEGATING: Final = frozenset({"DelegationService", "make_delegation", "cancel_delegation"})
PROVING: Final = frozenset({"SignedDelegations", "_digest", "_own_in_force", "_prove"})
QUESTIONS: Final = frozenset(
    {
        *("QuestionProcessor", "begin_question", "ask_question", "open_question"),
        *("answer_question", "_settle", "_refuse_own", "_waiting", "_is_waiting"),
    }
)
KINDS: Final = frozenset(
    {"APPROVERS", "HIGHEST_MANAGER", "names_known_approvers", "_is_known_approver"}
)
MOVES: Final = frozenset({"MOVES", "OPEN", "ENDED"})
TARGETS: Final = (
    Target(file="bot/people/permissions.py", parts=RULE, tests=("test_may.py",)),
    Target(
        file="bot/people/actors.py",
        tests=(
            *("test_permissions.py", "test_deciding_for_another.py"),
            *("test_contexts_of_delegations.py", "test_replaced_delegations.py"),
        ),
    ),
    Target(
        file="bot/packages/eligibility.py",
        tests=(
            "test_policy_scope.py",
            "test_eligibility.py",
            "test_eligibility_over_time.py",
            "test_incompatible.py",
            "test_one_answer.py",
        ),
    ),
    Target(file="bot/packages/unsupported.py", tests=("test_unsupported.py",)),
    Target(
        file="bot/packages/facts.py",
        tests=(
            "test_eligibility.py",
            "test_eligibility_over_time.py",
            "test_incompatible.py",
            "test_one_answer.py",
        ),
    ),
    Target(file="bot/people/admins.py", tests=("test_permissions.py",)),
    Target(file="bot/people/approvers.py", tests=("test_approvers.py",)),
    Target(
        file="bot/people/delegates.py",
        tests=(
            *("test_permissions.py", "test_who_lets_decide.py"),
            *("test_emergency_rules.py", "test_delegates.py"),
            "test_proven_delegations.py",
        ),
    ),
    Target(
        file="bot/people/store/delegations.py",
        tests=(
            *("test_store_delegations.py", "test_store_delegations_kept.py"),
            *("test_delegations.py", "test_delegates.py"),
            "test_proven_delegations.py",
        ),
    ),
    Target(file="bot/packages/policy_terms.py", parts=KINDS, tests=("test_approvers.py",)),
    Target(file="bot/approvals/recipients.py", tests=("test_recipients.py",)),
    Target(file="bot/approvals/model.py", parts=VOICES, tests=("test_voices.py",)),
    Target(
        file="bot/approvals/delegations.py",
        parts=DELEGATING,
        tests=("test_delegations.py", "test_delegation_service.py"),
    ),
    Target(
        file="bot/approvals/questioning.py",
        parts=QUESTIONS,
        tests=("test_questioning.py", "test_approver_questions.py"),
    ),
    Target(file="bot/approvals/ends.py", tests=("test_ends.py",)),
    Target(
        file="bot/approvals/transactions.py",
        tests=(
            *("test_drafts.py", "test_approving_for_less.py", "test_approving_several.py"),
            *("test_deciding.py", "test_fresh_sign_in.py"),
        ),
    ),
    Target(
        file="bot/approvals/signed.py",
        tests=("test_fresh_sign_in.py", "test_entra_fresh_sign_in.py"),
    ),
    Target(file="bot/approvals/reach.py", tests=("test_delegating_in_entra.py",)),
    Target(
        file="bot/accounts/freshness.py",
        tests=("test_fresh_sign_in.py", "test_proven_delegations.py"),
    ),
    Target(
        file="bot/approvals/signed_delegations.py",
        parts=PROVING,
        tests=(
            *("test_signed_delegations.py", "test_contexts_of_delegations.py"),
            *("test_proven_delegations.py",),
        ),
    ),
    Target(
        file="bot/notifications/approvals/delegation_news.py",
        parts=frozenset({"DelegationNews", "content_of", "_owed", "_steps_of_proof", "_close"}),
        tests=(
            *("test_delegation_news.py", "test_delegates.py"),
            *("test_contexts_of_delegations.py", "test_replaced_delegations.py"),
        ),
    ),
    Target(
        file="bot/approvals/in_entra.py",
        tests=("test_entra_rights.py", "entra/test_entra_decides.py", "test_entra_edges.py"),
    ),
    Target(file="bot/approvals/review.py", tests=("test_approving_several.py", "test_replies.py")),
    Target(
        file="bot/emergencies/processing.py",
        tests=("test_emergencies.py", "test_emergency_rules.py"),
    ),
    Target(
        file="bot/emergencies/reviewers.py",
        tests=("test_emergencies.py", "test_emergency_rules.py"),
    ),
    Target(
        file="bot/requests/evaluation/emergencies.py",
        tests=("test_emergency_rules.py", "test_emergencies.py"),
    ),
    Target(
        file="bot/drift/transactions.py",
        tests=("test_store_mismatches.py", "test_drift_answers.py", "test_drift.py"),
    ),
    Target(
        file="bot/sync/drift_answers.py",
        tests=("test_store_mismatches.py", "test_drift_answers.py", "test_drift.py"),
    ),
    Target(file="bot/requests/in_entra/justification.py", tests=("test_justification.py",)),
    Target(file="bot/people/identity.py", tests=("test_people.py",)),
    Target(file="bot/requests/model/states.py", parts=MOVES, tests=("test_store_moves.py",)),
    *(
        Target(
            file=f"bot/requests/store/{module}.py",
            tests=("test_store_moves.py", "test_store_requests.py", "test_store_claims.py"),
        )
        for module in ("requests", "request_rows", "redraws", "current_stage")
    ),
    Target(file="bot/requests/store/claims.py", tests=("test_store_claims.py",), on_both=True),
    *(
        Target(
            file=f"bot/approvals/{module}.py",
            tests=(
                "test_processing.py",
                "test_deciding.py",
                "test_drafts.py",
                "test_holding.py",
                "test_held_requests.py",
            ),
        )
        for module in ("processing", "accepting", "in_time", "admin_checks")
    ),
    *(
        Target(
            file=f"bot/requests/in_entra/{module}.py",
            tests=(
                *("test_submission.py", "test_pause.py", "test_recheck.py"),
                *("test_holding.py", "test_held_requests.py", "test_restored.py"),
            ),
        )
        for module in ("submission", "graph_request")
    ),
    Target(
        file="bot/notifications/outbox.py",
        tests=("test_sending.py", "test_notices.py", "test_reminders.py", "test_faults_slack.py"),
    ),
)
# Not changed by anything, so loaded once for all.
LASTING: Final = (
    *("alembic.command", "freezegun", "hypothesis.stateful", "pytest_asyncio.plugin", "uvicorn"),
    *("pydantic_settings", "slack_bolt.adapter.socket_mode.aiohttp", "slack_bolt.async_app"),
    *(
        "graph",
        "graph.sign_in.auth",
        "sandbox.page",
        "sandbox.serving",
        "sandbox.slack",
        "sandbox.tenant",
    ),
)
# A mutant that hangs is noticed, too.
LONGEST_SECONDS: Final = 100
# How far it is.
SAYS_EVERY: Final = 50
OPTIONS: Final = (
    *("-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist"),
    # Chance must not decide who is noticed, and only our tests may notice.
    *("--seed=1", "--metadata=none"),
)
NEVER_CHANGED: Final = frozenset({"annotation", "returns", "decorator_list"})
# Their arguments in another order are the same statement, or the same question.
COMMUTATIVE: Final = frozenset({"where", "and_", "or_", "_same", "same_address"})
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
                if ast.unparse(node.func).rpartition(".")[2] not in COMMUTATIVE:
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


def _places(parent: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Every node below *parent*, with the field that holds it."""
    last = parent.body[-1] if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) else None
    for field, value in ast.iter_fields(parent):
        if field in NEVER_CHANGED:
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr) or _logs(child):
                continue
            if last is not None and child is last and ast.unparse(last) == "return None":
                # A function does the same without it.
                continue
            yield parent, field, index if isinstance(value, list) else None, child
            yield from _places(child)


def _logs(node: ast.AST) -> bool:
    """Tell whether a statement only writes a line into the log."""
    return isinstance(node, ast.Expr) and ast.unparse(node).startswith("log.")


def _mutants(target: Target) -> Iterator[tuple[str, CodeType]]:
    """Every mutant of a target: what was changed where, and the code."""
    tree = ast.parse(Path(target.file).read_text())
    for part in tree.body:
        if (target.parts and _name_of(part) not in target.parts) or _is_alias(part):
            continue
        for parent, field, index, node in list(_places(part)):
            others = list(_changed(node))
            if field in TRUTHS:
                others += [ast.Constant(True), ast.Constant(False)]
            for other in others:
                _put(parent, field, index, ast.copy_location(other, node))
                line = getattr(node, "lineno", 0)
                text = f"{target.file}:{line}: {_short(node)}  ->  {_short(other)}"
                yield text, compile(ast.fix_missing_locations(tree), target.file, "exec")
            _put(parent, field, index, node)


def _is_alias(part: ast.stmt) -> bool:
    """Tell whether a statement of a module only names a type, of which nothing is left when it runs."""
    return isinstance(part, ast.Assign) and isinstance(part.value, ast.Subscript)


def _name_of(part: ast.stmt) -> str | None:
    """Return what a statement of a module defines."""
    if isinstance(part, ast.AnnAssign):
        return ast.unparse(part.target)
    return getattr(part, "name", None)


def files_of(target: Target) -> list[str]:
    """
    Return where the tests of a target are now.

    Raises:
        LookupError: One of them is nowhere.
    """
    found = {name: sorted(map(str, Path("tests").rglob(name))) for name in target.tests}
    if missing := [name for name, files in found.items() if not files]:
        raise LookupError(f"{target.file}: no test is called {', '.join(missing)}")
    return [file for files in found.values() for file in files]


def missing_parts(target: Target) -> set[str]:
    """Return what a target names that its module does not have any more."""
    tree = ast.parse(Path(target.file).read_text())
    return set(target.parts) - {str(_name_of(part)) for part in tree.body}


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _short(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


class _Loader(SourceFileLoader):
    """Loads the mutant in place of the module."""

    def __init__(self, name: str, file: str, code: CodeType) -> None:
        super().__init__(name, file)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)


def _noticed(target: Target, code: CodeType | None) -> bool:
    """Tell whether a test fails, in a process that has *code* for the module."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    signal.alarm(LONGEST_SECONDS)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    if code is not None:
        name = target.file.removesuffix(".py").replace("/", ".")
        sys.meta_path.insert(0, _Loader(name, target.file, code))
    try:
        chosen = () if target.on_both else ("-k", "not postgresql")
        os._exit(pytest.main([*OPTIONS, *chosen, *files_of(target)]))
    finally:
        os._exit(1)


def _count(target: Target) -> bool:
    """Print the score and the survivors of a target; whether there are none."""
    what = " ".join((target.file, *sorted(target.parts)))
    if _noticed(target, None):
        raise SystemExit(f"{what}: the tests fail without any change: {' '.join(files_of(target))}")
    begun = time.monotonic()
    noticed: list[bool] = []
    for change, code in _mutants(target):
        if len(noticed) % SAYS_EVERY == 0:
            _say(f"{what}: {len(noticed)} of {sum(1 for _ in _mutants(target))} so far")
        noticed.append(_noticed(target, code))
        if not noticed[-1]:
            _say(f"survives  {change}")
    took = time.monotonic() - begun
    _say(f"{what}: {sum(noticed)} of {len(noticed)} mutants noticed, {took:.0f} s")
    return all(noticed)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    for lasting in LASTING:
        importlib.import_module(lasting)
    if changeable := [
        name for name in sys.modules if name.partition(".")[0] in {"bot", "handlers"}
    ]:
        raise SystemExit(f"loaded too early: {', '.join(changeable)}")
    files = sys.argv[1:] or [target.file for target in TARGETS]
    if unknown := set(files) - {target.file for target in TARGETS}:
        raise SystemExit(f"no target: {', '.join(sorted(unknown))}")
    results = [_count(target) for target in TARGETS if target.file in files]
    sys.exit(not all(results))
