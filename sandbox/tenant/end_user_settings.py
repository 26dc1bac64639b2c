"""The tenant's settings for what people see in My Access, and whether somebody sees who approves what they ask for."""

from sandbox.tenant.call import EM, Answer, Ask
from sandbox.tenant.errors import bad_request, not_found
from sandbox.tenant.model import EndUserSettings, Stage, User
from sandbox.tenant.policy_settings import one_of
from sandbox.tenant.routes import Route
from sandbox.tenant.world import World

PATH = f"{EM}/controlConfigurations/endUserSettings"
_LEVELS = ("disabled", "count", "countAndNames")


def shows_approvers(world: World, stage: Stage, reader: User) -> bool:
    """
    Tell whether My Access shows to whoever asked who approves a stage.

    Source: Microsoft Learn, "Configure whether requestors can see approver details": the package's own word counts,
    and where it leaves that to the tenant, the tenant's, which is about members and no guests.
    """
    said = stage.settings.get("approverInformationVisibility", "default")
    if said != "default":
        return bool(said == "visible")
    settings = world.end_user_settings
    return (
        reader.user_type == "Member"
        and settings is not None
        and settings.show_approver_details_to_members
    )


def _settings(ask: Ask) -> EndUserSettings:
    if ask.world.end_user_settings is None:
        raise not_found("Resource not found for the segment 'endUserSettings'.")
    return ask.world.end_user_settings


def _shown(ask: Ask) -> Answer:
    settings = _settings(ask)
    return Answer(
        200,
        {
            "@odata.context": f"{ask.metadata}{PATH}",
            "@odata.type": "#microsoft.graph.endUserSettings",
            "relatedPeopleInsightLevel": settings.related_people_insight_level,
            "showApproverDetailsToMembers": settings.show_approver_details_to_members,
        },
    )


def get(ask: Ask) -> Answer:
    return _shown(ask)


def replace(ask: Ask) -> Answer:
    """PUT: the whole of it."""
    settings = _settings(ask)
    shows = ask.body.get("showApproverDetailsToMembers")
    if not isinstance(shows, bool):
        raise bad_request("showApproverDetailsToMembers is true or false.")
    level = ask.body.get("relatedPeopleInsightLevel") or "disabled"
    settings.related_people_insight_level = one_of(
        _LEVELS, level, what="microsoft.graph.accessPackageSuggestionRelatedPeopleInsightLevel"
    )
    settings.show_approver_details_to_members = shows
    return _shown(ask)


def routes() -> list[Route]:
    """The paths, the same in both versions."""
    return [
        Route("GET", PATH, PATH, get, "read"),
        Route("PUT", PATH, PATH, replace, "write"),
    ]
