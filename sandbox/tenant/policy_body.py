"""
Refuse the body of a policy that has, at any depth, a property or a value that its type does not have.

Source: Graph reference of both versions, "accessPackageAssignmentPolicy" and the types that it is made of; "requestorManager"
(levels 1 and 2).
"""

from typing import Any, Final

from sandbox.tenant.body_types import (
    BOOLEAN,
    EXPIRATION,
    NUMBER,
    SCHEDULE,
    TEXT,
    Properties,
    anything,
    check_body,
    duration,
    many,
    moment,
    object_of,
    one_kind_of,
    word,
)
from sandbox.tenant.errors import bad_request
from sandbox.tenant.model import Json

MANAGER_LEVELS: Final = (1, 2)


def check_policy_body(body: Json, *, is_beta: bool) -> None:
    """
    Make sure that a body is a policy in that version's words; see `sandbox.tenant.body_types.check_body`.

    Raises Refusal.
    """
    check_body(body, _BETA if is_beta else _V1)


def _level(value: Any, name: str) -> None:
    NUMBER(value, name)
    if value not in MANAGER_LEVELS:
        raise bad_request(f"The property '{name}' must be between 1 and 2.")


_NAMED: Final[Properties] = {"description": TEXT}
_V1_SUBJECTS = one_kind_of(
    "subjectSet",
    {
        "singleUser": {**_NAMED, "userId": TEXT},
        "groupMembers": {**_NAMED, "groupId": TEXT},
        "singleServicePrincipal": {**_NAMED, "servicePrincipalId": TEXT},
        "connectedOrganizationMembers": {**_NAMED, "connectedOrganizationId": TEXT},
        "attributeRuleMembers": {**_NAMED, "membershipRule": TEXT},
        "requestorManager": {"managerLevel": _level},
        "targetManager": {"managerLevel": _level},
        "internalSponsors": {},
        "externalSponsors": {},
        "targetUserSponsors": {},
        "targetApplicationOwners": {},
        "targetAgentIdentitySponsorsOrOwners": {},
    },
)
_BACKUP: Final[Properties] = {"isBackup": BOOLEAN}
_BETA_SUBJECTS = one_kind_of(
    "userSet",
    {
        "singleUser": {**_NAMED, **_BACKUP, "id": TEXT},
        "groupMembers": {**_NAMED, **_BACKUP, "id": TEXT},
        "connectedOrganizationMembers": {**_NAMED, **_BACKUP, "id": TEXT},
        "attributeRuleMembers": {**_NAMED, **_BACKUP, "membershipRule": TEXT},
        "requestorManager": {**_BACKUP, "managerLevel": _level},
        "internalSponsors": _BACKUP,
        "externalSponsors": _BACKUP,
        "targetUserSponsors": _BACKUP,
        "targetAgentIdentitySponsorsOrOwners": _BACKUP,
    },
)
_LOCALIZED = many(object_of("accessPackageLocalizedText", {"languageCode": TEXT, "text": TEXT}))
_CONTENT = object_of(
    "accessPackageLocalizedContent", {"defaultText": TEXT, "localizedTexts": _LOCALIZED}
)
_ANY_QUESTION: Final[Properties] = {
    "id": TEXT,
    "isAnswerEditable": BOOLEAN,
    "isRequired": BOOLEAN,
    "sequence": NUMBER,
}
_IN_TEXT: Final[Properties] = {"isSingleLineQuestion": BOOLEAN, "regexPattern": TEXT}
_CHOICE, _INPUT = "accessPackageMultipleChoiceQuestion", "accessPackageTextInputQuestion"
_V1_TEXTS: Final[Properties] = {"text": TEXT, "localizations": _LOCALIZED}
_V1_CHOICES = many(object_of("accessPackageAnswerChoice", {"actualValue": TEXT, **_V1_TEXTS}))
_V1_QUESTIONS = many(
    one_kind_of(
        "accessPackageQuestion",
        {
            _INPUT: {**_ANY_QUESTION, **_V1_TEXTS, **_IN_TEXT},
            _CHOICE: {
                **_ANY_QUESTION,
                **_V1_TEXTS,
                "choices": _V1_CHOICES,
                "isMultipleSelectionAllowed": BOOLEAN,
            },
        },
    )
)
_BETA_CHOICES = many(
    object_of("accessPackageAnswerChoice", {"actualValue": TEXT, "displayValue": _CONTENT})
)
_BETA_QUESTIONS = many(
    one_kind_of(
        "accessPackageQuestion",
        {
            _INPUT: {**_ANY_QUESTION, "text": _CONTENT, **_IN_TEXT},
            _CHOICE: {
                **_ANY_QUESTION,
                "text": _CONTENT,
                "choices": _BETA_CHOICES,
                "allowsMultipleSelection": BOOLEAN,
            },
        },
    )
)
_AT_THE_END = word("keepAccess", "removeAccess", "acceptAccessRecommendation")
_EXTENSIONS = many(
    object_of(
        "customExtensionStageSetting", {"id": TEXT, "stage": TEXT, "customExtension": anything}
    )
)
_MAILS = object_of(
    "accessPackageNotificationSettings", {"isAssignmentNotificationDisabled": BOOLEAN}
)
_V1_STAGE = object_of(
    "accessPackageApprovalStage",
    {
        "approverInformationVisibility": TEXT,
        "durationBeforeAutomaticDenial": duration,
        "durationBeforeEscalation": duration,
        "isApproverJustificationRequired": BOOLEAN,
        "isEscalationEnabled": BOOLEAN,
        "primaryApprovers": many(_V1_SUBJECTS),
        "fallbackPrimaryApprovers": many(_V1_SUBJECTS),
        "escalationApprovers": many(_V1_SUBJECTS),
        "fallbackEscalationApprovers": many(_V1_SUBJECTS),
    },
)
_BETA_STAGE = object_of(
    "approvalStage",
    {
        "approverInformationVisibility": TEXT,
        "approvalStageTimeOutInDays": NUMBER,
        "escalationTimeInMinutes": NUMBER,
        "isApproverJustificationRequired": BOOLEAN,
        "isEscalationEnabled": BOOLEAN,
        "primaryApprovers": many(_BETA_SUBJECTS),
        "escalationApprovers": many(_BETA_SUBJECTS),
    },
)
_V1: Final[Properties] = {
    "displayName": TEXT,
    "description": TEXT,
    "allowedTargetScope": TEXT,
    "specificAllowedTargets": many(_V1_SUBJECTS),
    "expiration": EXPIRATION,
    "requestorSettings": object_of(
        "accessPackageAssignmentRequestorSettings",
        {
            "enableTargetsToSelfAddAccess": BOOLEAN,
            "enableTargetsToSelfUpdateAccess": BOOLEAN,
            "enableTargetsToSelfRemoveAccess": BOOLEAN,
            "allowCustomAssignmentSchedule": BOOLEAN,
            "enableOnBehalfRequestorsToAddAccess": BOOLEAN,
            "enableOnBehalfRequestorsToUpdateAccess": BOOLEAN,
            "enableOnBehalfRequestorsToRemoveAccess": BOOLEAN,
            "onBehalfRequestors": many(_V1_SUBJECTS),
        },
    ),
    "requestApprovalSettings": object_of(
        "accessPackageAssignmentApprovalSettings",
        {
            "isApprovalRequiredForAdd": BOOLEAN,
            "isApprovalRequiredForUpdate": BOOLEAN,
            "isRequestorJustificationRequired": BOOLEAN,
            "stages": many(_V1_STAGE),
        },
    ),
    "automaticRequestSettings": object_of(
        "accessPackageAutomaticRequestSettings",
        {
            "requestAccessForAllowedTargets": BOOLEAN,
            "removeAccessWhenTargetLeavesAllowedTargets": BOOLEAN,
            "gracePeriodBeforeAccessRemoval": duration,
        },
    ),
    "reviewSettings": object_of(
        "accessPackageAssignmentReviewSettings",
        {
            "isEnabled": BOOLEAN,
            "expirationBehavior": _AT_THE_END,
            "isRecommendationEnabled": BOOLEAN,
            "isReviewerJustificationRequired": BOOLEAN,
            "isSelfReview": BOOLEAN,
            "primaryReviewers": many(_V1_SUBJECTS),
            "fallbackReviewers": many(_V1_SUBJECTS),
            "schedule": SCHEDULE,
        },
    ),
    "notificationSettings": _MAILS,
    "questions": _V1_QUESTIONS,
    "customExtensionStageSettings": _EXTENSIONS,
}
_BETA: Final[Properties] = {
    "displayName": TEXT,
    "description": TEXT,
    "canExtend": BOOLEAN,
    "durationInDays": NUMBER,
    "expirationDateTime": moment,
    "requestorSettings": object_of(
        "requestorSettings",
        {
            "scopeType": TEXT,
            "acceptRequests": BOOLEAN,
            "allowedRequestors": many(_BETA_SUBJECTS),
        },
    ),
    "requestApprovalSettings": object_of(
        "approvalSettings",
        {
            "isApprovalRequired": BOOLEAN,
            "isApprovalRequiredForExtension": BOOLEAN,
            "isRequestorJustificationRequired": BOOLEAN,
            "approvalMode": word("NoApproval", "SingleStage", "Serial", "Parallel"),
            "approvalStages": many(_BETA_STAGE),
        },
    ),
    "accessReviewSettings": object_of(
        "assignmentReviewSettings",
        {
            "isEnabled": BOOLEAN,
            "recurrenceType": TEXT,
            "reviewerType": TEXT,
            "startDateTime": moment,
            "durationInDays": NUMBER,
            "reviewers": many(_BETA_SUBJECTS),
            "isAccessRecommendationEnabled": BOOLEAN,
            "isAgenticExperienceEnabled": BOOLEAN,
            "isApprovalJustificationRequired": BOOLEAN,
            "accessReviewTimeoutBehavior": _AT_THE_END,
        },
    ),
    "accessPackageNotificationSettings": _MAILS,
    "questions": _BETA_QUESTIONS,
    "customExtensionStageSettings": _EXTENSIONS,
}
