"""
Assignment policies: who may ask for a package, who decides, and for how long.

These models keep the fields they have no name for, because a policy is replaced whole.
"""

from typing import Annotated, Any

from pydantic import Field, StrictBool

from graph.values import (
    Duration,
    Expiration,
    GraphModel,
    KeepingModel,
    Moment,
    NoneAsEmpty,
    Reference,
    Schedule,
    same_word,
)


class SubjectSet(KeepingModel):
    """
    A person, or a rule that stands for people (``subjectSet``).

    ``odata_type`` says which: singleUser, groupMembers, requestorManager, targetManager,
    connectedOrganizationMembers, internalSponsors, externalSponsors, …
    """

    odata_type: str | None = Field(default=None, alias="@odata.type")
    user_id: str | None = None
    group_id: str | None = None
    manager_level: int | None = None
    connected_organization_id: str | None = None
    service_principal_id: str | None = None
    membership_rule: str | None = None
    description: str | None = None

    @property
    def kind(self) -> str:
        """The set's type without its namespace, such as ``groupMembers``; empty if unsaid."""
        return (self.odata_type or "").rpartition(".")[2]

    def is_kind(self, kind: str) -> bool:
        """Tell whether this is such a set, whatever its capitals."""
        return same_word(self.kind, kind)

    @classmethod
    def user(cls, user_id: str) -> "SubjectSet":
        """One person."""
        return cls(odata_type="#microsoft.graph.singleUser", user_id=user_id)

    @classmethod
    def group(cls, group_id: str) -> "SubjectSet":
        """Whoever is a member of the group."""
        return cls(odata_type="#microsoft.graph.groupMembers", group_id=group_id)

    @classmethod
    def manager(cls, level: int = 1) -> "SubjectSet":
        """The requestor's manager; level 2 is the manager's manager."""
        return cls(odata_type="#microsoft.graph.requestorManager", manager_level=level)

    @classmethod
    def target_manager(cls, level: int = 1) -> "SubjectSet":
        """The manager of who gets access, whoever asks for them."""
        return cls(odata_type="#microsoft.graph.targetManager", manager_level=level)

    @classmethod
    def of_kind(cls, kind: str) -> "SubjectSet":
        """A set that needs no more than its type, such as ``internalSponsors``."""
        return cls(odata_type=f"#microsoft.graph.{kind}")


SubjectSets = Annotated[list[SubjectSet], NoneAsEmpty]


class RequestorSettings(KeepingModel):
    """The rights of the people in scope: what they may do by themselves."""

    enable_targets_to_self_add_access: StrictBool | None = None
    enable_targets_to_self_update_access: StrictBool | None = None
    enable_targets_to_self_remove_access: StrictBool | None = None
    allow_custom_assignment_schedule: StrictBool | None = None
    enable_on_behalf_requestors_to_add_access: StrictBool | None = None
    enable_on_behalf_requestors_to_update_access: StrictBool | None = None
    enable_on_behalf_requestors_to_remove_access: StrictBool | None = None
    on_behalf_requestors: SubjectSets = Field(default_factory=list)


class ApprovalStage(KeepingModel):
    """One stage of approval; one approver of each stage is enough."""

    duration_before_automatic_denial: Duration | None = None
    is_approver_justification_required: StrictBool | None = None
    is_escalation_enabled: StrictBool | None = None
    duration_before_escalation: Duration | None = None
    primary_approvers: SubjectSets = Field(default_factory=list)
    fallback_primary_approvers: SubjectSets = Field(default_factory=list)
    escalation_approvers: SubjectSets = Field(default_factory=list)
    fallback_escalation_approvers: SubjectSets = Field(default_factory=list)
    approver_information_visibility: str | None = None


class EndUserSettings(GraphModel):
    """The settings of the tenant for what people see of all its packages (``endUserSettings``)."""

    show_approver_details_to_members: StrictBool | None = None


class ApprovalSettings(KeepingModel):
    """The approval that a policy asks for, and its stages."""

    is_approval_required_for_add: StrictBool | None = None
    is_approval_required_for_update: StrictBool | None = None
    is_requestor_justification_required: StrictBool | None = None
    stages: Annotated[list[ApprovalStage], NoneAsEmpty] = Field(default_factory=list)


class LocalizedText(KeepingModel):
    """One text in one language, such as ``de-DE``."""

    language_code: str | None = None
    text: str | None = None


class AnswerChoice(KeepingModel):
    """One answer to choose: what is shown, and what is stored."""

    actual_value: str | None = None
    text: str | None = None
    localizations: Annotated[list[LocalizedText], NoneAsEmpty] = Field(default_factory=list)


