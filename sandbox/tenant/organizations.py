"""Connected organizations, their sponsors, and people as entitlement management knows them."""

from sandbox.tenant.call import EM, Answer, Ask
from sandbox.tenant.directory_pages import page_of_objects
from sandbox.tenant.errors import not_found
from sandbox.tenant.model import Organization
from sandbox.tenant.routes import Route

CONTEXT = f"{EM}/connectedOrganizations"
SUBJECTS = f"{EM}/subjects"


def _organization(ask: Ask) -> Organization:
    found = ask.world.organizations.get(ask.ids["organization"])
    if found is None:
        raise not_found("The connected organization was not found.")
    return found


def list_organizations(ask: Ask) -> Answer:
    found = ask.world.organizations.values()
    return ask.many(found, CONTEXT, shape=ask.shapes.organization)


def get_organization(ask: Ask) -> Answer:
    return ask.one(ask.shapes.organization(_organization(ask)), CONTEXT)


def internal_sponsors(ask: Ask) -> Answer:
    return page_of_objects(ask, _organization(ask).internal_sponsors)


def external_sponsors(ask: Ask) -> Answer:
    return page_of_objects(ask, _organization(ask).external_sponsors)


def get_subject(ask: Ask) -> Answer:
    """The person of a directory id, if entitlement management has had to do with them."""
    user_id = ask.ids["objectId"]
    if not ask.world.is_subject(user_id):
        raise not_found("The subject was not found.", code="SubjectNotFound")
    return ask.one(ask.shapes.subject(user_id), SUBJECTS)


def routes() -> list[Route]:
    """The paths, the same in both versions."""
    one = f"{CONTEXT}/{{organization}}"
    return [
        Route(method, path, path, operation, "read")
        for method, path, operation in (
            ("GET", CONTEXT, list_organizations),
            ("GET", one, get_organization),
            ("GET", f"{one}/internalSponsors", internal_sponsors),
            ("GET", f"{one}/externalSponsors", external_sponsors),
            ("GET", f"{SUBJECTS}()", get_subject),
        )
    ]
