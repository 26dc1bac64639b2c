"""The objects that Graph sends, as models, named as in v1.0."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import Field, StrictBool

from graph.policy_models import (
    AccessPackageQuestion,
    AnswerChoice,
    ApprovalSettings,
    ApprovalStage,
    AssignmentPolicy,
    AutomaticRequestSettings,
    EndUserSettings,
    ExtensionStage,
    LocalizedText,
    NotificationSettings,
    PolicyRequirements,
    RequestorSettings,
    ReviewSettings,
    SubjectSet,
)
from graph.resource_models import (
    AccessPackageCatalog,
    AccessPackageResource,
    ResourceAttribute,
    ResourceEnvironment,
    ResourceRequest,
    ResourceRole,
    ResourceRoleScope,
    ResourceScope,
)
from graph.values import (
    PENDING_APPROVAL,
    Expiration,
    GraphModel,
    KeepingModel,
    Moment,
    NoneAsEmpty,
    Reference,
    Schedule,
    same_word,
)

__all__ = [
    "AccessPackage",
    "AccessPackageAssignment",
    "AccessPackageCatalog",
    "AccessPackageQuestion",
    "AccessPackageResource",
    "AccessPackageSubject",
    "Answer",
    "AnswerChoice",
    "AppRole",
    "Application",
    "Approval",
    "ApprovalDecision",
    "ApprovalSettings",
    "ApprovalStage",
    "AssignmentPolicy",
    "AssignmentRequest",
    "AutomaticRequestSettings",
    "DirectoryObject",
    "EndUserSettings",
    "Expiration",
    "ExtensionStage",
    "Group",
    "LocalizedText",
    "NotificationSettings",
    "PolicyRequirements",
    "Reference",
    "RequestorSettings",
    "ResourceAttribute",
    "ResourceEnvironment",
    "ResourceRequest",
    "ResourceRole",
    "ResourceRoleScope",
    "ResourceScope",
    "ReviewSettings",
    "Schedule",
    "SubjectSet",
    "User",
    "decided_in_order",
]

# After every moment that Graph says.
LAST: Final = datetime.max.replace(tzinfo=UTC)


class User(GraphModel):
    """A person in the directory."""

    id: str
    display_name: str | None = None
    mail: str | None = None
    user_principal_name: str | None = None
    account_enabled: StrictBool | None = None
    user_type: str | None = None
    job_title: str | None = None
    department: str | None = None
    proxy_addresses: Annotated[list[str], NoneAsEmpty] = Field(default_factory=list)

    @property
    def is_guest(self) -> bool | None:
        """Tell whether they are a guest here; None when Graph does not say, or in a word that we do not know."""
        return KINDS_OF_USER.get((self.user_type or "").casefold())


# Source: Graph reference, "user", userType.
KINDS_OF_USER = {"member": False, "guest": True}


class Group(GraphModel):
    """A group in the directory."""

    id: str
    display_name: str | None = None
    description: str | None = None
    mail_nickname: str | None = None
    security_enabled: StrictBool | None = None
    mail_enabled: StrictBool | None = None
    visibility: str | None = None

    @property
    def hides_members(self) -> bool:
        """Tell whether who is in it is shown to no app without Member.Read.Hidden."""
        return same_word(self.visibility, "HiddenMembership")


class Team(GraphModel):
    """
    The team in Microsoft Teams that a group has; its id is the group's.

    Attributes:
        web_url: Opens it in Teams; Graph wants it to be treated as opaque.
    """

    id: str | None = None
    web_url: str | None = None


class DirectoryObject(GraphModel):
    """An object of the directory, of which no more is known than its id and perhaps its type."""

    odata_type: str | None = Field(default=None, alias="@odata.type")
    id: str

    @property
    def kind(self) -> str:
        """The type without its namespace, in small letters, such as ``user``; empty if unsaid."""
        return (self.odata_type or "").rpartition(".")[2].casefold()


class AppRole(GraphModel):
    """One role that an application defines."""

    id: str
    display_name: str | None = None
    value: str | None = None
    is_enabled: StrictBool | None = None


class Application(GraphModel):
    """An enterprise application of the tenant (``servicePrincipal``)."""

    id: str
    app_id: str | None = None
    display_name: str | None = None
    app_roles: Annotated[list[AppRole], NoneAsEmpty] = Field(default_factory=list)


class AccessPackageSubject(GraphModel):
    """
    A person as entitlement management knows them (``accessPackageSubject``).

    The directory id is ``object_id``; ``id`` is another GUID.
    """

    id: str | None = None
    object_id: str | None = None
    display_name: str | None = None
    email: str | None = None
    principal_name: str | None = None
    subject_type: str | None = None
    connected_organization: Reference | None = None


class AccessPackage(KeepingModel):
    """A bundle of roles that people may ask for; it keeps what Graph says that has no name here."""

    id: str
    display_name: str | None = None
    description: str | None = None
    is_hidden: StrictBool | None = None
    catalog: AccessPackageCatalog | None = None
    assignment_policies: Annotated[list[AssignmentPolicy], NoneAsEmpty] = Field(
        default_factory=list
    )
    resource_role_scopes: Annotated[list[ResourceRoleScope], NoneAsEmpty] = Field(
        default_factory=list
    )
    created_date_time: Moment | None = None
    modified_date_time: Moment | None = None


class Answer(GraphModel):
    """A requestor's answer to one question."""

    odata_type: str | None = Field(default=None, alias="@odata.type")
    value: str | None = None
    display_value: str | None = None
    answered_question: AccessPackageQuestion | None = None