class AccessPackageQuestion(KeepingModel):
    """A question to the requestor: free text, or a choice (``odata_type`` says which)."""

    odata_type: str | None = Field(default=None, alias="@odata.type")
    id: str | None = None
    text: str | None = None
    localizations: Annotated[list[LocalizedText], NoneAsEmpty] = Field(default_factory=list)
    sequence: int | None = None
    is_required: StrictBool | None = None
    is_answer_editable: StrictBool | None = None
    is_single_line_question: StrictBool | None = None
    regex_pattern: str | None = None
    is_multiple_selection_allowed: StrictBool | None = None
    choices: Annotated[list[AnswerChoice], NoneAsEmpty] = Field(default_factory=list)


class ExtensionStage(KeepingModel):
    """A moment at which Entra calls somebody's own program (``customExtensionStageSetting``)."""

    id: str | None = None
    stage: str | None = None


class NotificationSettings(KeepingModel):
    """The setting that turns Entra's own mails about assignments off."""

    is_assignment_notification_disabled: StrictBool | None = None


class ReviewSettings(KeepingModel):
    """The access review: if and how often access is reviewed, and by whom."""

    is_enabled: StrictBool | None = None
    expiration_behavior: str | None = None
    is_recommendation_enabled: StrictBool | None = None
    is_reviewer_justification_required: StrictBool | None = None
    is_self_review: StrictBool | None = None
    primary_reviewers: SubjectSets = Field(default_factory=list)
    fallback_reviewers: SubjectSets = Field(default_factory=list)
    schedule: Schedule | None = None


class AutomaticRequestSettings(KeepingModel):
    """The setting by which Entra assigns and removes by itself (v1.0 only)."""

    request_access_for_allowed_targets: StrictBool | None = None
    remove_access_when_target_leaves_allowed_targets: StrictBool | None = None
    grace_period_before_access_removal: Duration | None = None


# Graph fills these in; a PUT or POST that holds them is refused or ignored.
READ_ONLY = frozenset(
    {"id", "createdBy", "createdDateTime", "modifiedBy", "modifiedDateTime", "catalog"}
)


class AssignmentPolicy(KeepingModel):
    """
    One policy of a package (``accessPackageAssignmentPolicy``).

    ``allowed_target_scope`` is v1.0's word (``allMemberUsers``, ``specificDirectoryUsers``, …)
    whichever version is in use; a word of Graph's that has no such form is kept as it came.

    Attributes:
        questions, custom_extension_stage_settings: None when they were not read: in v1.0 they are
            objects of their own, and come only when asked for.
    """

    id: str = ""
    display_name: str | None = None
    description: str | None = None
    allowed_target_scope: str | None = None
    specific_allowed_targets: SubjectSets = Field(default_factory=list)
    expiration: Expiration | None = None
    requestor_settings: RequestorSettings | None = None
    request_approval_settings: ApprovalSettings | None = None
    automatic_request_settings: AutomaticRequestSettings | None = None
    review_settings: ReviewSettings | None = None
    notification_settings: NotificationSettings | None = None
    questions: list[AccessPackageQuestion] | None = None
    custom_extension_stage_settings: list[ExtensionStage] | None = None
    access_package: Reference | None = None
    created_date_time: Moment | None = None
    modified_date_time: Moment | None = None

    def has_scope(self, scope: str) -> bool:
        """Tell whether it offers the package to that scope, a word of v1.0's."""
        return same_word(self.allowed_target_scope, scope)

    def to_graph(self) -> dict[str, Any]:
        """The body that creates or replaces this policy: all that is known, minus what Graph fills in."""
        body = {
            name: value
            for name, value in super().to_graph().items()
            if name not in READ_ONLY
            and not name.startswith("@odata.")
            and "@odata.context" not in name
            # Beta's older list of extensions, which is read to be judged; most policies have none.
            and not (name == "customExtensionHandlers" and not value)
        }
        if self.access_package is not None:
            body["accessPackage"] = {"id": self.access_package.id}
        return body


class PolicyRequirements(GraphModel):
    """The requirements of one policy for the person who wants to ask for its package."""

    policy_id: str | None = None
    policy_display_name: str | None = None
    policy_description: str | None = None
    is_approval_required_for_add: StrictBool | None = None
    is_approval_required_for_update: StrictBool | None = None
    is_requestor_justification_required: StrictBool | None = None
    allow_custom_assignment_schedule: StrictBool | None = None
    schedule: Schedule | None = None
    questions: Annotated[list[AccessPackageQuestion], NoneAsEmpty] = Field(default_factory=list)
