"""Evaluate policy tests by the rules that the bot goes by."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from bot import clock
from bot.packages import policy_terms
from bot.packages.eligibility import (
    Admitted,
    Case,
    Refusal,
    RefusalReason,
    Requester,
    evaluate_request,
    groups_named,
    is_requestable,
)
from bot.packages.model import NamedObject
from bot.provisioning.file_format.grammar import read_expiration, read_role, say_expiration
from bot.provisioning.file_format.sentences import Sentence, read_sentence
from bot.provisioning.policy_tests.approvers import TestedApprovers
from bot.provisioning.policy_tests.facts import CannotTell, Facts, Offer, TestedPerson
from graph.models import AssignmentPolicy

# More doubts than this are not weighed one by one.
MOST_DOUBTS = 8


class PolicyTestOutcome(StrEnum):
    """The ends that a policy test can have."""

    HOLDS = "holds"
    FAILS = "fails"
    UNCLEAR = "cannot tell"


@dataclass(frozen=True, kw_only=True)
class PolicyTestResult:
    """One policy test, and whether it holds."""

    text: str
    outcome: PolicyTestOutcome
    why: str = ""

    def as_json(self) -> dict[str, str]:
        return {"test": self.text, "outcome": self.outcome.value, "why": self.why}


@dataclass
class Evaluator:
    """Evaluates one test after another; each may go on about what the one before was about."""

    facts: Facts
    _person: TestedPerson | None = None
    _offer: Offer | None = None
    _members: dict[tuple[str, str], bool] = field(default_factory=dict)
    _managers: dict[str, str] = field(default_factory=dict)
    _guests: dict[str, bool] = field(default_factory=dict)

    async def evaluate(self, tests: Iterable[str]) -> list[PolicyTestResult]:
        """Return a result for each test; suppositions get none, unless nobody can make sense of them."""
        results = []
        for text in tests:
            sentence = read_sentence(text)
            try:
                if sentence.is_supposed:
                    await self._suppose(sentence)
                    continue
                results.append(await self._evaluate(sentence))
            except CannotTell as error:
                results.append(
                    PolicyTestResult(text=text, outcome=PolicyTestOutcome.UNCLEAR, why=str(error))
                )
        return results

    async def _suppose(self, sentence: Sentence) -> None:
        person = await self.facts.person(sentence.person or "")
        if sentence.kind == "suppose member":
            group_id = await self.facts.group_id(sentence.value)
            self._members[person.id, group_id] = sentence.holds
        elif sentence.kind == "suppose manager":
            self._managers[person.id] = (await self.facts.person(sentence.value)).id
        else:
            self._guests[person.id] = sentence.holds

    async def _evaluate(self, sentence: Sentence) -> PolicyTestResult:
        offer = self._offer
        if sentence.package is not None:
            offer = await self.facts.offer(sentence.package)
        if offer is None:
            raise CannotTell("It does not say which package, and no test before it does.")
        person = self._person if self._offer and self._offer.id == offer.id else None
        if sentence.person is not None:
            person = await self.facts.person(sentence.person)
        self._offer, self._person = offer, person
        if sentence.kind == "gives":
            role = read_role(sentence.value)
            wanted = (role.role.casefold(), await self.facts.thing_id(role.thing))
            return _result(
                sentence,
                [
                    (
                        wanted in offer.gives,
                        f"{offer.name} {'gives' if wanted in offer.gives else 'does not give'} it",
                    )
                ],
            )
        if sentence.kind == "may ask":
            return await self._may_ask(sentence, offer, person)
        return await self._of_policies(sentence, offer, person)

    async def _may_ask(
        self, sentence: Sentence, offer: Offer, person: TestedPerson | None
    ) -> PolicyTestResult:
        if person is None:
            raise CannotTell("It does not say who.")
        findings: list[tuple[bool | None, str]] = []
        for doubt, answer in await self._answers(offer, person):
            if isinstance(answer, Admitted):
                findings.append((True, f"policy “{answer.policy.display_name}” lets them{doubt}"))
                continue
            # Several policies let them, and they choose one.
            may = answer.reason is RefusalReason.SEVERAL
            findings.append((may, f"{_said(answer, offer)}{doubt}"))
        return _result(sentence, findings)

    async def _answers(
        self, offer: Offer, person: TestedPerson
    ) -> list[tuple[str, Admitted | Refusal]]:
        """Evaluate whether they may ask, for each way in which what we do not know may be."""
        groups = sorted(groups_named(offer.policies))
        known = {each: await self._is_member(person.id, each) for each in groups}
        guest = self._guests.get(person.id)
        if guest is None:
            guest = await self.facts.is_guest(person.id)
        doubts = [each for each in groups if known[each] is None]
        if len(doubts) > MOST_DOUBTS:
            raise CannotTell(
                f"It depends on {len(doubts)} groups that this file says nothing about."
            )
        excluded_by = await self._excluded_by(offer, person)
        found = []
        for answers in itertools.product((False, True), repeat=len(doubts)):
            guessed = dict(zip(doubts, answers, strict=True))
            inside = frozenset(each for each in groups if known[each] or guessed.get(each))
            case = Case(
                at=clock.now(),
                package=offer.package,
                policies=offer.policies,
                requester=Requester(entra_id=person.id, is_guest=guest, groups=inside),
                excluded_by=excluded_by,
            )
            said = [f"in {each}" if yes else f"not in {each}" for each, yes in guessed.items()]
            doubt = f" if they are {' and '.join(said)}" if said else ""
            found.append((doubt, evaluate_request(case)))
        return found

    async def _excluded_by(self, offer: Offer, person: TestedPerson) -> tuple[NamedObject, ...]:
        """Find what they are known to have, or to be in, that does not go with the package."""
        groups = [
            NamedObject(id=each, name=f"the group {name}")
            for each, name in offer.groups_excluded.items()
            if await self._is_member(person.id, each)
        ]
        return (*await self.facts.has(person.id, offer), *groups)

    async def _is_member(self, person_id: str, group_id: str) -> bool | None:
        if (person_id, group_id) in self._members:
            return self._members[person_id, group_id]
        return await self.facts.is_member(person_id, group_id)

    async def _of_policies(
        self, sentence: Sentence, offer: Offer, person: TestedPerson | None
    ) -> PolicyTestResult:
        """Evaluate what is said of a package under each policy that may apply."""
        policies: list[tuple[str, AssignmentPolicy]] = []
        if person is not None:
            for doubt, answer in await self._answers(offer, person):
                if isinstance(answer, Admitted):
                    policies.append((doubt, answer.policy))
                elif answer.reason is RefusalReason.SEVERAL:
                    policies += [(doubt, each) for each in answer.candidates]
                else:
                    why = f"{person.name} may not ask for {offer.name}{doubt}"
                    return PolicyTestResult(
                        text=sentence.text, outcome=PolicyTestOutcome.FAILS, why=why
                    )
        else:
            policies = [("", each) for each in offer.policies if is_requestable(each)]
            policies = policies or [("", each) for each in offer.policies]
        if not policies:
            raise CannotTell(f"{offer.name} has no policy.")
        findings = []
        for doubt, each in policies:
            holds, why = await self._property(sentence, each, person)
            findings.append((holds, f"policy “{each.display_name}” {why}{doubt}"))
        return _result(sentence, findings)

    async def _property(
        self, sentence: Sentence, policy: AssignmentPolicy, person: TestedPerson | None
    ) -> tuple[bool | None, str]:
        kinds: dict[str, Callable[[], tuple[bool | None, str]]] = {
            "approval": lambda: _approval(policy),
            "reason": lambda: _word(
                policy_terms.needs_reason(policy), "wants a reason", "wants no reason"
            ),
            "extend": lambda: _word(
                policy_terms.may_extend(policy), "may be extended", "may not be extended"
            ),
            "ends": lambda: _length(
                policy,
                say_expiration(policy.expiration)
                == say_expiration(read_expiration(sentence.value)),
            ),
            "never ends": lambda: _length(
                policy, policy_terms.lasts(policy.expiration) == policy_terms.lasts(None)
            ),
        }
        if sentence.kind in kinds:
            return kinds[sentence.kind]()
        approvers = TestedApprovers(
            facts=self.facts, is_member=self._is_member, managers=self._managers
        )
        return await approvers.include(sentence, policy, person)


def _said(refusal: Refusal, offer: Offer) -> str:
    """Say why they may not ask, or which of several policies lets them."""
    match refusal.reason:
        case RefusalReason.UNSUPPORTED:
            what = f"policy “{refusal.policy.display_name}”" if refusal.policy else offer.name
            return f"Latchkey cannot judge {what} ({', '.join(refusal.details)}) and lets nobody in by it"
        case RefusalReason.SEVERAL:
            names = " or ".join(f"“{each.display_name}”" for each in refusal.candidates)
            return f"policy {names} lets them, as they choose"
        case RefusalReason.CATALOG_OFF:
            return f"the catalog of {offer.name} is not published"
        case RefusalReason.ENDED:
            return f"what policy “{refusal.policy and refusal.policy.display_name}” gives has ended"
        case RefusalReason.EXCLUDED:
            return f"{offer.name} does not go with {', '.join(refusal.details)}"
        case _:
            return f"no policy of {offer.name} lets them"


def _approval(policy: AssignmentPolicy) -> tuple[bool, str]:
    stages = len(policy_terms.stages_for(policy, extending=False, always=False))
    return _word(
        stages > 0,
        f"has {stages} stages" if stages > 1 else "has a stage of approval",
        "asks nobody",
    )


def _length(policy: AssignmentPolicy, holds: bool) -> tuple[bool | None, str]:
    unsaid = policy.expiration is not None and policy.expiration.is_unsaid
    return None if unsaid else holds, f"lasts {policy_terms.lasts(policy.expiration)}"


def _word(holds: bool, yes: str, no: str) -> tuple[bool, str]:
    return holds, yes if holds else no


def _result(sentence: Sentence, findings: Iterable[tuple[bool | None, str]]) -> PolicyTestResult:
    """Decide: it holds if it is so in every case, and fails if it is not so in one that is certain."""
    findings = list(findings)
    against = [why for holds, why in findings if holds is not None and holds is not sentence.holds]
    unclear = [why for holds, why in findings if holds is None]
    pro = [why for holds, why in findings if holds is sentence.holds]
    if against and (pro or unclear) and any(" if they are " in why for why in against):
        return PolicyTestResult(
            text=sentence.text, outcome=PolicyTestOutcome.UNCLEAR, why="; ".join([*pro, *against])
        )
    if against:
        return PolicyTestResult(
            text=sentence.text, outcome=PolicyTestOutcome.FAILS, why="; ".join(against)
        )
    if unclear:
        return PolicyTestResult(
            text=sentence.text, outcome=PolicyTestOutcome.UNCLEAR, why="; ".join(unclear)
        )
    return PolicyTestResult(text=sentence.text, outcome=PolicyTestOutcome.HOLDS, why="; ".join(pro))
