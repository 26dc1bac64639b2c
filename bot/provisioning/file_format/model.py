"""Define the file: people and groups for a trial, catalogs with what they hold, policy tests."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from bot.provisioning.file_format import grammar
from bot.provisioning.file_format.fields import (
    Description,
    Name,
    NameList,
    Part,
    Roles,
    Subjects,
    Title,
    YesOrNo,
    checked,
)
from bot.provisioning.file_format.policy_model import Policy
from bot.provisioning.file_format.sentences import read_sentence

THING_PATTERN: Final = r"^(group|application|site|Entra role) .+$"


class DescribedPerson(Part):
    """Somebody to create for a trial, with a random password that nobody is told."""

    name: Title
    email: Annotated[
        Name,
        WithJsonSchema({"type": "string", "format": "email", "examples": ["tess@contoso.example"]}),
    ]
    manager: Name | None = None

    @model_validator(mode="after")
    def _has_an_address(self) -> "DescribedPerson":
        if self.email.count("@") != 1 or not all(self.email.split("@")):
            raise ValueError(f"“{self.email}” is no e-mail address.")
        return self


class DescribedGroup(Part):
    """A security group to create, with people who belong to it from the start."""

    name: Title
    was: Title | None = None
    description: Description | None = None
    members: NameList = ()


class Attribute(Part):
    """A question that an application asks whoever gets a role of it, and where the answer is kept."""

    attribute: Name
    question: Name
    required: YesOrNo = False


class DescribedResource(Part):
    """Something that a catalog may hand out."""

    thing: Annotated[
        str,
        checked(grammar.read_thing),
        WithJsonSchema({"type": "string", "pattern": THING_PATTERN}),
    ]
    asks: tuple[Attribute, ...] | None = None
    environment: Name | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> "DescribedResource":
        kind = grammar.read_thing(self.thing).kind
        if self.asks is not None and kind != "application":
            raise ValueError("Only an application can ask for attributes.")
        if self.environment is not None and kind != "site":
            raise ValueError("Only a site belongs to an environment.")
        return self


def _as_resource(value: Any) -> Any:
    return {"thing": value} if isinstance(value, str) else value


class DescribedPackage(Part):
    """Something that people may ask for."""

    name: Title
    was: Title | None = None
    description: Description | None = None
    hidden: YesOrNo | None = None
    gives: Roles | None = None
    not_together_with: (
        Annotated[
            tuple[Annotated[str, checked(grammar.read_other)], ...],
            BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
            WithJsonSchema(
                {
                    "anyOf": [
                        {"type": "string", "pattern": r"^(package|group) .+$"},
                        {
                            "type": "array",
                            "items": {"type": "string", "pattern": r"^(package|group) .+$"},
                        },
                    ]
                }
            ),
        ]
        | None
    ) = None
    policies: tuple[Policy, ...] = ()


class DescribedCatalog(Part):
    """A container of packages, and of what they may give."""

    name: Title
    was: Title | None = None
    description: Description | None = None
    published: YesOrNo | None = None
    for_external_users: YesOrNo | None = None
    resources: tuple[Annotated[DescribedResource, BeforeValidator(_as_resource)], ...] = ()
    packages: tuple[DescribedPackage, ...] = ()


class File(Part):
    """The file as a whole."""

    people: tuple[DescribedPerson, ...] = ()
    groups: tuple[DescribedGroup, ...] = ()
    catalogs: tuple[DescribedCatalog, ...] = ()
    tests: tuple[
        Annotated[str, checked(read_sentence), WithJsonSchema({"type": "string"})], ...
    ] = Field(
        default=(),
        json_schema_extra={
            "examples": [["ann@contoso.example may ask for marketing-campaign", "ends in 30 days"]]
        },
    )


__all__ = [
    "Attribute",
    "DescribedCatalog",
    "DescribedGroup",
    "DescribedPackage",
    "DescribedPerson",
    "DescribedResource",
    "File",
    "Policy",
    "Subjects",
]
