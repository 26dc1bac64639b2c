"""Define one policy of the file: who may ask, who decides, for how long."""

import re
import warnings
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from bot.provisioning.file_format import grammar
from bot.provisioning.file_format.fields import (
    DECIDER_PATTERN,
    NO,
    SUBJECT_PATTERN,
    YES,
    YES_OR_NO,
    Deadline,
    Description,
    Duration,
    Lasts,
    Name,
    Part,
    Subjects,
    Title,
    YesOrNo,
    checked,
    one_or_more,
)

SCOPES: Final = {  # the file's word: allowedTargetScope
    "all members": "allMemberUsers",
    "all users": "allDirectoryUsers",
    "all connected organizations": "allConfiguredConnectedOrganizationUsers",
    "all external users": "allExternalUsers",
    "all service principals": "allDirectoryServicePrincipals",
    "all agent identities": "allDirectoryAgentIdentities",
    "nobody": "notSpecified",
}
MOST_STAGES: Final = 3
# What Python's reader says of a pattern that no other reads, either.
_BROKEN: Final = (
    "unterminated",
    "missing ),",
    "missing <",
    "unbalanced",
    "nothing to repeat",
    "multiple repeat",
    "bad character range",
    "min repeat",
    "bad escape (end",
    "unexpected end of pattern",
)
THEMSELVES: Final = "themselves"


def read_who(text: str) -> None:
    """
    Understand one word of ``may ask``.

    Raises:
        ValueError: It is neither a scope nor somebody.
    """
    if text.casefold() in SCOPES:
        return
    subject = grammar.read_subject(text, words=(*SCOPES, *grammar.NAMED))
    if subject.kind in grammar.UNNAMED:
        raise ValueError(f"“{text}” can decide, but not be the one who may ask.")


def _as_stage(value: Any) -> Any:
    return value if isinstance(value, dict) else {"approvers": value}


def _as_stages(value: Any) -> Any:
    """Take a list of blocks for a list of stages, and anything else for the approvers of one stage."""
    if isinstance(value, str) and value.casefold() == "nobody":
        return []
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return [_as_stage(each) for each in value]
    return [_as_stage(value)]


def _as_word(value: Any) -> Any:
    word = str(value).casefold() if isinstance(value, str | bool) else value
    return "yes" if word in YES else "no" if word in NO else word


class Escalation(Part):
    """People to ask as well when nobody has decided for a while."""

    after: Duration
    to: Subjects = Field(min_length=1)
    fallback: Subjects = ()


class DescribedStage(Part):
    """One stage of approval; one approver is enough."""

    approvers: Subjects = Field(min_length=1)
    fallback: Subjects = ()
    within: Deadline = "14 days"
    reason_required: YesOrNo = False
    escalation: Escalation | None = None
    show_approvers: Annotated[
        Literal["yes", "no", "default"] | None,
        BeforeValidator(_as_word),
        WithJsonSchema({"enum": [*YES_OR_NO["enum"], "default"]}),
    ] = None


class DescribedChoice(Part):
    """An answer to choose: what is stored, and what is shown."""

    value: Name
    text: Name
    translations: dict[str, str] = Field(default_factory=dict)


def _as_choice(value: Any) -> Any:
    return {"value": value, "text": value} if isinstance(value, str) else value


def _check_pattern(pattern: str | None) -> None:
    """
    Refuse what is no regular expression in any dialect.

    Entra reads .NET's, which has more than Python's: what only Python does not know passes.
    """
    if pattern is None:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", pattern))
    except re.error as error:
        if error.msg.startswith(_BROKEN):
            raise ValueError(
                f"“{pattern}” is no regular expression: {error.msg} at character {(error.pos or 0) + 1}."
            ) from None
    except RecursionError:
        raise ValueError("“pattern” is nested too deeply.") from None


