"""
Write docs/reference/audit-verbs.md: `python -m tests.docs.audit_verbs > docs/reference/audit-verbs.md`.

What each verb means stands here; that there are no others is read in the source, in whatever records a row.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Final

from bot.approvals.model import Outcome
from bot.assignments.model import TroubleKind
from bot.drift.model import DriftKind
from bot.people.model import Verb
from tests.docs.references import ROOT
from tests.syntax import says_any

FOLDERS: Final = ("bot", "handlers")
# What writes a row of the audit log, or builds one: where its verb stands among the arguments, if it may stand there.
RECORDS: Final[Mapping[str, int | None]] = {
    "record": None,
    "_record": 2,
    "intend": 0,
    "change_terms": None,
}
# What an admin does about a request on hold is told to whatever records it.
TOLD: Final = frozenset({"give-up", "retry"})
ANY: Final = "[a-z-]+"
# What stands in an f-string.
FILLED_IN: Final = {"verb": "(?:approve|deny)", "kind": ANY, "outcome": ANY}

VERBS: Final[Mapping[str, str]] = {
    "accept-settings": "an operator says that the package settings mean a package by the names that it has now",
    "adopt": "an admin says that what did not agree is right as it is",
    "answer-question": "the requester has answered a question of an approver's",
    "archive": "old rows of this log were moved into a file",
    "archive-extension": "an extension from the command line, of which the row was archived and the access is still there",
    "archive-grant": "a grant from the command line, of which the row was archived and the access is still there",
    **{
        f"{verb}-{outcome}": f"a click on {name}: {said}"
        for verb, name in (("approve", "Approve"), ("deny", "Deny"))
        for outcome, said in (
            (Outcome.ACCEPTED, "it counts"),
            (Outcome.REFUSED, "whoever clicked may not decide this"),
            (Outcome.LATE, "it was decided, or over, before"),
        )
    },
    "ask-add": "somebody asks for access, in Slack or, where Entra decides, at My Access (`made_in`: `entra`); `found_in`: `entra` is a request that waited there and has the words of a Latchkey, as after a restore of a backup from before it",
    "ask-emergency": "somebody asks for access at once, in an emergency",
    "ask-extend": "somebody asks for an extension, likewise",
    "ask-remove": "somebody returns access, or an admin removes it",
    "ask-question-accepted": "an approver asks the requester something",
    "ask-question-late": "the same, too late",
    "ask-question-refused": "the same, by somebody who may not decide",
    "cli-extend": "access was extended from the command line: what is about to be posted, and what came of it",
    "cli-grant": "access was granted from the command line",
    "cli-retry": "an operator had a request on hold tried again",
    "cli-give-up": "an operator gave up a request on hold",
    "cli-remove": "access was removed from the command line",
    "connect": "somebody has connected their Microsoft account",
    "delegate": "an approver lets somebody decide for them",
    "delete-old": "what is older than the settings keep it is deleted",
    "disconnect": "a Microsoft account is connected no more",
    **{
        f"drift-{kind}": f"Entra and what was approved do not agree: {said}"
        for kind, said in (
            (DriftKind.ENDED_OUTSIDE, "access has ended before its time, and not through Latchkey"),
            (DriftKind.LATER_END, "access ends later than was approved"),
            (
                DriftKind.MEMBER,
                "somebody is in a group that a package gives, and has not had the package",
            ),
            (
                DriftKind.NESTED,
                "a group is in a group that a package gives, so that its members have that without the package",
            ),
            (DriftKind.NOT_MEMBER, "access is there, and not the membership that it gives"),
            (DriftKind.STILL_MEMBER, "access has ended, and the membership has not"),
            (DriftKind.STUCK, "delivery has not come to an end for a day"),
            (DriftKind.UNASKED, "access that no request has given"),
        )
    },
    "asked-in-entra": "access that no request of Latchkey's gave: whoever asked Entra for it, for themselves or for its holder, as Entra shows once it is there",
    "cancel": "whoever asked wants a request canceled in Entra, which decides it; what comes of it is a move of its own",
    "drift-passed": "what did not agree does, or is gone",
    "emergency": "access was given in an emergency, and waits for its review",
    "end": "access has ended; `why` says how",
    "end-moved": "Entra shows another end of access than before",
    "escalate": "the stand-in approvers are asked, as nobody has decided",
    "escalate-review": "the admins are told that a review is overdue",
    "export": "somebody took rows of this log along: a list, or an evidence pack",
    "forget": "a person was forgotten; `as` is the pseudonym",
    "forget-slack-app": "this database is to serve another Slack app",
    "give-up": "an admin gives up a request that was on hold",
    "hide-approvers": "the policy of a request that waits hides by now who decides it: whoever asked is no longer shown who",
    "hold": "a request is on hold: too many steps of it have failed",
    "ignore": "an admin says that what does not agree is not to be told of until a day",
    "let-end": "a holder lets access end",
    "remind-again": "a holder who let access end wants to be reminded after all",
    "list": "an admin has looked at what is other people's",
    "move": "a request goes from one state to another (`before`, `after`)",
    "new-assignment": "Entra shows access that was not known",
    "pause": "granting was paused",
    "prove-delegation": "whoever lets somebody decide has signed in to Microsoft for it: it counts where an approval takes a fresh sign-in",
    "refused": "somebody was refused something; `times`: so often",
    "remind": "a requester has reminded those who decide",
    "remind-review": "those who may review an emergency are reminded",
    "remove-several": "an admin removes several at once; each is a request of its own",
    "renew-terms": "Entra did not let somebody decide whom Latchkey had asked; the request that waits there is decided by whom its policy names by now",
    "require-sign-in": "the package settings ask by now for a fresh sign-in of whoever approves a request that waits in Entra already",
    "reprocess": "an admin had Entra process access once more",
    "resume": "granting goes on",
    "retry": "an admin has a request tried again that was on hold; by `latchkey`: a removal, whose access has run out meanwhile",
    "review": "somebody has reviewed an emergency",
    "review-late": "the same, after somebody else",
    "review-refused": "the same, by somebody who may not review it",
    "revived": "access that had ended is there again",
    **{
        f"trouble-{kind}": f"something is wrong with access: {said}"
        for kind, said in (
            (TroubleKind.FAILED, "Entra could not deliver it"),
            (TroubleKind.PACKAGE, "the package itself cannot be read"),
            (TroubleKind.PARTIAL, "Entra has delivered a part of it"),
            (TroubleKind.UNREADABLE, "it cannot be read"),
            (TroubleKind.REGIVEN, "somebody in Entra has given again what an admin removed"),
            (
                TroubleKind.SETTINGS_NOBODY,
                "nothing in Entra has the name of an entry of the package settings",
            ),
            (
                TroubleKind.SETTINGS_RENAMED,
                "a name in the package settings is not the package's any more",
            ),
            (
                TroubleKind.SETTINGS_TAKEN,
                "another package has the name of an entry of the package settings",
            ),
            (TroubleKind.REVIVED, "it is there again after its end"),
        )
    },
    "undelegate": "a delegation has ended early",
    "webhook-enable": "a webhook that was gone is told of events again",
    "webhook-replay": "a webhook is told of events once more",
    "webhook-skip": "a webhook is not told of some events",
}

HEAD: Final = """# Verbs of the audit log

