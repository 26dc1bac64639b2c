"""Microsoft's tutorial: the steps of `tutorial.yml`, told in one version of Graph or the other."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

EM: Final = "/identityGovernance/entitlementManagement"
USUAL: Final = {"GET": 200, "POST": 201, "DELETE": 204}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One call of the tutorial, as the table has it: what its words mean is said there."""

    name: str
    method: str
    path: Any
    status: int
    body: Any = None
    by: str | None = None
    answer: Any = None
    finds: str | None = None


def _step(row: dict[str, Any]) -> Step:
    (method,) = USUAL.keys() & row.keys()
    return Step(
        name=row.pop("step"),
        method=method,
        path=row.pop(method),
        status=row.pop("status", USUAL[method]),
        **row,
    )


TUTORIAL: Final = [
    _step(row) for row in yaml.safe_load(Path(__file__).with_suffix(".yml").read_text())
]


@dataclass
class Telling:
    """One run through the tutorial: the version that is spoken, and what has been found on the way."""

    version: str
    found: dict[str, str] = field(default_factory=lambda: {"em": EM})

    def words(self, told: Any) -> Any:
        """A part of the table in this version's words, with what it refers to put in."""
        if isinstance(told, dict) and told.keys() == {"v1.0", "beta"}:
            return self.words(told[self.version])
        if isinstance(told, dict):
            return {name: self.words(value) for name, value in told.items()}
        if isinstance(told, list):
            return [self.words(each) for each in told]
        if isinstance(told, str):
            return re.sub(r"<(\w+)>", lambda name: self.found[name[1]], told)
        return told

    def call(self, step: Step) -> str:
        """Method and path, without its query."""
        return f"{step.method} /{self.version}{self.words(step.path)}".partition("?")[0]

    def learn(self, step: Step, answer: Any) -> None:
        """Take from an answer the id that later steps need."""
        if step.finds is not None:
            (item,) = answer.get("value", [answer])
            self.found[step.finds] = item["id"]


def told_of(answer: Any, told: Any) -> Any:
    """As much of an *answer* as the table tells of, to be compared with that."""
    if isinstance(answer, dict) and isinstance(answer.get("value"), list):
        items = answer["value"]
        return told_of(items[0], told) if len(items) == 1 else items
    if isinstance(answer, dict) and isinstance(told, dict):
        return {name: told_of(answer.get(name), value) for name, value in told.items()}
    return None if told is None else answer
