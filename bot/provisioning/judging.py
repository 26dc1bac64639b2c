"""Judges policy tests by the rules that the desk goes by."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from bot import policy as rules
from bot.provisioning.deciders import Deciders
from bot.provisioning.facts import Facts, Offer, Somebody, Unclear
from bot.provisioning.sentences import Sentence, read_sentence
from bot.provisioning.words import read_expiration, read_role, say_expiration
from graph.models import AssignmentPolicy

# More doubts than this are not weighed one by one.
MOST_DOUBTS = 8


class Outcome(StrEnum):
    """What became of a policy test."""

    HOLDS = "holds"
    FAILS = "fails"
    UNCLEAR = "cannot tell"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One policy test, and whether it holds."""

    text: str
    outcome: Outcome
    why: str = ""

    def as_json(self) -> dict[str, str]:
        return {"test": self.text, "outcome": self.outcome.value, "why": self.why}


@dataclass
class Judge:
    """Judges one test after another; each may go on about what the one before was about."""

    facts: Facts
    _person: Somebody | None = None
    _offer: Offer | None = None
    _members: dict[tuple[str, str], bool] = field(default_factory=dict)
    _managers: dict[str, str] = field(default_factory=dict)
    _guests: dict[str, bool] = field(default_factory=dict)

    async def all(self, tests: Iterable[str]) -> list[Verdict]:
        """A verdict for each test; suppositions get none, unless nobody can make sense of them."""
        verdicts = []
        for text in tests:
            sentence = read_sentence(text)
            try:
                if sentence.is_supposed:
                    await self._suppose(sentence)
                    continue
                verdicts.append(await self._judge(sentence))
            except Unclear as error:
                verdicts.append(Verdict(text=text, outcome=Outcome.UNCLEAR, why=str(error)))
        return verdicts

    async def _suppose(self, sentence: Sentence) -> None:
        person = await self.facts.person(sentence.person or "")
        if sentence.kind == "suppose member":
            group_id = await self.facts.group_id(sentence.value)
            self._members[person.id, group_id] = sentence.holds
        elif sentence.kind == "suppose manager":
            self._managers[person.id] = (await self.facts.person(sentence.value)).id
        else:
            self._guests[person.id] = sentence.holds

    async def _judge(self, sentence: Sentence) -> Verdict:
        offer = self._offer
        if sentence.package is not None:
            offer = await self.facts.offer(sentence.package)
        if offer is None:
            raise Unclear("It does not say which package, and no test before it does.")
        person = self._person if self._offer and self._offer.id == offer.id else None
        if sentence.person is not None:
            person = await self.facts.person(sentence.person)
        self._offer, self._person = offer, person
        if sentence.kind == "gives":
            role = read_role(sentence.value)
            wanted = (role.role.casefold(), await self.facts.thing_id(role.thing))
            return _verdict(
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

    async def _may_ask(self, sentence: Sentence, offer: Offer, person: Somebody | None) -> Verdict:
        if person is None:
            raise Unclear("It does not say who.")
        findings: list[tuple[bool | None, str]] = []
        for doubt, choice in await self._choices(offer, person):
            if choice.not_understood is not None:
                name = choice.not_understood.display_name
                if sentence.holds:
                    findings.append(
                        (
                            False,
                            f"Latchkey cannot judge policy “{name}” and lets nobody in by it{doubt}",
                        )
                    )
                else:
                    findings.append((None, f"Latchkey cannot judge policy “{name}”{doubt}"))
            elif choice.policy is not None:
                findings.append((True, f"policy “{choice.policy.display_name}” lets them{doubt}"))
            else:
                findings.append((False, f"no policy of {offer.name} lets them{doubt}"))
        return _verdict(sentence, findings)

    async def _choices(self, offer: Offer, person: Somebody) -> list[tuple[str, rules.Choice]]:
        """The policy that applies, for each way in which what we do not know may be."""
        groups = sorted(rules.groups_named(offer.policies))
        known = {each: await self._is_member(person.id, each) for each in groups}
        guest = self._guests.get(person.id)
        if guest is None:
            guest = await self.facts.is_guest(person.id)
        doubts = [each for each in groups if known[each] is None]
        if len(doubts) > MOST_DOUBTS:
            raise Unclear(f"It depends on {len(doubts)} groups that this file says nothing about.")
        found = []
        for answers in itertools.product((False, True), repeat=len(doubts)):
            guessed = dict(zip(doubts, answers, strict=True))
            requester = rules.Requester(
                entra_id=person.id,
                is_guest=bool(guest),
                groups=frozenset(each for each in groups if known[each] or guessed.get(each)),
            )
            said = [f"in {each}" if yes else f"not in {each}" for each, yes in guessed.items()]
            doubt = f" if they are {' and '.join(said)}" if said else ""
            found.append((doubt, rules.choose(offer.policies, requester)))
        return found

    async def _is_member(self, person_id: str, group_id: str) -> bool | None:
        if (person_id, group_id) in self._members:
            return self._members[person_id, group_id]
        return await self.facts.is_member(person_id, group_id)

    async def _of_policies(
        self, sentence: Sentence, offer: Offer, person: Somebody | None
    ) -> Verdict:
        """What is said of a package must be so under each policy that may apply."""
        policies: list[tuple[str, AssignmentPolicy]] = []
        if person is not None:
            for doubt, choice in await self._choices(offer, person):
                if choice.policy is None:
                    why = f"{person.name} may not ask for {offer.name}{doubt}"
                    return Verdict(text=sentence.text, outcome=Outcome.FAILS, why=why)
                policies.append((doubt, choice.policy))
        else:
            policies = [("", each) for each in offer.policies if rules.is_for_asking(each)]
            policies = policies or [("", each) for each in offer.policies]
        if not policies:
            raise Unclear(f"{offer.name} has no policy.")
        findings = []
        for doubt, each in policies:
            holds, why = await self._property(sentence, each, person)
            findings.append((holds, f"policy “{each.display_name}” {why}{doubt}"))
        return _verdict(sentence, findings)

    async def _property(
        self, sentence: Sentence, policy: AssignmentPolicy, person: Somebody | None
    ) -> tuple[bool | None, str]:
        kinds: dict[str, Callable[[], tuple[bool, str]]] = {
            "approval": lambda: _approval(policy),
            "reason": lambda: _word(
                rules.needs_reason(policy), "wants a reason", "wants no reason"
            ),
            "extend": lambda: _word(
                rules.may_extend(policy), "may be extended", "may not be extended"
            ),
            "ends": lambda: (
                say_expiration(policy.expiration)
                == say_expiration(read_expiration(sentence.value)),
                f"lasts {rules.lasts(policy.expiration)}",
            ),
            "never ends": lambda: (
                rules.lasts(policy.expiration) == rules.lasts(None),
                f"lasts {rules.lasts(policy.expiration)}",
            ),
        }
        if sentence.kind in kinds:
            return kinds[sentence.kind]()
        deciders = Deciders(facts=self.facts, is_member=self._is_member, managers=self._managers)
        return await deciders.include(sentence, policy, person)


def _approval(policy: AssignmentPolicy) -> tuple[bool, str]:
    stages = len(rules.stages_for(policy, extending=False, always=False))
    return _word(
        stages > 0,
        f"has {stages} stages" if stages > 1 else "has a stage of approval",
        "asks nobody",
    )


def _word(holds: bool, yes: str, no: str) -> tuple[bool, str]:
    return holds, yes if holds else no


def _verdict(sentence: Sentence, findings: Iterable[tuple[bool | None, str]]) -> Verdict:
    """It holds if it is so in every case; it fails if it is not so in one that is certain."""
    findings = list(findings)
    against = [why for holds, why in findings if holds is not None and holds is not sentence.holds]
    unclear = [why for holds, why in findings if holds is None]
    pro = [why for holds, why in findings if holds is sentence.holds]
    if against and (pro or unclear) and any(" if they are " in why for why in against):
        return Verdict(text=sentence.text, outcome=Outcome.UNCLEAR, why="; ".join([*pro, *against]))
    if against:
        return Verdict(text=sentence.text, outcome=Outcome.FAILS, why="; ".join(against))
    if unclear:
        return Verdict(text=sentence.text, outcome=Outcome.UNCLEAR, why="; ".join(unclear))
    return Verdict(text=sentence.text, outcome=Outcome.HOLDS, why="; ".join(pro))
