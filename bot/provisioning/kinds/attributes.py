"""
Say what an application asks whoever gets a role of it in the file's words, and make Graph's attributes of these.

The attributes of an application are replaced whole: what the file has no words for goes back as it came.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.provisioning.file_format.model import Attribute
from bot.provisioning.policy_translation.from_graph import Words
from bot.provisioning.writing.diff import flatten
from bot.same_name import composed
from graph.models import AccessPackageQuestion, ResourceAttribute


def say(asked: Iterable[ResourceAttribute]) -> list[Words]:
    """Say what an application asks, as the file does."""
    return _sorted(map(_in_words, asked))


def say_wanted(wanted: Iterable[Attribute]) -> list[Words]:
    """Say what the file wants to be asked."""
    return _sorted(map(_wanted_in_words, wanted))


def reads_back(said: list[Words]) -> bool:
    """Tell whether a file that says this can be read, and means the same."""
    try:
        return say_wanted(TypeAdapter(list[Attribute]).validate_python(said)) == said
    except ValidationError:
        return False


def unsaid(asked: Iterable[ResourceAttribute]) -> list[str]:
    """Return the names of those of which Graph knows more than the words for them, such as choices."""
    return [each.name or "?" for each in asked if not _is_plain(each)]


def wanted_attributes(
    wanted: Iterable[Attribute], asked: Iterable[ResourceAttribute]
) -> list[ResourceAttribute]:
    """Return what is to be asked; what is *asked* already stays as it is, but for what the file says otherwise."""
    left = {composed(each.name or ""): each for each in asked}
    return [
        _changed(left[each.attribute], each)
        if each.attribute in left
        else _made(each, sequence=sequence)
        for sequence, each in enumerate(wanted)
    ]


def _in_words(asked: ResourceAttribute) -> Words:
    question = _question(asked)
    said: Words = {"attribute": asked.name or "", "question": question.get("text") or ""}
    return said | ({"required": True} if question.get("isRequired") else {})


def _wanted_in_words(wanted: Attribute) -> Words:
    said: Words = {"attribute": wanted.attribute, "question": wanted.question}
    return said | ({"required": True} if wanted.required else {})


def _sorted(said: Iterable[Words]) -> list[Words]:
    return sorted(said, key=lambda each: str(each["attribute"]))


def _question(asked: ResourceAttribute) -> dict[str, Any]:
    return (asked.source or {}).get("question") or {}


def _changed(asked: ResourceAttribute, wanted: Attribute) -> ResourceAttribute:
    if flatten(_in_words(asked)) == flatten(_wanted_in_words(wanted)):
        return asked
    question = _question(asked)
    if not question:
        # Graph did not show it.
        return _made(wanted, sequence=0)
    said = {"text": wanted.question, "isRequired": wanted.required}
    return asked.model_copy(
        update={"source": {**(asked.source or {}), "question": {**question, **said}}}
    )


def _made(wanted: Attribute, *, sequence: int) -> ResourceAttribute:
    return ResourceAttribute.asked(
        wanted.attribute,
        AccessPackageQuestion(
            odata_type="#microsoft.graph.accessPackageTextInputQuestion",
            text=wanted.question,
            sequence=sequence,
            is_required=wanted.required,
            is_single_line_question=True,
            is_answer_editable=True,
        ),
    )


def _is_plain(asked: ResourceAttribute) -> bool:
    """Tell whether it is asked and kept as one that is made from the file."""
    made = _made(Attribute(attribute="a", question="Q?"), sequence=0)
    return _manner(asked) == _manner(made)


def _manner(asked: ResourceAttribute) -> dict[str, Any]:
    """Return all of an attribute that the file has no words for; what Graph leaves out is as usual."""
    question = _question(asked)
    return {
        "kind": _kind(question),
        "kept in": _kind(asked.destination or {}),
        "may be changed": asked.is_editable is not False,
        "outlives": asked.is_persisted_on_assignment_removal is not False,
        "answer may be changed": question.get("isAnswerEditable") is not False,
        "is long": question.get("isSingleLineQuestion") is False,
        "pattern": question.get("regexPattern") or None,
        "choices": question.get("choices") or [],
        "translations": question.get("localizations") or [],
    }


def _kind(part: dict[str, Any]) -> str:
    return str(part.get("@odata.type") or "").rpartition(".")[2].casefold()