class DescribedQuestion(Part):
    """A question to whoever asks."""

    ask: Name
    required: YesOrNo = False
    editable: YesOrNo = True
    long: YesOrNo = False
    pattern: str | None = None
    choices: tuple[Annotated[DescribedChoice, BeforeValidator(_as_choice)], ...] = ()
    several: YesOrNo = False
    translations: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _of_one_kind(self) -> "DescribedQuestion":
        if self.choices and (self.pattern or self.long):
            raise ValueError("A question with choices has neither a pattern nor a long answer.")
        if self.several and not self.choices:
            raise ValueError("Several answers need choices.")
        for said in ([each.value for each in self.choices], [each.text for each in self.choices]):
            twice = next((each for at, each in enumerate(said) if each in said[:at]), None)
            if twice is not None:
                raise ValueError(f"“{twice}” stands among the choices twice.")
        _check_pattern(self.pattern)
        return self


def read_reviewer(text: str) -> None:
    """
    Understand who reviews.

    Raises:
        ValueError: It says nobody.
    """
    if text.casefold() != THEMSELVES:
        grammar.read_decider(text)


class AccessReviews(Part):
    """Access reviews: from time to time somebody says who still needs the access."""

    every: Literal["week", "month", "quarter", "half year", "year"]
    start: Annotated[
        str,
        checked(lambda text: grammar.read_expiration(f"until {text}")),
        WithJsonSchema({"type": "string", "examples": ["2027-01-01"]}),
    ]
    lasts: Deadline
    by: Annotated[
        tuple[Annotated[str, checked(read_reviewer)], ...],
        BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
        one_or_more(DECIDER_PATTERN[:-2] + "|themselves)$", ["themselves", "manager"]),
    ] = Field(min_length=1)
    fallback: Subjects = ()
    without_answer: Literal["keep", "remove", "as recommended"] = "keep"
    recommendations: YesOrNo = False
    reason_required: YesOrNo = False

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "AccessReviews":
        if THEMSELVES in self.by and len(self.by) > 1:
            raise ValueError("“themselves” stands alone; it cannot be joined with others.")
        return self


class Automatic(Part):
    """Entra gives and takes by itself (v1.0 only)."""

    give: YesOrNo = True
    take_when_they_leave: YesOrNo = False
    grace: Duration | None = None


class Policy(Part):
    """One policy of a package."""

    name: Title
    was: Title | None = None
    description: Description | None = None
    may_ask: Annotated[
        tuple[Annotated[str, checked(read_who)], ...],
        BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
        WithJsonSchema(
            {
                "anyOf": [
                    {"enum": list(SCOPES)},
                    {"type": "string", "pattern": SUBJECT_PATTERN},
                    {"type": "array", "items": {"type": "string", "pattern": SUBJECT_PATTERN}},
                ],
                "examples": ["group Marketing", "all members", "nobody"],
            }
        ),
    ] = Field(min_length=1)
    new_requests: YesOrNo = True
    durations: Lasts
    custom_dates: YesOrNo = False
    may_extend: Annotated[
        Literal["yes", "no", "with approval"],
        BeforeValidator(_as_word),
        WithJsonSchema({"enum": [*YES_OR_NO["enum"], "with approval"]}),
    ] = "no"
    may_return: YesOrNo | None = None
    managers_may_ask: YesOrNo = False
    reason_required: YesOrNo = False
    decided_by: Annotated[tuple[DescribedStage, ...], BeforeValidator(_as_stages)] = Field(
        default=(), max_length=MOST_STAGES
    )
    approval: YesOrNo | None = None
    questions: tuple[DescribedQuestion, ...] = ()
    notifications: YesOrNo = True
    reviews: AccessReviews | None = None
    automatic: Automatic | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Policy":
        scopes = [who for who in self.may_ask if who.casefold() in SCOPES]
        if scopes and len(self.may_ask) > 1:
            raise ValueError(f"“{scopes[0]}” stands alone; it cannot be joined with others.")
        if self.may_extend == "with approval" and not self.decided_by:
            raise ValueError("Extending with approval needs somebody who decides: “decided by”.")
        if self.approval and not self.decided_by:
            raise ValueError("An approval needs somebody who decides: “decided by”.")
        if self.decided_by and self.approval is False and self.may_extend != "with approval":
            raise ValueError("Stages without approval would never decide anything.")
        return self

    @property
    def scope(self) -> str | None:
        """``allowedTargetScope`` when one word says it; None: these people and groups."""
        return SCOPES.get(self.may_ask[0].casefold())
