"""Policies as each version of Graph sends them, with fields we have no name for."""

USER = "#microsoft.graph.singleUser"
GROUP = "#microsoft.graph.groupMembers"
MANAGER = "#microsoft.graph.requestorManager"

BETA = {
    "id": "p",
    "accessPackageId": "q",
    "displayName": "Specific users",
    "description": "…",
    "canExtend": True,
    "durationInDays": 30,
    "expirationDateTime": None,
    "createdBy": "admin@contoso.example",
    "createdDateTime": "2026-01-01T00:00:00Z",
    "modifiedBy": "admin@contoso.example",
    "modifiedDateTime": "2026-01-01T00:00:00Z",
    "accessReviewSettings": None,
    "requestorSettings": {
        "scopeType": "SpecificDirectorySubjects",
        "acceptRequests": True,
        "allowedRequestors": [
            {"@odata.type": USER, "isBackup": False, "id": "ann", "description": "Ann"},
            {"@odata.type": GROUP, "isBackup": False, "id": "marketing", "description": "M"},
        ],
    },
    "requestApprovalSettings": {
        "isApprovalRequired": True,
        "isApprovalRequiredForExtension": False,
        "isRequestorJustificationRequired": True,
        "approvalMode": "Serial",
        "approvalStages": [
            {
                "approvalStageTimeOutInDays": 14,
                "isApproverJustificationRequired": True,
                "isEscalationEnabled": True,
                "escalationTimeInMinutes": 11520,
                "primaryApprovers": [
                    {"@odata.type": MANAGER, "isBackup": False, "managerLevel": 1},
                    {"@odata.type": USER, "isBackup": True, "id": "dana", "description": "Dana"},
                ],
                "escalationApprovers": [
                    {"@odata.type": GROUP, "isBackup": False, "id": "iam", "description": "IAM"}
                ],
            },
            {
                "approvalStageTimeOutInDays": 7,
                "isApproverJustificationRequired": False,
                "isEscalationEnabled": False,
                "escalationTimeInMinutes": 0,
                "primaryApprovers": [
                    {"@odata.type": USER, "isBackup": False, "id": "bo", "description": "Bo"}
                ],
                "escalationApprovers": [],
            },
        ],
    },
    "questions": [
        {
            "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
            "id": "question",
            "isRequired": True,
            "sequence": 1,
            "text": {
                "defaultText": "Which team?",
                "localizedTexts": [{"languageCode": "de-DE", "text": "Welches Team?"}],
            },
            "allowsMultipleSelection": False,
            "choices": [
                {
                    "actualValue": "a",
                    "displayValue": {"defaultText": "A", "localizedTexts": []},
                }
            ],
        }
    ],
    "verifiableCredentialSettings": {"credentialTypes": [{"credentialType": "Employee"}]},
    "customExtensionStageSettings": [
        {
            "id": "stage",
            "stage": "assignmentRequestCreated",
            "customExtension": {"@odata.type": "#microsoft.graph.x", "id": "extension"},
        }
    ],
}
V1 = {
    "@odata.context": "https://graph.test/v1.0/$metadata#…",
    "id": "p",
    "displayName": "Specific users",
    "description": "…",
    "allowedTargetScope": "specificDirectoryUsers",
    "specificAllowedTargets": [
        {"@odata.type": USER, "userId": "ann", "description": "Ann", "newInGraph": {"a": 1}},
    ],
    "expiration": {"endDateTime": None, "duration": "P30D", "type": "afterDuration"},
    "requestorSettings": {
        "enableTargetsToSelfAddAccess": True,
        "enableTargetsToSelfUpdateAccess": False,
        "enableTargetsToSelfRemoveAccess": False,
        "allowCustomAssignmentSchedule": True,
        "enableOnBehalfRequestorsToAddAccess": True,
        "onBehalfRequestors": [{"@odata.type": MANAGER, "managerLevel": 1}],
        "newSwitch": True,
    },
    "requestApprovalSettings": {
        "isApprovalRequiredForAdd": True,
        "stages": [
            {
                "@odata.type": "#microsoft.graph.accessPackageDynamicApprovalStage",
                "durationBeforeAutomaticDenial": "P14D",
                "durationBeforeEscalation": "PT0S",
                "primaryApprovers": [{"@odata.type": "#microsoft.graph.targetManager"}],
                "customExtension": {"id": "extension"},
            }
        ],
    },
    "automaticRequestSettings": {
        "requestAccessForAllowedTargets": True,
        "gracePeriodBeforeAccessRemoval": "P7D",
    },
    "reviewSettings": {"isEnabled": True, "schedule": {"recurrence": {"pattern": {"x": 1}}}},
    "notificationSettings": {"isAssignmentNotificationDisabled": True},
    "questions": [{"id": "question", "text": "Why?", "localizations": [], "newHere": 1}],
    "accessPackage": {"id": "q", "displayName": "Marketing Campaign"},
    "catalog": {"id": "c"},
    "createdDateTime": "2026-01-01T00:00:00Z",
    "modifiedDateTime": "2026-01-01T00:00:00Z",
    "futureSettings": {"isAll": "kept"},
}

