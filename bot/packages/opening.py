"""
Say what a resource opens as: the link under which whoever has it uses it.

Only links of a documented shape are made, and only to the cloud's own hosts.  What the tenant says is taken for what
anybody may have written: a link that is not plain and whole is no link.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from bot.packages.names import clean
from graph.clouds import Cloud
from graph.models import AccessPackage, ResourceRoleScope

# Slack takes 3,000 characters in a button; no address that people use comes near.
LONGEST_ADDRESS: Final = 1_000
LONGEST_HOST: Final = 253
LONGEST_NAME: Final = 200
# Of an application's name, in its link.
LONGEST_IN_LINK: Final = 60
# What RFC 3986 lets stand in an address, without what Slack reads as markup.
PLAIN: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
HOST: Final = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
WHOLE_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What is left of an application's name in its link, where nothing but the ids counts.
NOT_IN_NAME: Final = re.compile(r"[^\w .-]+")


class OpeningKind(StrEnum):
    """The kinds of what a link opens; the words are stored."""

    SITE = "site"
    APP = "app"
    TEAM = "team"
    ENTRA_ROLE = "entra role"
    # A link of the package settings, whatever it leads to.
    OWN = "own"


@dataclass(frozen=True, kw_only=True)
class Opening:
    """
    Something that whoever has a package can open.

    Attributes:
        origin_id: Of the resource, as Graph has it; empty for a link of the package settings.
        name: The resource's display name.
        url: An address that `is_web_address` calls one.
    """

    kind: OpeningKind
    origin_id: str
    name: str
    url: str


@dataclass(frozen=True, kw_only=True)
class LinkFacts:
    """
    Facts about resources beside what their package says of them.

    Attributes:
        app_ids: The application's own id by that of its service principal; None: it has none.
        team_urls: The address of a group's team by the group's id; None: it has no team.
        before: What each resource opened as when it was read last, for those in neither.
    """

    app_ids: Mapping[str, str | None] = field(default_factory=dict)
    team_urls: Mapping[str, str | None] = field(default_factory=dict)
    before: Mapping[str, Opening] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GivenResource:
    """
    A resource that a package gives a role of: which system it is of, its id there, and its name.

    Attributes:
        is_eligible: A membership of a group that must be activated first; other systems have roles of any name.
    """

    system: str
    origin_id: str
    name: str
    is_eligible: bool


class Openings:
    """Tells what the resources of packages open as, in one tenant of one cloud."""

    def __init__(self, cloud: Cloud, *, tenant_id: str | None) -> None:
        """
        Args:
            tenant_id: Its GUID; links that need it are not made where it is something else, or not set.
        """
        self._cloud: Final = cloud
        folded = (tenant_id or "").strip().lower()
        self._tenant_id: Final = folded if WHOLE_GUID.fullmatch(folded) else None

    def of(self, package: AccessPackage, facts: LinkFacts) -> tuple[Opening, ...]:
        """Return what a package opens, each resource once, by name; several Entra roles open at one address."""
        made = (self._opening(given, facts) for given in given_resources(package))
        # Graph lists them in any order: a package whose names say the same must stay the same.
        listed = sorted((each for each in made if each is not None), key=_order)
        found: dict[tuple[OpeningKind, str], Opening] = {}
        for opening in listed:
            found.setdefault((opening.kind, opening.origin_id.casefold()), opening)
        return tuple(found.values())

    def applications(self, packages: Iterable[AccessPackage]) -> set[str]:
        """Return the service principals whose application has to be known for a link."""
        if self._cloud.my_apps_url is None or self._tenant_id is None:
            return set()
        return _ids_of(packages, "aadapplication")

    def groups(self, packages: Iterable[AccessPackage]) -> set[str]:
        """Return the groups whose team has to be known for a link."""
        return _ids_of(packages, "aadgroup") if self._cloud.teams_hosts else set()

    def _opening(self, given: GivenResource, facts: LinkFacts) -> Opening | None:
        if given.is_eligible:
            # Nothing of it opens before the membership is activated.
            return None
        match given.system:
            case "sharepointonline":
                return _made(OpeningKind.SITE, given, self._site(given.origin_id))
            case "aadapplication" if given.origin_id in facts.app_ids:
                url = self._application(given.name, facts.app_ids[given.origin_id])
                return _made(OpeningKind.APP, given, url)
            case "aadgroup" if given.origin_id in facts.team_urls:
                url = self._team(facts.team_urls[given.origin_id])
                return _made(OpeningKind.TEAM, given, url)
            case "aadapplication" | "aadgroup":
                known = facts.before.get(given.origin_id)
                return known and _made(known.kind, given, known.url)
            case "directoryrole":
                # An eligible one is activated there, too.
                return _made(OpeningKind.ENTRA_ROLE, given, self._cloud.admin_center_url)
        return None

    def _site(self, address: str) -> str | None:
        """Return the address of a site of the tenant's, if it is one: its own host, and nothing behind the path."""
        domain = self._cloud.sharepoint_domain
        parts = _split(address)
        if domain is None or parts is None or parts.query or parts.fragment or parts.port:
            return None
        return address if str(parts.hostname).partition(".")[2] == domain else None

    def _application(self, name: str, app_id: str | None) -> str | None:
        """
        Return the link that signs in to an application and opens it.

        Source: Microsoft Entra, "End-user experiences for applications" (direct sign-on links); "Add Google as an
        identity provider", which has the tenant's id behind it.
        """
        root, folded = self._cloud.my_apps_url, (app_id or "").lower()
        shown = " ".join(NOT_IN_NAME.sub(" ", name).split())[:LONGEST_IN_LINK].strip(" .")
        if root is None or self._tenant_id is None or not shown or not WHOLE_GUID.fullmatch(folded):
            return None
        tenant = urlencode({"tenantId": self._tenant_id})
        return f"{root}/signin/{quote(shown, safe='')}/{folded}?{tenant}"

    def _team(self, address: str | None) -> str | None:
        """Return the address of a team as Graph has it; it is opaque, so that only its host is looked at."""
        parts = _split(address or "")
        return address if parts and parts.hostname in self._cloud.teams_hosts else None


