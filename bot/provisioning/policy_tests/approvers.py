"""Tell, for policy tests, whether a stage's approvers include somebody."""

import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.packages import policy_terms
from bot.provisioning.file_format.grammar import read_subject
from bot.provisioning.file_format.sentences import Sentence
from bot.provisioning.policy_tests.facts import Facts, TestedPerson
from graph.models import AssignmentPolicy

IsMember = Callable[[str, str], Awaitable[bool | None]]


@dataclass(frozen=True, kw_only=True)
class TestedApprovers:
    """
    Looks approvers up.

    Attributes:
        is_member: Whether somebody (id) is in a group (id), suppositions counted.
        managers: Suppositions: whose manager is who.
    """

    facts: Facts
    is_member: IsMember
    managers: Mapping[str, str]

    async def include(
        self, sentence: Sentence, policy: AssignmentPolicy, person: TestedPerson | None
    ) -> tuple[bool | None, str]:
        """
        Tell whether the policy's approvers include whom the sentence names, and why.

        Args:
            person: Who asks: managers are theirs.
        """
        stages = policy_terms.stages_for(policy, extending=False, always=False)
        if sentence.stage is not None:
            stages = stages[sentence.stage - 1 : sentence.stage]
        lists = {
            "primary": [stage.approvers for stage in stages],
            "fallback": [stage.fallback for stage in stages],
            "escalation": [(*stage.escalation, *stage.fallback_escalation) for stage in stages],
        }
        subjects = list(itertools.chain.from_iterable(lists[sentence.which]))
        included = await self._includes(sentence.value)
        answers = [await included(subject, person) for subject in subjects]
        if True in answers:
            return True, f"has {sentence.value} among its {sentence.which} approvers"
        if None in answers:
            return None, "names a group or a manager that cannot be told from here"
        return False, f"does not have {sentence.value} among its {sentence.which} approvers"

    async def _includes(
        self, value: str
    ) -> Callable[[Mapping[str, Any], TestedPerson | None], Awaitable[bool | None]]:
        """Make a function that tells whether one subject of a stage is, or stands for, whom the test names."""
        folded = value.casefold()
        if folded.startswith("group "):
            group_id = await self.facts.group_id(value[6:].strip())

            async def same_group(
                subject: Mapping[str, Any], who: TestedPerson | None
            ) -> bool | None:
                del who
                return subject.get("group_id") == group_id

            return same_group
        if folded == "manager" or folded.startswith("manager level"):
            level = read_subject(value).level

            async def same_rule(
                subject: Mapping[str, Any], who: TestedPerson | None
            ) -> bool | None:
                del who
                return (
                    subject.get("kind") == "requestormanager"
                    and subject.get("manager_level", 1) == level
                )

            return same_rule
        approver = await self.facts.person(value)

        async def stands_for(subject: Mapping[str, Any], who: TestedPerson | None) -> bool | None:
            if subject.get("user_id"):
                return bool(subject["user_id"] == approver.id)
            if subject.get("group_id"):
                return await self.is_member(approver.id, subject["group_id"])
            if subject.get("kind") == "requestormanager" and who is not None:
                return await self._manages(approver, who, subject.get("manager_level", 1))
            return None

        return stands_for

    async def _manages(
        self, approver: TestedPerson, person: TestedPerson, level: int
    ) -> bool | None:
        person_id: str | None = person.id
        for _ in range(level):
            if person_id is None:
                return None
            person_id = self.managers.get(person_id) or await self.facts.manager(person_id)
        return None if person_id is None else person_id == approver.id
