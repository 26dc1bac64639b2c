"""Catalogs, and what is in them: groups, applications and sites with their roles."""

from typing import Annotated, Any

from pydantic import Field

from graph.policy_models import AccessPackageQuestion
from graph.values import GraphModel, KeepingModel, Moment, NoneAsEmpty, same_word


class AccessPackageCatalog(GraphModel):
    """A container of packages and resources."""

    id: str
    display_name: str | None = None
    description: str | None = None
    catalog_type: str | None = None
    state: str | None = None
    is_externally_visible: bool | None = None
    created_date_time: Moment | None = None
    modified_date_time: Moment | None = None

    @property
    def is_published(self) -> bool:
        return same_word(self.state, "published")

    @property
    def is_switched_off(self) -> bool:
        """Tell whether nobody can ask for what is in it; not the contrary of published: Graph may say neither."""
        return same_word(self.state, "unpublished")


class ResourceEnvironment(GraphModel):
    """One geography of a multi-geo SharePoint tenant."""

    id: str | None = None
    display_name: str | None = None
    description: str | None = None
    origin_id: str | None = None
    origin_system: str | None = None
    is_default_environment: bool | None = None


class ResourceAttribute(KeepingModel):
    """A question that an application asks about whoever gets a role of it; all of a resource's are replaced at once."""

    name: str | None = None
    source: dict[str, Any] | None = None
    destination: dict[str, Any] | None = None
    is_editable: bool | None = None
    is_persisted_on_assignment_removal: bool | None = None

    @classmethod
    def asked(cls, name: str, question: AccessPackageQuestion) -> "ResourceAttribute":
        """Asked of the requestor, and stored with the person in the directory under *name*."""
        return cls(
            name=name,
            source={
                "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
                "question": question.to_graph(),
            },
            destination={
                "@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore"
            },
            is_editable=True,
            is_persisted_on_assignment_removal=True,
        )


class AccessPackageResource(GraphModel):
    """
    A group, application or site that a catalog may hand out.

    Attributes:
        attributes: What is asked about whoever gets a role of it; None when that was not read.
    """

    id: str | None = None
    display_name: str | None = None
    description: str | None = None
    origin_id: str | None = None
    origin_system: str | None = None
    attributes: list[ResourceAttribute] | None = None
    environment: ResourceEnvironment | None = None
    roles: Annotated[list["ResourceRole"], NoneAsEmpty] = Field(default_factory=list)
    scopes: Annotated[list["ResourceScope"], NoneAsEmpty] = Field(default_factory=list)


class ResourceRole(GraphModel):
    """
    A role that a resource offers, such as Member.

    Tell roles apart by ``origin_id``: ``id`` may be all zeros until the role is first used.
    """

    id: str | None = None
    display_name: str | None = None
    description: str | None = None
    origin_id: str | None = None
    origin_system: str | None = None
    resource: AccessPackageResource | None = None


class ResourceScope(GraphModel):
    """The place in a resource where a role counts; its ``origin_id`` is the group's, app's or site's."""

    id: str | None = None
    display_name: str | None = None
    description: str | None = None
    origin_id: str | None = None
    origin_system: str | None = None
    is_root_scope: bool | None = None


class ResourceRoleScope(GraphModel):
    """One thing that a package gives: a role, and where."""

    id: str | None = None
    created_date_time: Moment | None = None
    role: ResourceRole | None = None
    scope: ResourceScope | None = None


class ResourceRequest(GraphModel):
    """A request to put a resource into a catalog, change it, or take it out."""

    id: str
    request_type: str | None = None
    state: str | None = None
    created_date_time: Moment | None = None
    resource: AccessPackageResource | None = None

    @property
    def is_delivered(self) -> bool:
        return same_word(self.state, "delivered")