class AssignmentOutline(GraphModel):
    """Access, as far as it says whose it is and how it stands."""

    id: str
    state: str | None = None
    target: AccessPackageSubject | None = None


class AccessPackageAssignment(AssignmentOutline):
    """The access of a person to a package, now or in the past."""

    status: str | None = None
    schedule: Schedule | None = None
    expired_date_time: Moment | None = None
    access_package: AccessPackage | None = None
    assignment_policy: AssignmentPolicy | None = None

    @property
    def is_delivered(self) -> bool:
        return same_word(self.state, "delivered")

    @property
    def is_delivering(self) -> bool:
        """Being given, or gone through again after it was given."""
        return same_word(self.state, "delivering")

    @property
    def is_partially_delivered(self) -> bool:
        """Some of the roles are given; Graph keeps trying the others for hours."""
        return same_word(self.state, "partiallyDelivered")

    @property
    def is_failed(self) -> bool:
        """Graph has given up; whether a part of it was given, it does not say."""
        return same_word(self.state, "deliveryFailed")

    @property
    def is_expired(self) -> bool:
        """Over, by lapse or by removal: Graph has one word for both."""
        return same_word(self.state, "expired")

    @property
    def is_access(self) -> bool:
        """Tell whether somebody has something through it, or is about to."""
        return self.is_delivered or self.is_delivering or self.is_partially_delivered

    def ends_at(self, policy_expiration: Expiration | None = None) -> datetime | None:
        """
        Return when this access ends by itself (aware UTC); None: it does not, or Graph does not say.

        Args:
            policy_expiration: What counts where the assignment itself says nothing; its own
                policy's, if that was read with it, unless given.

        Source: ``expirationPattern`` in the Graph reference.
        """
        start = self.schedule.start_date_time if self.schedule else None
        own = self.schedule.expiration if self.schedule else None
        if own is not None and own.is_specified:
            return own.end_from(start)
        if policy_expiration is None and self.assignment_policy is not None:
            policy_expiration = self.assignment_policy.expiration
        return policy_expiration.end_from(start) if policy_expiration else None


class RequestOutline(GraphModel):
    """
    A request, as far as it says what it is, for whom, and how it stands: that can be read whatever else Graph says of it.

    With a word of ``state`` that we do not know it is neither under way nor over.
    """

    id: str
    request_type: str | None = None
    state: str | None = None
    assignment: AssignmentOutline | None = None
    requestor: AccessPackageSubject | None = None

    def is_type(self, request_type: str) -> bool:
        """Tell whether it is such a request, in v1.0's spelling (``adminAdd``)."""
        return same_word(self.request_type, request_type)

    @property
    def is_delivered(self) -> bool:
        return same_word(self.state, "delivered")

    @property
    def is_partially_delivered(self) -> bool:
        """Some of the roles are given; Graph keeps trying the others for hours."""
        return same_word(self.state, "partiallyDelivered")

    @property
    def is_failed(self) -> bool:
        """Delivery failed; Graph may be asked to reprocess it within 14 days."""
        return same_word(self.state, "deliveryFailed")

    @property
    def is_denied(self) -> bool:
        return same_word(self.state, "denied")

    @property
    def is_canceled(self) -> bool:
        return same_word(self.state, "canceled") or same_word(self.state, "cancelled")

    @property
    def is_pending_approval(self) -> bool:
        return same_word(self.state, PENDING_APPROVAL)

    @property
    def is_scheduled(self) -> bool:
        return same_word(self.state, "scheduled")

    @property
    def is_under_way(self) -> bool:
        """Tell whether Graph says, in a word that we know, that it is working on it or waiting for its time."""
        return (self.state or "").casefold() in UNDER_WAY

    @property
    def is_over(self) -> bool:
        """Tell whether it has ended, delivered or not."""
        return self.is_delivered or self.is_denied or self.is_canceled or self.is_failed


class AssignmentRequest(RequestOutline):
    """A request to give, change or take away an assignment, as Graph last reported it."""

    status: str | None = None
    created_date_time: Moment | None = None
    completed_date_time: Moment | None = None
    justification: str | None = None
    schedule: Schedule | None = None
    answers: Annotated[list[Answer], NoneAsEmpty] = Field(default_factory=list)
    assignment: AccessPackageAssignment | None = None
    access_package: AccessPackage | None = None


# Source: Graph reference, "accessPackageRequestState values".
UNDER_WAY = frozenset(
    {"submitted", "pendingapproval", "scheduled", "delivering", "partiallydelivered"}
)


class ApprovalDecision(GraphModel):
    """One stage of an approval that is under way (v1.0 ``approvalStage``, beta ``approvalStep``)."""

    id: str
    display_name: str | None = None
    assigned_to_me: StrictBool | None = None
    status: str | None = None
    review_result: str | None = None
    reviewed_by: dict[str, Any] | None = None
    reviewed_date_time: Moment | None = None
    justification: str | None = None

    @property
    def is_open(self) -> bool:
        return same_word(self.status, "InProgress")


def decided_in_order(stages: Sequence[ApprovalDecision]) -> list[ApprovalDecision]:
    """Return the stages that somebody has decided, the first one first: Graph promises no order."""
    done = [each for each in stages if same_word(each.status, "Completed")]
    return sorted(done, key=lambda each: each.reviewed_date_time or LAST)


class Approval(GraphModel):
    """The approval of one request; its id is the request's."""

    id: str
    stages: Annotated[list[ApprovalDecision], NoneAsEmpty] = Field(default_factory=list)