# Every kind of setting that both versions can say, in v1.0's words.
EVERY_SETTING = {
    "id": "11111111-2222-3333-4444-555555555555",
    "displayName": "Everyone",
    "description": "d",
    "allowedTargetScope": "specificDirectoryUsers",
    "specificAllowedTargets": [
        {
            "@odata.type": "#microsoft.graph.singleUser",
            "userId": "11111111-2222-3333-4444-555555555555",
        },
        {
            "@odata.type": "#microsoft.graph.groupMembers",
            "groupId": "11111111-2222-3333-4444-555555555555",
        },
    ],
    "expiration": {"type": "afterDuration", "duration": "P30D"},
    "requestorSettings": {
        "enableTargetsToSelfAddAccess": True,
        "enableTargetsToSelfUpdateAccess": True,
        "enableTargetsToSelfRemoveAccess": True,
        "allowCustomAssignmentSchedule": False,
        "onBehalfRequestors": [],
    },
    "requestApprovalSettings": {
        "isApprovalRequiredForAdd": True,
        "isApprovalRequiredForUpdate": False,
        "isRequestorJustificationRequired": True,
        "stages": [
            {
                "durationBeforeAutomaticDenial": "P14D",
                "isApproverJustificationRequired": True,
                "isEscalationEnabled": True,
                "durationBeforeEscalation": "P7D",
                "primaryApprovers": [
                    {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}
                ],
                "fallbackPrimaryApprovers": [
                    {
                        "@odata.type": "#microsoft.graph.singleUser",
                        "userId": "11111111-2222-3333-4444-555555555555",
                    }
                ],
                "escalationApprovers": [
                    {
                        "@odata.type": "#microsoft.graph.groupMembers",
                        "groupId": "11111111-2222-3333-4444-555555555555",
                    }
                ],
                "fallbackEscalationApprovers": [],
            }
        ],
    },
    "reviewSettings": {
        "isEnabled": True,
        "expirationBehavior": "keepAccess",
        "isRecommendationEnabled": True,
        "isReviewerJustificationRequired": True,
        "isSelfReview": False,
        "primaryReviewers": [
            {
                "@odata.type": "#microsoft.graph.groupMembers",
                "groupId": "11111111-2222-3333-4444-555555555555",
            }
        ],
        "fallbackReviewers": [],
        "schedule": {
            "startDateTime": "2026-01-01T00:00:00Z",
            "expiration": {"type": "afterDuration", "duration": "P25D"},
            "recurrence": {
                "pattern": {"type": "absoluteMonthly", "interval": 3},
                "range": {"type": "noEnd", "startDate": "2026-01-01"},
            },
        },
    },
    "notificationSettings": {"isAssignmentNotificationDisabled": True},
    "questions": [
        {
            "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
            "text": "Which team?",
            "sequence": 1,
            "isRequired": True,
            "isMultipleSelectionAllowed": False,
            "localizations": [{"languageCode": "de-DE", "text": "Welches Team?"}],
            "choices": [{"actualValue": "a", "text": "A", "localizations": []}],
        },
        {
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "text": "Why?",
            "isSingleLineQuestion": True,
            "regexPattern": ".+",
        },
    ],
    "accessPackage": {"id": "11111111-2222-3333-4444-555555555555"},
}
