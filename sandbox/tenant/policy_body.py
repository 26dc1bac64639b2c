"""
Refuse the body of a policy that has, at any depth, a property or a value that its type does not have.

A switch or a number may be a text, "true" or "1": Microsoft's own example of an automatic policy has both.

Source: Graph reference of both versions, "accessPackageAssignmentPolicy" and the types that it is made of; "requestorManager"
(levels 1 and 2); "Create assignmentPolicies", example 3; OData: an abstract type must be named.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.tenant.approvers import kind_of, parse_duration
from sandbox.tenant.errors import bad_request
from sandbox.tenant.model import Json
from sandbox.tenant.policy_settings import one_of, read_moment

# Refuses a value, which is not null, of the property of that name.
Check = Callable[[Any, str], None]
Properties = Mapping[str, Check]

MANAGER_LEVELS: Final = (1, 2)


def check_policy_body(body: Json, *, is_beta: bool) -> None:
    """
    Make sure that a body is a policy in that version's words, and put a switch or a number for each text that means one.

    Raises Refusal.  Which properties the policy itself has, others know.
    """
    properties = _BETA if is_beta else _V1
    for name, value in body.items():
        if name in properties and value is not None:
            properties[name](value, name)


def _is(kind: type, edm: str) -> Check:
    def check(value: Any, name: str) -> None:
        # True is an int to Python, and none to OData.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise bad_request(f"The property '{name}' must be of type '{edm}'.")

    return check


_TEXT = _is(str, "Edm.String")
_BOOLEAN = _is(bool, "Edm.Boolean")
_SWITCHES: Final = ("true", "false")
_NUMBER = _is(int, "Edm.Int32")


def _duration(value: Any, name: str) -> None:
    _TEXT(value, name)
    parse_duration(value)


def _moment(value: Any, name: str) -> None:
    _TEXT(value, name)
    read_moment(value)


def _word(*words: str) -> Check:
    def check(value: Any, name: str) -> None:
        one_of(words, value, what=f"microsoft.graph.{name}")

    return check


def _level(value: Any, name: str) -> None:
    _NUMBER(value, name)
    if value not in MANAGER_LEVELS:
        raise bad_request(f"The property '{name}' must be between 1 and 2.")


def _many(check_one: Check) -> Check:
    def check(value: Any, name: str) -> None:
        if not isinstance(value, list):
            raise bad_request(f"The property '{name}' must be a collection.")
        for each in value:
            check_one(each, name)

    return check


def _object(type_name: str, properties: Properties) -> Check:
    def check(value: Any, name: str) -> None:
        if not isinstance(value, dict):
            raise bad_request(f"The property '{name}' must be an object.")
        for own, said in list(value.items()):
            if "@" in own:
                continue
            if isinstance(said, str) and (meant := _meant(properties.get(own), said)) is not None:
                value[own] = meant
                continue
            if own not in properties:
                raise bad_request(
                    f"The property '{own}' does not exist on type 'microsoft.graph.{type_name}'. "
                    "Make sure to only use property names that are defined by the type."
                )
            if said is not None:
                properties[own](said, own)

    return check


def _meant(check: Check | None, text: str) -> bool | int | None:
    """Return the switch or the number that a text stands for; None if it stands for neither."""
    if check is _BOOLEAN and text in _SWITCHES:
        return text == "true"
    return int(text) if check is _NUMBER and text.isascii() and text.isdecimal() else None


def _one_of(base: str, kinds: Mapping[str, Properties]) -> Check:
    """Whatever is of an abstract type says which of its types it is of."""

    def check(value: Any, name: str) -> None:
        kind = kind_of(value) if isinstance(value, dict) else ""
        known = next((each for each in kinds if each.lower() == kind.lower()), None)
        if known is None:
            raise bad_request(
                f"A value of '{name}' must name its @odata.type, one of those of 'microsoft.graph.{base}'."
            )
        _object(known, kinds[known])(value, name)

    return check


def _anything(value: Any, name: str) -> None:
    """What no rule here reads."""


_NAMED: Final[Properties] = {"description": _TEXT}
_V1_SUBJECTS = _one_of(
    "subjectSet",
    {
        "singleUser": {**_NAMED, "userId": _TEXT},
        "groupMembers": {**_NAMED, "groupId": _TEXT},
        "singleServicePrincipal": {**_NAMED, "servicePrincipalId": _TEXT},
        "connectedOrganizationMembers": {**_NAMED, "connectedOrganizationId": _TEXT},
        "attributeRuleMembers": {**_NAMED, "membershipRule": _TEXT},
        "requestorManager": {"managerLevel": _level},
        "targetManager": {"managerLevel": _level},
        "internalSponsors": {},
        "externalSponsors": {},
        "targetUserSponsors": {},
        "targetApplicationOwners": {},
        "targetAgentIdentitySponsorsOrOwners": {},
    },
)
_BACKUP: Final[Properties] = {"isBackup": _BOOLEAN}
_BETA_SUBJECTS = _one_of(
    "userSet",
    {
        "singleUser": {**_NAMED, **_BACKUP, "id": _TEXT},
        "groupMembers": {**_NAMED, **_BACKUP, "id": _TEXT},
        "connectedOrganizationMembers": {**_NAMED, **_BACKUP, "id": _TEXT},
        "attributeRuleMembers": {**_NAMED, **_BACKUP, "membershipRule": _TEXT},
        "requestorManager": {**_BACKUP, "managerLevel": _level},
        "internalSponsors": _BACKUP,
        "externalSponsors": _BACKUP,
        "targetUserSponsors": _BACKUP,
        "targetAgentIdentitySponsorsOrOwners": _BACKUP,
    },
)
_LOCALIZED = _many(_object("accessPackageLocalizedText", {"languageCode": _TEXT, "text": _TEXT}))
_CONTENT = _object(
    "accessPackageLocalizedContent", {"defaultText": _TEXT, "localizedTexts": _LOCALIZED}
)
_ANY_QUESTION: Final[Properties] = {
    "id": _TEXT,
    "isAnswerEditable": _BOOLEAN,
    "isRequired": _BOOLEAN,
    "sequence": _NUMBER,
}
_IN_TEXT: Final[Properties] = {"isSingleLineQuestion": _BOOLEAN, "regexPattern": _TEXT}
_CHOICE, _INPUT = "accessPackageMultipleChoiceQuestion", "accessPackageTextInputQuestion"
_V1_TEXTS: Final[Properties] = {"text": _TEXT, "localizations": _LOCALIZED}
_V1_CHOICES = _many(_object("accessPackageAnswerChoice", {"actualValue": _TEXT, **_V1_TEXTS}))
_V1_QUESTIONS = _many(
    _one_of(
        "accessPackageQuestion",
        {
            _INPUT: {**_ANY_QUESTION, **_V1_TEXTS, **_IN_TEXT},
            _CHOICE: {
                **_ANY_QUESTION,
                **_V1_TEXTS,
                "choices": _V1_CHOICES,
                "isMultipleSelectionAllowed": _BOOLEAN,
            },
        },
    )
)
_BETA_CHOICES = _many(
    _object("accessPackageAnswerChoice", {"actualValue": _TEXT, "displayValue": _CONTENT})
)
_BETA_QUESTIONS = _many(
    _one_of(
        "accessPackageQuestion",
        {
            _INPUT: {**_ANY_QUESTION, "text": _CONTENT, **_IN_TEXT},
            _CHOICE: {
                **_ANY_QUESTION,
                "text": _CONTENT,
                "choices": _BETA_CHOICES,
                "allowsMultipleSelection": _BOOLEAN,
            },
        },
    )
)
_EXPIRATION = _object(
    "expirationPattern", {"type": _TEXT, "duration": _duration, "endDateTime": _moment}
)
_RECURRENCE = _object("patternedRecurrence", {"pattern": _anything, "range": _anything})
_SCHEDULE = _object(
    "entitlementManagementSchedule",
    {"startDateTime": _moment, "expiration": _EXPIRATION, "recurrence": _RECURRENCE},
)
_AT_THE_END = _word("keepAccess", "removeAccess", "acceptAccessRecommendation")
_EXTENSIONS = _many(
    _object(
        "customExtensionStageSetting", {"id": _TEXT, "stage": _TEXT, "customExtension": _anything}
    )
)
_MAILS = _object(
    "accessPackageNotificationSettings", {"isAssignmentNotificationDisabled": _BOOLEAN}
)
_V1_STAGE = _object(
    "accessPackageApprovalStage",
    {
        "approverInformationVisibility": _TEXT,
        "durationBeforeAutomaticDenial": _duration,
        "durationBeforeEscalation": _duration,
        "isApproverJustificationRequired": _BOOLEAN,
        "isEscalationEnabled": _BOOLEAN,
        "primaryApprovers": _many(_V1_SUBJECTS),
        "fallbackPrimaryApprovers": _many(_V1_SUBJECTS),
        "escalationApprovers": _many(_V1_SUBJECTS),
        "fallbackEscalationApprovers": _many(_V1_SUBJECTS),
    },
)
_BETA_STAGE = _object(
    "approvalStage",
    {
        "approverInformationVisibility": _TEXT,
        "approvalStageTimeOutInDays": _NUMBER,
        "escalationTimeInMinutes": _NUMBER,
        "isApproverJustificationRequired": _BOOLEAN,
        "isEscalationEnabled": _BOOLEAN,
        "primaryApprovers": _many(_BETA_SUBJECTS),
        "escalationApprovers": _many(_BETA_SUBJECTS),
    },
)
_V1: Final[Properties] = {
    "displayName": _TEXT,
    "description": _TEXT,
    "allowedTargetScope": _TEXT,
    "specificAllowedTargets": _many(_V1_SUBJECTS),
    "expiration": _EXPIRATION,
    "requestorSettings": _object(
        "accessPackageAssignmentRequestorSettings",
        {
            "enableTargetsToSelfAddAccess": _BOOLEAN,
            "enableTargetsToSelfUpdateAccess": _BOOLEAN,
            "enableTargetsToSelfRemoveAccess": _BOOLEAN,
            "allowCustomAssignmentSchedule": _BOOLEAN,
            "enableOnBehalfRequestorsToAddAccess": _BOOLEAN,
            "enableOnBehalfRequestorsToUpdateAccess": _BOOLEAN,
            "enableOnBehalfRequestorsToRemoveAccess": _BOOLEAN,
            "onBehalfRequestors": _many(_V1_SUBJECTS),
        },
    ),
    "requestApprovalSettings": _object(
        "accessPackageAssignmentApprovalSettings",
        {
            "isApprovalRequiredForAdd": _BOOLEAN,
            "isApprovalRequiredForUpdate": _BOOLEAN,
            "isRequestorJustificationRequired": _BOOLEAN,
            "stages": _many(_V1_STAGE),
        },
    ),
    "automaticRequestSettings": _object(
        "accessPackageAutomaticRequestSettings",
        {
            "requestAccessForAllowedTargets": _BOOLEAN,
            "removeAccessWhenTargetLeavesAllowedTargets": _BOOLEAN,
            "gracePeriodBeforeAccessRemoval": _duration,
        },
    ),
    "reviewSettings": _object(
        "accessPackageAssignmentReviewSettings",
        {
            "isEnabled": _BOOLEAN,
            "expirationBehavior": _AT_THE_END,
            "isRecommendationEnabled": _BOOLEAN,
            "isReviewerJustificationRequired": _BOOLEAN,
            "isSelfReview": _BOOLEAN,
            "primaryReviewers": _many(_V1_SUBJECTS),
            "fallbackReviewers": _many(_V1_SUBJECTS),
            "schedule": _SCHEDULE,
        },
    ),
    "notificationSettings": _MAILS,
    "questions": _V1_QUESTIONS,
    "customExtensionStageSettings": _EXTENSIONS,
}
_BETA: Final[Properties] = {
    "displayName": _TEXT,
    "description": _TEXT,
    "canExtend": _BOOLEAN,
    "durationInDays": _NUMBER,
    "expirationDateTime": _moment,
    "requestorSettings": _object(
        "requestorSettings",
        {
            "scopeType": _TEXT,
            "acceptRequests": _BOOLEAN,
            "allowedRequestors": _many(_BETA_SUBJECTS),
        },
    ),
    "requestApprovalSettings": _object(
        "approvalSettings",
        {
            "isApprovalRequired": _BOOLEAN,
            "isApprovalRequiredForExtension": _BOOLEAN,
            "isRequestorJustificationRequired": _BOOLEAN,
            "approvalMode": _word("NoApproval", "SingleStage", "Serial", "Parallel"),
            "approvalStages": _many(_BETA_STAGE),
        },
    ),
    "accessReviewSettings": _object(
        "assignmentReviewSettings",
        {
            "isEnabled": _BOOLEAN,
            "recurrenceType": _TEXT,
            "reviewerType": _TEXT,
            "startDateTime": _moment,
            "durationInDays": _NUMBER,
            "reviewers": _many(_BETA_SUBJECTS),
            "isAccessRecommendationEnabled": _BOOLEAN,
            "isAgenticExperienceEnabled": _BOOLEAN,
            "isApprovalJustificationRequired": _BOOLEAN,
            "accessReviewTimeoutBehavior": _AT_THE_END,
        },
    ),
    "accessPackageNotificationSettings": _MAILS,
    "questions": _BETA_QUESTIONS,
    "customExtensionStageSettings": _EXTENSIONS,
}
