"""
Read what a request answers to the questions of its policy and of its package's resources.

Source: Graph reference, "accessPackageAnswerString", "accessPackageTextInputQuestion",
"accessPackageMultipleChoiceQuestion", "accessPackageResourceAttributeQuestion", "Create assignmentRequest".
"""

import re
from typing import Any

from sandbox.tenant.errors import bad_request
from sandbox.tenant.model import Json, Package, Policy
from sandbox.tenant.world import World

ANSWER = "accessPackageAnswerString"
TEXT = "accessPackageTextInputQuestion"
CHOICE = "accessPackageMultipleChoiceQuestion"

_QUESTION = {"@odata.type", "id", "isAnswerEditable", "isRequired", "sequence", "text", "choices"}
_QUESTION |= {"isSingleLineQuestion", "regexPattern"}
_V1 = _QUESTION | {"localizations", "isMultipleSelectionAllowed"}
_BETA = _QUESTION | {"allowsMultipleSelection"}


def read_answers(given: Any, *, is_beta: bool) -> list[Json]:
    """The answers of a body, in the shape of its version. Raises Refusal."""
    if given is None:
        return []
    if not isinstance(given, list) or any(not isinstance(each, dict) for each in given):
        raise bad_request("The property 'answers' must be a collection.")
    for answer in given:
        _check_answer(answer)
        _check_question(answer["answeredQuestion"], is_beta=is_beta)
    return given


def _check_answer(answer: Json) -> None:
    question = answer.get("answeredQuestion")
    if not isinstance(question, dict) or not all(
        each.get("@odata.type") for each in (answer, question)
    ):
        raise bad_request("An answer and its question must name their @odata.type.")
    if _kind(answer) != ANSWER:
        raise bad_request(f"'{answer['@odata.type']}' is not an answer that can be given.")
    _refuse_unknown(answer, {"@odata.type", "value", "displayValue", "answeredQuestion"}, ANSWER)
    for name in ("value", "displayValue"):
        if answer.get(name) is not None and not isinstance(answer[name], str):
            raise bad_request(f"The property '{name}' must be of type 'Edm.String'.")


def _check_question(question: Json, *, is_beta: bool) -> None:
    if _kind(question) not in {TEXT, CHOICE}:
        raise bad_request(f"'{question['@odata.type']}' is not a question that can be answered.")
    _refuse_unknown(question, _BETA if is_beta else _V1, _kind(question))
    if not isinstance(question.get("id"), str):
        raise bad_request("A value must be provided for the property 'id' of a question.")
    text = question.get("text")
    if text is not None and not isinstance(text, dict if is_beta else str):
        raise bad_request("The property 'text' of a question is not of the expected type.")


def _refuse_unknown(body: Json, known: set[str], kind: str) -> None:
    for name in body:
        if name not in known:
            raise bad_request(
                f"The property '{name}' does not exist on type 'microsoft.graph.{kind}'. "
                "Make sure to only use property names that are defined by the type."
            )


def _kind(body: Json) -> str:
    return str(body["@odata.type"]).rpartition(".")[2]


def questions_of(world: World, policy: Policy | None, package: Package | None) -> dict[str, Json]:
    """Every question that whoever wants a package under a policy is asked, by its id."""
    asked = list((policy.settings.get("questions") or []) if policy else [])
    for role_scope in package.role_scopes if package else []:
        for attribute in world.resources[role_scope.resource_id].attributes:
            question = (attribute.get("source") or {}).get("question")
            if question:
                # Every attribute of a resource wants an answer, whatever its question says.
                asked.append(question | {"isRequired": True})
    return {str(question.get("id")): question for question in asked}


def check_answers(
    answers: list[Json], questions: dict[str, Json], *, must_be_complete: bool
) -> None:
    """Refuse answers that do not belong to these questions, or that lack a required one.

    Raises Refusal.
    """
    known = {question_id.lower(): question for question_id, question in questions.items()}
    answered: dict[str, list[Json]] = {}
    for answer in answers:
        question_id = answer["answeredQuestion"]["id"]
        if question_id.lower() not in known:
            raise bad_request(f"There is no question '{question_id}' to answer.")
        answered.setdefault(question_id.lower(), []).append(answer)
    for question_id, question in known.items():
        given = answered.get(question_id, [])
        if must_be_complete and question.get("isRequired") and not given:
            raise bad_request(f"The required question '{question['id']}' was not answered.")
        if given:
            _check_given(question, given)


def _check_given(question: Json, given: list[Json]) -> None:
    values = [answer.get("value") for answer in given]
    if any(not value or not value.strip() for value in values):
        raise bad_request(f"The answer to the question '{question['id']}' is empty.")
    if any(_kind(answer["answeredQuestion"]) != _kind(question) for answer in given):
        raise bad_request(f"The question '{question['id']}' is of another type.")
    if len(given) > 1 and not question.get("isMultipleSelectionAllowed"):
        raise bad_request(f"The question '{question['id']}' takes one answer.")
    if len(set(values)) < len(values):
        raise bad_request(f"The question '{question['id']}' was answered twice with the same.")
    for value in values:
        _check_value(question, str(value))


def _check_value(question: Json, value: str) -> None:
    if _kind(question) == CHOICE:
        choices = [each.get("actualValue") for each in question.get("choices") or []]
        if value not in choices:
            raise bad_request(f"'{value}' is not a choice of the question '{question['id']}'.")
        return
    pattern = question.get("regexPattern")
    if pattern and not re.search(pattern, value):
        raise bad_request(f"The answer to '{question['id']}' does not match its pattern.")
    if question.get("isSingleLineQuestion") and "\n" in value:
        raise bad_request(f"The answer to '{question['id']}' must be a single line.")
