"""
The table of who may do what, for the tests and for docs/reference/authorization.md.

Write the page anew with ``python -m tests.proofs.authorization.authorization > docs/reference/authorization.md``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from bot.people.model import Person, Verb
from bot.people.permissions import Actor
from bot.requests.model import MOVES, State

HOLDER: Final = "U0ANN"
HOLDER_ID: Final = "ann"
BO: Final = Person(slack_user="U0BO", slack_name="Bo", entra_id="bo", entra_name="Bo Berg")

ROLES: Final[Mapping[str, Actor]] = {
    "the holder": Actor(slack_user=HOLDER, entra_id=HOLDER_ID),
    "the holder, who is an admin": Actor(
        slack_user=HOLDER, entra_id=HOLDER_ID, is_admin=True, stands_in=True
    ),
    "the holder, who is an approver": Actor(
        slack_user=HOLDER, entra_id=HOLDER_ID, is_approver=True
    ),
    "the holder's other account": Actor(slack_user="U0TWIN", entra_id=HOLDER_ID),
    "the holder's other account, an admin": Actor(
        slack_user="U0TWIN", entra_id=HOLDER_ID, is_admin=True, is_approver=True, stands_in=True
    ),
    "the holder's account under another id": Actor(
        slack_user=HOLDER, entra_id="bo", is_admin=True, is_approver=True
    ),
    "an approver": Actor(slack_user="U0BO", entra_id="bo", is_approver=True),
    "an admin who may decide this stage": Actor(
        slack_user="U0DANA", entra_id="dana", is_admin=True, stands_in=True
    ),
    "an admin who may not decide this stage": Actor(
        slack_user="U0DANA", entra_id="dana", is_admin=True
    ),
    "an admin and approver": Actor(
        slack_user="U0DANA", entra_id="dana", is_admin=True, is_approver=True
    ),
    "an approver who has decided an earlier stage": Actor(
        slack_user="U0BO", entra_id="bo", is_approver=True, has_decided=True
    ),
    "an admin who has decided an earlier stage": Actor(
        slack_user="U0DANA", entra_id="dana", is_admin=True, stands_in=True, has_decided=True
    ),
    "an approver who has approved this stage": Actor(
        slack_user="U0BO", entra_id="bo", is_approver=True, has_approved=True
    ),
    "an admin who has approved this stage": Actor(
        slack_user="U0DANA", entra_id="dana", is_admin=True, stands_in=True, has_approved=True
    ),
    "a delegate of an approver, one of whom has approved this stage": Actor(
        slack_user="U0LEE", entra_id="lee", acts_for=BO, has_approved=True
    ),
    "somebody who has approved this stage, and is no approver any more": Actor(
        slack_user="U0BO", entra_id="bo", has_approved=True
    ),
    "somebody": Actor(slack_user="U0CY", entra_id="cy"),
    "a delegate of an approver": Actor(slack_user="U0LEE", entra_id="lee", acts_for=BO),
    "a delegate of an approver, who is an admin": Actor(
        slack_user="U0LEE", entra_id="lee", acts_for=BO, is_admin=True
    ),
    "a delegate of the holder": Actor(
        slack_user="U0LEE", entra_id="lee", acts_for=replace(BO, slack_user=HOLDER)
    ),
    "a delegate of the holder's other account": Actor(
        slack_user="U0LEE", entra_id="lee", acts_for=replace(BO, entra_id=HOLDER_ID)
    ),
    "the holder, as a delegate of an approver": Actor(
        slack_user=HOLDER, entra_id=HOLDER_ID, acts_for=BO
    ),
    "the holder's other account, as a delegate of an approver": Actor(
        slack_user="U0TWIN", entra_id=HOLDER_ID, acts_for=BO
    ),
    "somebody, as a delegate of themselves": Actor(
        slack_user="U0LEE", entra_id=BO.entra_id, acts_for=BO
    ),
    "a delegate who has decided an earlier stage": Actor(
        slack_user="U0LEE", entra_id="lee", acts_for=BO, has_decided=True
    ),
    "a delegate unknown in Entra": Actor(slack_user="U0LEE", acts_for=BO),
    "a guest, as a delegate of an approver": Actor(
        slack_user="U0GUS", entra_id="gus", acts_for=BO, not_a_person="You are a guest."
    ),
    "an approver unknown in Entra": Actor(slack_user="U0BO", is_approver=True),
    "an admin unknown in Entra": Actor(slack_user="U0DANA", is_admin=True, stands_in=True),
    "a guest named as approver": Actor(
        slack_user="U0GUS", entra_id="gus", is_approver=True, not_a_person="You are a guest."
    ),
    "a stranger named as admin": Actor(
        slack_user="U0EVE",
        entra_id="eve",
        is_admin=True,
        stands_in=True,
        not_a_person="You are a stranger.",
    ),
    "the holder's manager, where the policy lets managers ask": Actor(
        slack_user="U0MIA", entra_id="mia", is_their_manager=True
    ),
    "the holder's manager, unknown in Entra": Actor(slack_user="U0MIA", is_their_manager=True),
    "a guest who is the holder's manager": Actor(
        slack_user="U0GUS", entra_id="gus", is_their_manager=True, not_a_person="You are a guest."
    ),
    "whoever asked for the holder, an approver": Actor(
        slack_user="U0MIA", entra_id="mia", is_approver=True, has_asked=True
    ),
    "whoever asked for the holder, an admin": Actor(
        slack_user="U0DANA", entra_id="dana", is_admin=True, stands_in=True, has_asked=True
    ),
    "whoever asked for the holder, as a delegate of an approver": Actor(
        slack_user="U0LEE", entra_id="lee", acts_for=BO, has_asked=True
    ),
    "an approver whom the holder lets decide": Actor(
        slack_user="U0BO", entra_id="bo", is_approver=True, has_decided_for_holder=True
    ),
    "an approver, where Entra decides": Actor(slack_user="U0BO", entra_id="bo", is_approver=True),
    "an admin, where Entra decides": Actor(
        slack_user="U0DANA", entra_id="dana", is_admin=True, stands_in=True, in_entra=True
    ),
    "a delegate of an approver, where Entra decides": Actor(
        slack_user="U0LEE", entra_id="lee", acts_for=BO, in_entra=True
    ),
    "a delegate of an approver, where a fresh sign-in is asked for": Actor(
        slack_user="U0LEE", entra_id="lee", acts_for=BO, takes_sign_in=True
    ),
    "a delegate of an approver, one of whom has approved this stage, where a fresh sign-in is asked for": Actor(
        slack_user="U0LEE", entra_id="lee", acts_for=BO, takes_sign_in=True, has_approved=True
    ),
    "a delegate whose approver has signed in for that, where a fresh sign-in is asked for": Actor(
        slack_user="U0LEE", entra_id="lee", acts_for=BO, takes_sign_in=True, is_proven=True
    ),
    "a delegate whose approver has signed in for that, one of whom has approved this stage": Actor(
        slack_user="U0LEE",
        entra_id="lee",
        acts_for=BO,
        takes_sign_in=True,
        is_proven=True,
        has_approved=True,
    ),
    "the holder, as a delegate whose approver has signed in for that": Actor(
        slack_user=HOLDER, entra_id=HOLDER_ID, acts_for=BO, takes_sign_in=True, is_proven=True
    ),
    "a delegate of the holder, who has signed in for that": Actor(
        slack_user="U0LEE",
        entra_id="lee",
        acts_for=replace(BO, slack_user=HOLDER),
        takes_sign_in=True,
        is_proven=True,
    ),
    "a delegate whose approver has signed in for that, where Entra decides": Actor(
        slack_user="U0LEE",
        entra_id="lee",
        acts_for=BO,
        takes_sign_in=True,
        is_proven=True,
        in_entra=True,
    ),
    "an admin in place of the approvers, where a fresh sign-in is asked for": Actor(
        slack_user="U0DANA", entra_id="dana", is_admin=True, stands_in=True, takes_sign_in=True
    ),
    "nobody in particular": Actor(slack_user=""),
}
OWN: Final = frozenset(
    {
        *(Verb.CANCEL, Verb.REMIND, Verb.EXTEND, Verb.RETURN, Verb.DELEGATE, Verb.DECLINE),
        Verb.ANSWER_QUESTION,
    }
)
KEEP: Final = frozenset({Verb.EXTEND, Verb.RETURN})
# While a stage needs more approvals, whoever has given one can still deny.
DENY: Final = frozenset({Verb.DENY, Verb.ASK_QUESTION})
REVIEW: Final = frozenset({Verb.REVIEW})
DECIDE: Final = DENY | REVIEW | {Verb.APPROVE}
ANSWER: Final = frozenset({Verb.ANSWER_QUESTION})
ASK: Final = frozenset({Verb.ASK_FOR})
RULE: Final = ASK | {
    Verb.REMOVE,
    Verb.LIST,
    Verb.RETRY,
    Verb.REPROCESS,
    Verb.EXPORT,
    Verb.DELEGATE,
}
# Not of what is about their own access.
GIVE_UP: Final = frozenset({Verb.GIVE_UP, Verb.ADOPT, Verb.IGNORE})
NOTHING: Final[frozenset[Verb]] = frozenset()

ALLOWED: Final[Mapping[str, frozenset[Verb]]] = {
    "the holder": OWN,
    "the holder, who is an admin": OWN | RULE,
    "the holder, who is an approver": OWN,
    "the holder's other account": KEEP,
    "the holder's other account, an admin": KEEP | RULE,
    # Messages about access may go astray; what is done with it may not.
    "the holder's account under another id": RULE
    | {Verb.CANCEL, Verb.REMIND, Verb.DECLINE, Verb.ANSWER_QUESTION},
    "an approver": DECIDE,
    "an admin who may decide this stage": DECIDE | RULE | GIVE_UP,
    "an admin who may not decide this stage": RULE | GIVE_UP,
    "an admin and approver": DECIDE | RULE | GIVE_UP,
    # The review of an emergency has no earlier stage.
    "an approver who has decided an earlier stage": REVIEW,
    "an admin who has decided an earlier stage": RULE | GIVE_UP | REVIEW,
    "an approver who has approved this stage": DENY | REVIEW,
    "an admin who has approved this stage": DENY | REVIEW | RULE | GIVE_UP,
    "a delegate of an approver, one of whom has approved this stage": DENY | REVIEW,
    "somebody who has approved this stage, and is no approver any more": NOTHING,
    "somebody": NOTHING,
    "a delegate of an approver": DECIDE,
    "a delegate of an approver, who is an admin": DECIDE | RULE | GIVE_UP,
    "a delegate of the holder": NOTHING,
    "a delegate of the holder's other account": NOTHING,
    "the holder, as a delegate of an approver": OWN,
    "the holder's other account, as a delegate of an approver": KEEP,
    "somebody, as a delegate of themselves": NOTHING,
    "a delegate who has decided an earlier stage": REVIEW,
    "a delegate unknown in Entra": NOTHING,
    "a guest, as a delegate of an approver": NOTHING,
    "an approver unknown in Entra": NOTHING,
    "an admin unknown in Entra": (RULE - ASK) | GIVE_UP,
    "a guest named as approver": NOTHING,
    "a stranger named as admin": NOTHING,
    "the holder's manager, where the policy lets managers ask": ASK,
    "the holder's manager, unknown in Entra": NOTHING,
    "a guest who is the holder's manager": NOTHING,
    "whoever asked for the holder, an approver": ANSWER,
    "whoever asked for the holder, an admin": ANSWER | RULE | GIVE_UP,
    "whoever asked for the holder, as a delegate of an approver": ANSWER,
    "an approver whom the holder lets decide": DECIDE - REVIEW,
    "an approver, where Entra decides": DECIDE,
    "an admin, where Entra decides": RULE | GIVE_UP | REVIEW,
    "a delegate of an approver, where Entra decides": REVIEW,
    # The review of an emergency takes no sign-in.
    "a delegate of an approver, where a fresh sign-in is asked for": REVIEW,
    "a delegate of an approver, one of whom has approved this stage, where a fresh sign-in is asked for": REVIEW,
    "a delegate whose approver has signed in for that, where a fresh sign-in is asked for": DECIDE,
    "a delegate whose approver has signed in for that, one of whom has approved this stage": DENY
    | REVIEW,
    "the holder, as a delegate whose approver has signed in for that": OWN,
    "a delegate of the holder, who has signed in for that": NOTHING,
    "a delegate whose approver has signed in for that, where Entra decides": REVIEW,
    "an admin in place of the approvers, where a fresh sign-in is asked for": DECIDE
    | RULE
    | GIVE_UP,
    "nobody in particular": NOTHING,
}

# In which states of a request a verb about it has an effect; in any other it is answered "too late".
IN_STATE: Final[Mapping[Verb, frozenset[State]]] = {
    Verb.APPROVE: frozenset({State.PENDING}),
    Verb.DENY: frozenset({State.PENDING}),
    Verb.ASK_QUESTION: frozenset({State.PENDING}),
    Verb.ANSWER_QUESTION: frozenset({State.PENDING}),
    Verb.CANCEL: frozenset({State.RECEIVED, State.PENDING, State.APPROVED}),
    Verb.REMIND: frozenset({State.PENDING}),
    Verb.DECLINE: frozenset({State.PENDING, State.APPROVED}),
    # While it is held.
    # Pending: only what Entra was to decide is held.
    Verb.RETRY: frozenset({State.RECEIVED, State.PENDING, State.APPROVED, State.SUBMITTED}),
    Verb.GIVE_UP: frozenset({State.RECEIVED, State.PENDING, State.APPROVED, State.SUBMITTED}),
}


def _row(first: str, marks: Iterable[str]) -> str:
    return f"| {' | '.join((first, *marks))} |"


def _table(head: str, columns: Iterable[str], rows: Mapping[str, Iterable[bool]]) -> list[str]:
    columns = list(columns)
    return [
        _row(head, columns),
        _row("---", [":-:"] * len(columns)),
        *(_row(name, ["yes" if mark else "" for mark in marks]) for name, marks in rows.items()),
    ]


def page() -> str:
    """The page, as it must stand in docs/reference/authorization.md."""
    verbs = list(Verb)
    by_role = {role: [verb in ALLOWED[role] for verb in verbs] for role in ROLES}
    by_state = {
        f"{state}{'' if state in MOVES else ' (over)'}": [state in IN_STATE[v] for v in IN_STATE]
        for state in State
    }
    lines = [
        "# Who may do what",
        "",
        "One function, `bot.people.permissions.may`, answers for everybody, and what it does not allow is forbidden. This",
        "page is written by `tests/proofs/authorization/authorization.py`, whose table the tests use; a test fails when the page,",
        "the table and the function do not agree.",
        "",
        "“The holder” is whose access it is by the Entra account that their Slack account is bound to; for *cancel* and",
        "*remind*, whoever asked; for *delegate*, whoever is to let somebody else decide for them. An admin is in `LATCHKEY_ADMINS`; an",
        "approver is named by the package's policy for the stage that is being decided, which is read from Entra at",
        "the click and again just before the grant. Whether an admin may decide a stage in place of its approvers is",
        "for `LATCHKEY_ADMINS_DECIDE` to say: always; only if the policy finds nobody (`fallback`); or never. One",
        "person decides at most one stage of a request, in whatever role. Where several must approve a stage, whoever",
        "has approved it cannot do so again, neither themselves nor through a delegate; until the last of them has, they can still deny it.",
        "",
        "Where Entra decides, it takes a decision only from whom the policy names: neither from an admin nor from a delegate.",
        "Where an approval takes a fresh sign-in, a delegate decides, or denies, only once whoever lets them has signed in to",
        "Microsoft for that: otherwise a stolen Slack session could name its thief. The delegate signs in for each approval.",
        "",
        "*Ask-question* is for whoever may decide the stage at that moment, and decides nothing. *Answer-question* is for whoever",
        "asked for the access and for whom it would be.",
        "",
        "A delegate decides for an approver who lets them, until the end of that delegation, and only while the policy",
        "names that approver: both accounts of both people are read at the click and again just before the grant. What",
        "an admin may, or what others let somebody decide, is not passed on: there are no chains. What a delegate has",
        "decided is the decision of both: neither decides another stage. Nobody decides their own request through a",
        "delegate, nor as one. A delegation that ends after the click was in time; one that is canceled does not count.",
        "",
        *_table("who", verbs, by_role),
        "",
        "Nobody decides about somebody whose Entra account is not known, and nobody extends or",
        "returns the access of an Entra account that is not known to be theirs.",
        "",
        "## In which state",
        "",
        "Asking for a decision twice, or too late, changes nothing: whoever clicks is told how it ended.",
        "",
        *_table("state of the request", list(IN_STATE), by_state),
        "",
        "*Review* closes the review of emergency access: for those who might have decided any of the stages that were left",
        "out, whatever the state of the request; never for the holder, nor for anybody who decides for them, or has at any",
        "moment since they asked.",
        "",
        "*Cancel* is too late as soon as the grant is on its way to Entra. *Extend*, *return* and *remove* are about",
        "access and not about a request: they need access that has not ended.",
        "",
        "*Ask-for* is asking for somebody else: for the direct manager of whoever would get the access, by Entra, where the",
        "policy that applies lets managers ask, and for admins. It is read when the request is evaluated and again just",
        "before the grant. Neither of the two decides such a request, nor does a delegate of theirs. *Decline* is for",
        "whoever would get the access; once they have it, it returns the access.",
        "",
        "*Retry* and *give up* need a request that is on hold, because it keeps failing. Nobody gives up what is about",
        "their own access: it may be its removal.",
        "",
        "*Adopt* and *ignore* are about drift: access that Entra shows and nobody approved. Nobody says of their own access that it",
        "is right.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201