def _order(opening: Opening) -> tuple[str, str, str, str]:
    return opening.name.casefold(), opening.name, opening.url, opening.origin_id


def is_web_address(text: str) -> bool:
    """
    Tell whether a text is an address that can be offered as a link.

    https, a host by its name, nobody's name before it, plain characters of ASCII throughout, and not too long.
    """
    return _split(text) is not None


def given_resources(package: AccessPackage) -> list[GivenResource]:
    """Return the resources that a package gives roles of, as far as Graph says which they are."""
    return [found for each in package.resource_role_scopes if (found := _given(each)) is not None]


def _given(given: ResourceRoleScope) -> GivenResource | None:
    role, scope = given.role, given.scope
    resource = role.resource if role else None
    if role is None:
        return None
    # The scope of what is given as a whole is the thing itself; another one is but a part of it.
    whole = scope if scope is not None and scope.is_root_scope is not False else None
    origin_id = (resource and resource.origin_id) or (whole and whole.origin_id)
    system = (
        (resource and resource.origin_system)
        or role.origin_system
        or (scope and scope.origin_system)
        or ""
    )
    if not origin_id:
        return None
    return GivenResource(
        system=system.lower(),
        origin_id=origin_id,
        # The name of a scope is that of a part, or "Root".
        name=(resource and resource.display_name) or "",
        is_eligible=system.lower() == "aadgroup"
        and any(
            (each or "").lower().startswith("eligible")
            for each in (role.display_name, role.origin_id)
        ),
    )


def _ids_of(packages: Iterable[AccessPackage], system: str) -> set[str]:
    return {
        each.origin_id
        for package in packages
        for each in given_resources(package)
        if each.system == system and not each.is_eligible
    }


def _made(kind: OpeningKind, given: GivenResource, url: str | None) -> Opening | None:
    # A site has its address, should nobody have named it.
    name = clean(given.name)[:LONGEST_NAME] or (url if kind is OpeningKind.SITE else None)
    if not url or not name:
        return None
    return Opening(kind=kind, origin_id=given.origin_id, name=name, url=url)


def _split(address: str) -> SplitResult | None:
    """Return the parts of an address that may be a link; None of any other."""
    if len(address) > LONGEST_ADDRESS or not PLAIN.fullmatch(address):
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    is_plain = parts.scheme == "https" and "@" not in parts.netloc and HOST.fullmatch(host)
    return parts if is_plain and len(host) <= LONGEST_HOST and port != 0 else None