Each row of the audit log has a verb, which says what happened; `latchkey audit export` and [evidence packs](../how-to/evidence.md) show it as it is
here. Programs may rely on these words: some are added, none is changed. [Webhooks](../how-to/webhooks.md) tell of some of them under names of their own.

This page is made from the program: `make docs`.

| Verb | What happened |
|---|---|
"""


def page() -> str:
    """Return the page."""
    return HEAD + "".join(f"| `{verb}` | {VERBS[verb]} |\n" for verb in sorted(VERBS))


def recorded() -> set[str]:
    """Return the verbs that the source writes, each as a regular expression: what is filled in is not always known."""
    found = {
        verb
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for verb in _in_module(path.read_text())
    }
    return found | {re.escape(verb) for verb in TOLD}


def _in_module(source: str) -> Iterator[str]:
    if not says_any(source, RECORDS):
        return
    module = ast.parse(source)
    known = {
        target.id: node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            for given in _given(node):
                yield from _verbs(given, known)


def _given(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in RECORDS:
        yield from (each.value for each in call.keywords if each.arg == "verb")
        place = RECORDS[name]
        if place is not None:
            yield from call.args[place : place + 1]


def _verbs(node: ast.expr, known: Mapping[str, ast.expr]) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(said)):
            yield re.escape(said)
        case ast.IfExp():
            yield from (*_verbs(node.body, known), *_verbs(node.orelse, known))
        case ast.Attribute(value=ast.Name(id="Verb")):
            yield re.escape(Verb[node.attr])
        case ast.Name() if node.id in known:
            yield from _verbs(known[node.id], {})
        case ast.Subscript(value=ast.Name(id=name)) if isinstance(known.get(name), ast.Dict):
            table = known[name]
            assert isinstance(table, ast.Dict)
            for value in table.values:
                yield from _verbs(value, {})
        case ast.JoinedStr():
            yield "".join(map(_part, node.values))


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return re.escape(str(part.value))
    assert isinstance(part, ast.FormattedValue)
    value = part.value
    name = value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")
    return FILLED_IN.get(name, ANY)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
