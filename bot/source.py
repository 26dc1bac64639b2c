"""
Says where each part of a file stands, and what is wrong with what stands there.

Errors of pydantic models become sentences with file, line, column and the nearest word that would be right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bot.errors import LatchkeyError
from bot.suggestions import nearest

# Where something stands in the file: keys and positions, from the top.
Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


class FileError(LatchkeyError):
    """The file cannot be used; a problem a line: ``access.yml, line 12, column 5: …``."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, kw_only=True)
class Source:
    """
    The place of each part of a file.

    Attributes:
        name: What problems call the file.
        positions: Line and column, both from 1, by place.
    """

    name: str
    positions: Mapping[Place, tuple[int, int]] = field(default_factory=dict)

    def position(self, place: Place) -> tuple[int, int]:
        """Return line and column of that part, or of the nearest part around it that has them."""
        while place and place not in self.positions:
            place = place[:-1]
        return self.positions.get(place, (1, 1))

    def line(self, place: Place) -> int:
        """Return the line (from 1) of that part, or of the nearest part around it that has one."""
        return self.position(place)[0]

    def problem(self, place: Place, sentence: str) -> str:
        """Make a sentence that says where."""
        line, column = self.position(place)
        return f"{self.name}, line {line}, column {column}: {sentence}"


def validate(source: Source, said: Mapping[str, Any], model: type[Model]) -> Model:
    """
    Make *model* of what a file says.

    Raises:
        FileError: It does not fit; all problems at once, in the order of the file.
    """
    try:
        return model.model_validate(said)
    except ValidationError as error:
        found = [each for each in error.errors() if not _follows(each, error.errors())]
        found.sort(key=lambda each: source.position(each["loc"]))
        sentences = dict.fromkeys(_sentence(source, each, model) for each in found)
        raise FileError(sentences) from None


def known_words(model: type[BaseModel], place: Iterable[str | int]) -> list[str]:
    """Return the words that may stand at *place*, a way down from *model*; none where any word may stand."""
    here: Any = model
    for step in place:
        here = _step(here, step)
    found = _models_in(here)
    return sorted(
        {_word(name, field) for each in found for name, field in each.model_fields.items()}
    )


def _step(annotation: Any, step: str | int) -> Any:
    """Return the type of what *step* leads to."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {_word(name, field): field for name, field in annotation.model_fields.items()}
        return fields[step].annotation if step in fields else None
    inner = [each for each in get_args(annotation) if each is not type(None)]
    if get_origin(annotation) is dict:
        return inner[1]
    if isinstance(step, int):
        return next((each for each in inner if _models_in(each)), None)
    found = (_step(each, step) for each in inner)
    return next((each for each in found if each is not None), None)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that a field holds, however it is wrapped, but for those that stand under names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is dict:
        return []
    return [found for each in get_args(annotation) for found in _models_in(each)]


def _word(name: str, field: Any) -> str:
    return str(field.alias or name)


def _follows(problem: Any, problems: Iterable[Any]) -> bool:
    """Tell whether a list only counts as too short because what it holds is wrong."""
    place = problem["loc"]
    return problem["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in problems
    )


def _sentence(source: Source, problem: Any, model: type[BaseModel]) -> str:
    place: Place = problem["loc"]
    kind, context = problem["type"], problem.get("ctx") or {}
    word = place[-1] if place and isinstance(place[-1], str) else "This"
    if kind == "extra_forbidden":
        known = known_words(model, place[:-1])
        sentence = f"“{word}” means nothing here.{nearest(str(word), known)}"
        return source.problem(place, sentence)
    if kind in ("literal_error", "enum"):
        allowed = [
            each.strip("'") for each in context["expected"].replace(" or ", ", ").split(", ")
        ]
        sentence = f"“{problem['input']}” is not possible for “{word}”.{nearest(str(problem['input']), allowed)}"
    elif kind == "value_error":
        sentence = problem["msg"].removeprefix("Value error, ")
    elif kind == "missing":
        sentence = f"“{word}” is missing."
    elif problem.get("input") is None or kind == "too_short":
        sentence = f"“{word}” says nothing."
    elif kind == "too_long":
        sentence = f"“{word}” has more than {context['max_length']}."
    elif kind == "greater_than_equal":
        sentence = f"“{word}” must be at least {context['ge']}."
    elif kind == "less_than_equal":
        sentence = f"“{word}” must be at most {context['le']}."
    else:
        wanted = {
            "string_type": "text",
            "tuple_type": "a list, each item after a dash",
            "dict_type": "a block of words",
            "model_type": "a block of words",
            "int_parsing": "a whole number",
            "int_type": "a whole number",
            "bool_parsing": "true or false",
            "bool_type": "true or false",
        }.get(kind, "something else")
        sentence = f"“{word}” must be {wanted}." if word != "This" else f"This must be {wanted}."
    return source.problem(place, sentence)
