"""
Microsoft's clouds: where each one's Graph and login are.

Source: Microsoft Graph, "National cloud deployments"; Microsoft 365, "URLs and IP address ranges", for sites and teams.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Cloud:
    """
    One cloud.

    Attributes:
        name: As people call it.
        graph_url: The Graph root.
        authority_host: Where its tenants sign in.
        my_access_url: Where people ask and decide themselves; None: it is not known.
        my_apps_url: Where people open applications, see "End-user experiences for applications"; None: it is not known.
        admin_center_url: Where people use an Entra role; None: it is not known.
        sharepoint_domain: In which its tenants have their sites.
        teams_hosts: Of the links to its teams.
    """

    name: str
    graph_url: str
    authority_host: str
    my_access_url: str | None = None
    my_apps_url: str | None = None
    admin_center_url: str | None = None
    sharepoint_domain: str | None = None
    teams_hosts: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        """The scope that an app asks the login for; it names the same cloud's Graph."""
        return f"{self.graph_url}/.default"


GLOBAL: Final = Cloud(
    "global",
    "https://graph.microsoft.com",
    "https://login.microsoftonline.com",
    my_access_url="https://myaccess.microsoft.com",
    my_apps_url="https://myapps.microsoft.com",
    admin_center_url="https://entra.microsoft.com",
    sharepoint_domain="sharepoint.com",
    teams_hosts=("teams.microsoft.com", "teams.cloud.microsoft"),
)
CLOUDS: Final = (
    GLOBAL,
    Cloud(
        "US Government L4",
        "https://graph.microsoft.us",
        "https://login.microsoftonline.us",
        my_access_url="https://myaccess.microsoft.us",
        admin_center_url="https://entra.microsoft.us",
        sharepoint_domain="sharepoint.us",
        teams_hosts=("gov.teams.microsoft.us",),
    ),
    Cloud(
        "US Government L5 (DOD)",
        "https://dod-graph.microsoft.us",
        "https://login.microsoftonline.us",
        my_access_url="https://myaccess.microsoft.us",
        sharepoint_domain="sharepoint-mil.us",
        teams_hosts=("dod.teams.microsoft.us",),
    ),
    Cloud(
        "China (21Vianet)",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://login.chinacloudapi.cn",
        sharepoint_domain="sharepoint.cn",
        teams_hosts=("teams.microsoftonline.cn",),
    ),
)


def cloud_of(graph_url: str) -> Cloud | None:
    """The cloud whose Graph this is; None for a stand-in, or a cloud we do not know."""
    return next((cloud for cloud in CLOUDS if cloud.graph_url == graph_url.rstrip("/")), None)


def links_of(graph_url: str) -> Cloud:
    """Return the cloud whose portals people open; the global one where we do not know whose Graph this is."""
    return cloud_of(graph_url) or GLOBAL


def my_access_of(graph_url: str) -> str | None:
    """Return where My Access is in the cloud whose Graph this is; the global one's for a cloud that we do not know."""
    return links_of(graph_url).my_access_url
