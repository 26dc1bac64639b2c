"""The import contracts of pyproject.toml hold, leave nothing out, and each refuses what it is for."""

from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from itertools import pairwise, permutations, product
from typing import Any

import grimp
import pytest
from importlinter import Contract, ContractCheck, configuration
from importlinter.application.use_cases import read_user_options
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract

from tests.docs.references import ROOT

KINDS: dict[str, type[Contract]] = {
    "acyclic_siblings": AcyclicSiblingsContract,
    "forbidden": ForbiddenContract,
    "independence": IndependenceContract,
    "layers": LayersContract,
    "protected": ProtectedContract,
}
configuration.configure()
OPTIONS = read_user_options(str(ROOT / "pyproject.toml"))
CONTRACTS: dict[str, dict[str, Any]] = {each["name"]: each for each in OPTIONS.contracts_options}
ARROWS = next(iter(CONTRACTS))
ROWS = [[each.strip() for each in row.split("|")] for row in CONTRACTS[ARROWS]["layers"]]

# What each contract refuses, at least: who imports, and what.
REFUSED = {
    "Arrows": [("graph.calls.session", "bot.errors"), ("bot.database.flags", "bot.people.guard")],
    "Messages": [
        ("bot.messages.phrases.decided", "bot.messages.approvals.approval_card"),
        ("bot.messages.approvals.approval_card", "bot.messages.requests.outcomes"),
    ],
    "Each subject": [
        ("bot.requests.store.requests", "bot.requests.state_machine.deciding"),
        ("bot.requests.model.states", "bot.requests.store.requests"),
        ("bot.requests.transactions.ask", "bot.requests.evaluation.evaluator"),
        ("bot.assignments.store.assignments", "bot.assignments.service"),
        ("bot.drift.model", "bot.drift.store.mismatches"),
    ],
    "What people can do": [
        ("handlers.deciding.decide", "handlers.deciding.review"),
        ("handlers.asking.request_form", "handlers.administering.console"),
    ],
    "Graph's subjects": [("graph.subjects.users", "graph.subjects.groups")],
    "No circles": [
        ("handlers.replying.replies", "handlers.dispatch.deduplicate"),
        ("handlers.dispatch.app", "handlers.web.http"),
        ("bot.notifications.outbox", "bot.notifications.owed"),
        ("bot.notifications.requests.progress", "bot.notifications.approvals.card_news"),
        ("bot.cli.tenant.lookup", "bot.cli.access.operate"),
        ("graph.calls.session", "graph.subjects.users"),
        ("bot.provisioning.tenant.resolve", "bot.provisioning.kinds.people"),
    ],
    "The stand-ins": [("sandbox.tenant.world", "graph.models")],
    "Only graph/": [
        ("bot.people.identity", "httpx"),
        ("bot.machine", "msal"),
        ("handlers.web.http", "httpx"),
    ],
    "Only handlers/": [
        ("bot.notifications.outbox", "slack_bolt"),
        ("graph.calls.session", "slack_bolt"),
        ("sandbox.run", "slack_bolt"),
    ],
    "Only bot.database": [
        ("bot.requests.service", "sqlalchemy"),
        ("bot.requests.store.requests", "psycopg"),
        ("handlers.replying.lists", "sqlalchemy"),
    ],
    "Settings are read": [
        ("bot.people.guard", "bot.configuration.settings"),
        ("bot.database.flags", "bot.configuration.database_url"),
        ("handlers.services", "bot.configuration.webhooks"),
    ],
}


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(
        *OPTIONS.session_options["root_packages"], include_external_packages=True, cache_dir=None
    )


def checked(name: str, planted: Iterable[tuple[str, str]] = ()) -> ContractCheck:
    """Check a contract as if the modules imported what is *planted* besides."""
    graph = deepcopy(imports())
    for importer, imported in planted:
        assert {importer, imported} <= graph.modules, "no such module"
        graph.add_import(importer=importer, imported=imported, line_number=1, line_contents="")
    options = CONTRACTS[name]
    contract = KINDS[options["type"]](name, OPTIONS.session_options, options)
    return contract.check(graph, verbose=False)


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_holds(name):
    assert checked(name).kept


@pytest.mark.parametrize(
    ("begins", "planted"),
    [
        pytest.param(begins, each, id=" -> ".join(each))
        for begins, planted in REFUSED.items()
        for each in planted
    ],
)
def test_a_contract_refuses_what_it_is_for(begins, planted):
    """By one import that breaks it."""
    (name,) = [each for each in CONTRACTS if each.startswith(begins)]
    assert not checked(name, [planted]).kept


def test_each_contract_is_broken_once():
    names = {name for name in CONTRACTS for begins in REFUSED if name.startswith(begins)}
    assert names == set(CONTRACTS)


def test_a_layer_knows_neither_those_above_nor_its_neighbors():
    planted = {
        each
        for above, below in pairwise(ROWS)
        for each in (*product(below, above), *permutations(below, 2))
    }
    found = checked(ARROWS, planted).metadata["invalid_dependencies"]
    assert planted <= {(each["importer"], each["imported"]) for each in found}


def test_every_part_of_the_bot_is_in_a_layer():
    """A new folder is nobody's to import before it has its place."""
    assert imports().find_children("bot") == {
        each for row in ROWS for each in row if each.startswith("bot.")
    }


def test_the_layers_of_a_subject_are_there():
    """All of them in requests; others have what they need."""
    (subjects,) = [each for name, each in CONTRACTS.items() if name.startswith("Each subject")]
    rows = [each.strip("() ") for row in subjects["layers"] for each in row.split("|")]
    assert {f"bot.requests.{each}" for each in rows} <= imports().find_children("bot.requests")
