"""
Find what Latchkey does not support in policies and packages; anything unsupported is a reason to refuse.

A policy is evaluated as a whole or not at all.  Each property that Graph has for it is in one of the lists below: understood
here or by `bot.packages.eligibility`, harmless by its name, or, if it is present and not empty, unsupported.  So is every
property that Graph will add.  What was not read is as unsupported as what cannot be read.

Source: the published metadata of both versions; Microsoft Learn, "accessPackageAssignmentPolicy",
"accessPackage", "accessPackageResourceAttribute", "accessPackageCustomExtensionStage".
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from pydantic import ValidationError

from bot.packages.policy_terms import names_known_approvers, stage_of
from bot.packages.questions import NotAskable, Question
from bot.packages.questions import read_question as read_question
from graph.models import (
    AccessPackage,
    AccessPackageQuestion,
    ApprovalSettings,
    ApprovalStage,
    AssignmentPolicy,
    Expiration,
    ResourceAttribute,
    ResourceRoleScope,
    SubjectSet,
)
from graph.values import KeepingModel

# Names, times and what happens long after: nothing of it decides who gets what, or for how long.
HARMLESS_IN_POLICY: Final = frozenset(
    # Beta's older list of extensions is looked at beside the newer one.
    {"catalog", "createdBy", "modifiedBy", "customExtensionHandlers"}
)
HARMLESS_IN_PACKAGE: Final = frozenset(
    {
        "createdBy",
        "modifiedBy",
        "isRoleScopesVisible",
        "uniqueName",
        "incompatibleAccessPackages",
        "accessPackagesIncompatibleWith",
        "incompatibleGroups",
    }
)
NOTHING: Final[frozenset[str]] = frozenset()

# What an unsupported property is about, where we know.
ABOUT: Final[Mapping[str, str]] = {
    "verifiableCredentialSettings": "it asks for a Verified ID",
    "approvalMode": "its stages do not decide one after the other",
}
POLICY: Final = frozenset({"accesspackageassignmentpolicy"})
SETTINGS: Final = frozenset(
    {
        "accesspackageassignmentrequestorsettings",
        "accesspackageassignmentapprovalsettings",
        "requestorsettings",
        "approvalsettings",
        "expirationpattern",
    }
)
# An accessPackageDynamicApprovalStage has somebody's own program name the approvers.
STAGES: Final = frozenset({"accesspackageapprovalstage", "approvalstage"})
TEXTS: Final = frozenset(
    {"accesspackageanswerchoice", "accesspackagelocalizedtext", "accesspackagelocalizedcontent"}
)
LONGEST_NAME: Final = 80
# Moments of an extension that come when access is there already; at the others it has a say in the request.
AFTER_DELIVERY: Final = frozenset(
    {
        "assignmentrequestgranted",
        "assignmentrequestremoved",
        "assignmentfourteendaysbeforeexpiration",
        "assignmentonedaybeforeexpiration",
    }
)
ATTRIBUTE_QUESTION: Final = "accesspackageresourceattributequestion"
USER_ATTRIBUTE: Final = "accesspackageuserdirectoryattributestore"


def unsupported_in_policy(policy: AssignmentPolicy, *, extending: bool) -> tuple[str, ...]:
    """Return what of a policy is not understood, a phrase each for people; empty if it may be judged."""
    found = [
        *_unsupported("the policy", policy, HARMLESS_IN_POLICY, POLICY),
        *_of_approval(policy.request_approval_settings, extending=extending),
        *_of_expiration(policy.expiration),
        *_of_extensions(policy),
    ]
    if policy.requestor_settings is not None:
        found += _unsupported("requestorSettings", policy.requestor_settings, NOTHING, SETTINGS)
        found += _of_subjects("onBehalfRequestors", policy.requestor_settings.on_behalf_requestors)
    found += _of_subjects("specificAllowedTargets", policy.specific_allowed_targets)
    if policy.questions is None:
        found.append("its questions were not read")
    for question in policy.questions or ():
        found += unsupported_in_question(question)
    return tuple(dict.fromkeys(found))


def unsupported_in_package(package: AccessPackage) -> tuple[str, ...]:
    """Return what of a package, and of what its resources ask, is not understood; a phrase each for people."""
    found = list(
        _unsupported("the package", package, HARMLESS_IN_PACKAGE, frozenset({"accesspackage"}))
    )
    if package.catalog is None:
        found.append("its catalog was not read")
    elif (package.catalog.state or "").casefold() not in {"published", "unpublished"}:
        found.append(f"its catalog is in the state {package.catalog.state or 'nobody says which'}")
    for given in package.resource_role_scopes:
        attributes = _attributes(given)
        if attributes is None:
            found.append(f"what {_resource(given)} asks about people was not read")
        for attribute in attributes or ():
            found += _of_attribute(attribute)
    return tuple(dict.fromkeys(found))


def questions_of(package: AccessPackage, policy: AssignmentPolicy) -> tuple[Question, ...]:
    """
    Return what whoever asks is asked, in order, the policy's questions first; each once.

    Raises:
        NotAskable: Something of it is not understood, see `unsupported_in_policy`.
    """
    asked = [
        read_question(each)
        for each in sorted(
            policy.questions or (), key=lambda each: (each.sequence is None, each.sequence or 0)
        )
    ]
    # Graph lists them in any order; what is asked, and approved, is the same.
    for given in sorted(package.resource_role_scopes, key=lambda each: each.id or ""):
        for attribute in _attributes(given) or ():
            question = _question_of(attribute)
            if question is not None:
                asked.append(read_question(question, attribute=attribute.name or "?"))
    return tuple({question.id: question for question in asked}.values())


def _unsupported(
    what: str, said: KeepingModel, harmless: frozenset[str], types: frozenset[str]
) -> Iterator[str]:
    for name, value in (said.model_extra or {}).items():
        if name.endswith("@odata.nextLink"):
            yield f"not all of {name.partition('@')[0]} was read"
        elif name == "@odata.type":
            if _word(value) not in types:
                yield f"{what} is an {str(value).rpartition('.')[2]}"
        elif "@" not in name and name not in harmless and not _is_empty(value):
            yield ABOUT.get(name, f"{what} says {name}")


def _is_empty(value: Any) -> bool:
    """Tell whether nothing is said: null, nothing in it, or only what is empty itself.  False says something."""
    if isinstance(value, dict):
        return all("@" in name or _is_empty(each) for name, each in value.items())
    return value is None or value == "" or value == []


def _word(odata_type: object) -> str:
    return str(odata_type or "").rpartition(".")[2].lstrip("#").casefold()


def _of_approval(settings: ApprovalSettings | None, *, extending: bool) -> Iterator[str]:
    required = settings and (
        settings.is_approval_required_for_update
        if extending
        else settings.is_approval_required_for_add
    )
    if settings is None or required is None:
        yield "it does not say whether somebody has to approve"
        return
    yield from _unsupported("requestApprovalSettings", settings, NOTHING, SETTINGS)
    for stage in settings.stages:
        yield from _of_stage(stage)


def _of_stage(stage: ApprovalStage) -> Iterator[str]:
    yield from _unsupported("an approval stage", stage, NOTHING, STAGES)
    for subjects in (
        stage.primary_approvers,
        stage.fallback_primary_approvers,
        stage.escalation_approvers,
        stage.fallback_escalation_approvers,
    ):
        yield from _of_subjects("an approval stage", subjects)
    if not names_known_approvers(stage_of(stage)):
        yield "an approval stage names approvers in a way that I do not know"


def _of_subjects(where: str, subjects: Iterable[SubjectSet]) -> Iterator[str]:
    # The kind itself is checked where it is looked up who belongs to it.
    for subject in subjects:
        # Beta marks the fallback among approvers so, and they are told apart where beta is read: whoever is still marked
        # would decide as one of the first.
        said = subject.model_extra or {}
        harmless = frozenset({"isBackup"}) if said.get("isBackup") is False else NOTHING
        yield from _unsupported(
            f"{subject.kind or 'somebody'} in {where}", subject, harmless, NOTHING
        )


def _of_expiration(expiration: Expiration | None) -> Iterator[str]:
    if expiration is None:
        return
    yield from _unsupported("expiration", expiration, NOTHING, SETTINGS)
    kind = (expiration.type or "notSpecified").casefold()
    if expiration.is_unsaid:
        yield "the beta API does not say whether it lasts some hours or has no end"
    elif kind == "afterduration":
        if expiration.duration is None or expiration.duration <= timedelta(0):
            yield "it does not say how long it lasts"
    elif kind == "afterdatetime":
        if expiration.end_date_time is None:
            yield "it does not say until when it lasts"
    elif kind not in {"noexpiration", "notspecified"}:
        yield f"it ends by the rule {expiration.type}"
    elif kind == "notspecified" and (expiration.duration or expiration.end_date_time):
        # Whether it ends then or never, nobody says.
        yield "it names an end, and not by which rule it ends"


def _of_extensions(policy: AssignmentPolicy) -> Iterator[str]:
    if policy.custom_extension_stage_settings is None:
        yield "its custom extensions were not read"
    older = (policy.model_extra or {}).get("customExtensionHandlers") or ()
    stages = [setting.stage for setting in policy.custom_extension_stage_settings or ()]
    stages += [each.get("stage") if isinstance(each, dict) else None for each in older]
    for stage in stages:
        if not isinstance(stage, str) or stage.casefold() not in AFTER_DELIVERY:
            yield f"a custom extension takes part at {stage or 'some moment'}"


def unsupported_in_question(question: AccessPackageQuestion) -> Iterator[str]:
    """Yield what of one question is not understood, or cannot be asked."""
    text = (question.text or question.id or "?")[:LONGEST_NAME]
    try:
        read_question(question)
    except NotAskable as error:
        yield f"its question “{text}” cannot be asked: {error}"
    texts = [*question.localizations, *(t for each in question.choices for t in each.localizations)]
    for part in (question, *question.choices, *texts):
        yield from _unsupported(f"the question “{text}”", part, NOTHING, TEXTS)


def _attributes(given: ResourceRoleScope) -> list[ResourceAttribute] | None:
    resource = given.role.resource if given.role else None
    return resource.attributes if resource else None


def _resource(given: ResourceRoleScope) -> str:
    resource = given.role.resource if given.role else None
    return (resource and resource.display_name) or "a resource"


def _of_attribute(attribute: ResourceAttribute) -> Iterator[str]:
    question = _question_of(attribute)
    destination = _word((attribute.destination or {}).get("@odata.type"))
    if question is None or destination != USER_ATTRIBUTE:
        yield f"it wants to know the attribute {attribute.name or 'of somebody'} in a way of its own"
    else:
        yield from unsupported_in_question(question)


def _question_of(attribute: ResourceAttribute) -> AccessPackageQuestion | None:
    source = attribute.source or {}
    if _word(source.get("@odata.type")) != ATTRIBUTE_QUESTION:
        return None
    try:
        return AccessPackageQuestion.model_validate(source.get("question"))
    except ValidationError:
        return None
