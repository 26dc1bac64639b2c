"""Describe what a tenant consists of: plain records, in the words of Graph v1.0."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]

# The id that Entra shows for a resource role that no package has used yet.
PLACEHOLDER_ID = "00000000-0000-0000-0000-000000000000"

OPEN_STATES = frozenset({"submitted", "pendingApproval", "scheduled", "delivering"})
LIVE_STATES = frozenset({"delivering", "partiallyDelivered", "delivered"})


@dataclass
class User:
    id: str
    display_name: str
    user_principal_name: str
    created_at: datetime
    mail: str | None = None
    mail_nickname: str | None = None
    user_type: str = "Member"
    account_enabled: bool = True
    manager_id: str | None = None
    job_title: str | None = None
    department: str | None = None
    # Ids of the users and groups that answer for this one.
    sponsors: list[str] = field(default_factory=list)
    # The connected organization that this one comes from.
    organization_id: str | None = None
    other_mails: list[str] = field(default_factory=list)
    # Further addresses of their mailbox, with the kind before them ("smtp:…"); the first one is the mail.
    proxy_addresses: list[str] = field(default_factory=list)
    # What this user may do when signed in, beside asking for their own access.
    is_administrator: bool = False


@dataclass
class Group:
    id: str
    display_name: str
    created_at: datetime
    description: str | None = None
    mail_nickname: str | None = None
    mail_enabled: bool = False
    security_enabled: bool = True
    group_types: list[str] = field(default_factory=list)
    # Ids of users and groups, in the order in which they joined.
    members: list[str] = field(default_factory=list)
    # Whether Privileged Identity Management looks after it: then it also offers roles to activate.
    is_privileged: bool = False
    # Whether it has a team in Microsoft Teams.
    has_team: bool = False
    # "HiddenMembership": who is in it is shown to no app without Member.Read.Hidden.
    visibility: str | None = None


@dataclass
class Organization:
    """A connected organization; sponsors are ids of users and groups."""

    id: str
    display_name: str
    created_at: datetime
    description: str | None = None
    state: str = "configured"
    internal_sponsors: list[str] = field(default_factory=list)
    external_sponsors: list[str] = field(default_factory=list)


@dataclass
class Application:
    """An enterprise application (service principal) with its app roles by id."""

    id: str
    display_name: str
    roles: dict[str, str]
    holders: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Site:
    """A SharePoint site with its roles by sequence number."""

    url: str
    display_name: str
    roles: dict[str, str]
    holders: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Environment:
    """A SharePoint geography."""

    id: str
    display_name: str
    origin_id: str
    is_default: bool


@dataclass
class Catalog:
    id: str
    display_name: str
    created_at: datetime
    description: str | None = None
    catalog_type: str = "userManaged"
    state: str = "published"
    is_externally_visible: bool = True
    modified_at: datetime | None = None


@dataclass
class Resource:
    """Something that a catalog may hand out: a group, an application or a site."""

    id: str
    catalog_id: str
    display_name: str
    origin_id: str
    origin_system: str
    created_at: datetime
    description: str | None = None
    attributes: list[Json] = field(default_factory=list)
    environment_id: str | None = None
    scope_id: str = ""
    # Ids of the roles that a package has used, by the role's originId.
    role_ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ResourceRole:
    """One role of one resource; *id* is a placeholder until a package uses it."""

    id: str
    origin_id: str
    display_name: str
    resource: Resource


@dataclass
class ResourceRoleScope:
    id: str
    resource_id: str
    role_origin_id: str
    created_at: datetime


@dataclass
class ResourceRequest:
    id: str
    request_type: str
    catalog_id: str
    resource_id: str
    created_at: datetime
    justification: str | None = None
    state: str = "delivered"


@dataclass
class Package:
    id: str
    catalog_id: str
    display_name: str
    created_at: datetime
    description: str | None = None
    is_hidden: bool = False
    modified_at: datetime | None = None
    role_scopes: list[ResourceRoleScope] = field(default_factory=list)
    incompatible_packages: list[str] = field(default_factory=list)
    incompatible_groups: list[str] = field(default_factory=list)


@dataclass
class Expiration:
    """The end of access: *type* is notSpecified, noExpiration, afterDateTime or afterDuration."""

    type: str = "notSpecified"
    duration: timedelta | None = None
    end: datetime | None = None

    def ends_at(self, start: datetime) -> datetime | None:
        """The moment of the end for access that began at *start*; None when it has none."""
        if self.type == "afterDateTime":
            return self.end
        if self.type == "afterDuration" and self.duration is not None:
            return start + self.duration
        return None


@dataclass
class Policy:
    """A policy: who may have a package, who decides, until when.

    *settings* holds requestorSettings, requestApprovalSettings, reviewSettings, questions,
    notificationSettings and whatever else came with the policy, spelled as in v1.0.
    """

    id: str
    package_id: str
    display_name: str
    created_at: datetime
    description: str | None = None
    allowed_target_scope: str = "notSpecified"
    specific_allowed_targets: list[Json] = field(default_factory=list)
    expiration: Expiration = field(default_factory=Expiration)
    settings: Json = field(default_factory=dict)
    modified_at: datetime | None = None

    def may_self(self, kind: str) -> bool:
        """Tell whether people may Add, Update or Remove their own access under this policy."""
        requestor = self.settings.get("requestorSettings") or {}
        return bool(requestor.get(f"enableTargetsToSelf{kind}Access"))

    @property
    def approval(self) -> Json:
        found: Json = self.settings.get("requestApprovalSettings") or {}
        return found

    @property
    def is_automatic(self) -> bool:
        """Tell whether Entra assigns by itself: the settings are only there for such a policy."""
        return self.settings.get("automaticRequestSettings") is not None

    @property
    def waits_for_callback(self) -> bool:
        """Tell whether a custom extension has a say before a request goes on."""
        return any(
            str(each.get("stage")).startswith(
                ("assignmentRequestCreated", "assignmentRequestDetermining")
            )
            for each in self.settings.get("customExtensionStageSettings") or []
        )

    def stages_for(self, request_type: str) -> list[Json]:
        """The approval stages that a userAdd or userUpdate must pass, in order."""
        needed = {
            "userAdd": "isApprovalRequiredForAdd",
            "userUpdate": "isApprovalRequiredForUpdate",
        }
        flag = needed.get(request_type)
        if flag is None or not self.approval.get(flag):
            return []
        return list(self.approval.get("stages") or [])


@dataclass
class EndUserSettings:
    """The settings of the tenant for what people see in My Access."""

    related_people_insight_level: str = "disabled"
    show_approver_details_to_members: bool = True


@dataclass
class Stage:
    """One approval stage of one request."""

    id: str
    settings: Json
    status: str = "Initializing"
    review_result: str = "NotReviewed"
    started_at: datetime | None = None
    reviewed_at: datetime | None = None
    reviewed_by: str | None = None
    justification: str = ""


@dataclass
class Assignment:
    id: str
    package_id: str
    policy_id: str
    target_id: str
    subject_id: str
    created_at: datetime
    state: str = "delivering"
    status: str = "Delivering"
    start: datetime | None = None
    end: datetime | None = None
    expired_at: datetime | None = None
    is_extended: bool = False
    # (kind, origin id, role) of what was really given, so that only that is taken back.
    given: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        return self.state in LIVE_STATES


@dataclass
class Request:
    """An accessPackageAssignmentRequest.

    *names_end*: whoever made it said when the access is to end. *given*: what its policy gave then.
    """

    id: str
    request_type: str
    created_at: datetime
    package_id: str
    policy_id: str
    target_id: str
    requestor_id: str | None
    justification: str | None = None
    answers: list[Json] = field(default_factory=list)
    state: str = "submitted"
    status: str = "Accepted"
    assignment_id: str | None = None
    start: datetime | None = None
    expiration: Expiration | None = None
    names_end: bool = False
    given: Expiration | None = None
    completed_at: datetime | None = None
    stages: list[Stage] = field(default_factory=list)
    is_called_back: bool = False

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def current_stage(self) -> Stage | None:
        return next((stage for stage in self.stages if stage.status == "InProgress"), None)
