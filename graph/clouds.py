"""
Microsoft's clouds: where each one's Graph and login are.

Source: Microsoft Graph, "National cloud deployments".
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
    """

    name: str
    graph_url: str
    authority_host: str
    my_access_url: str | None = None

    @property
    def scope(self) -> str:
        """The scope that an app asks the login for; it names the same cloud's Graph."""
        return f"{self.graph_url}/.default"


GLOBAL: Final = Cloud(
    "global",
    "https://graph.microsoft.com",
    "https://login.microsoftonline.com",
    "https://myaccess.microsoft.com",
)
CLOUDS: Final = (
    GLOBAL,
    Cloud(
        "US Government L4",
        "https://graph.microsoft.us",
        "https://login.microsoftonline.us",
        "https://myaccess.microsoft.us",
    ),
    Cloud(
        "US Government L5 (DOD)",
        "https://dod-graph.microsoft.us",
        "https://login.microsoftonline.us",
        "https://myaccess.microsoft.us",
    ),
    Cloud(
        "China (21Vianet)",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://login.chinacloudapi.cn",
    ),
)


def cloud_of(graph_url: str) -> Cloud | None:
    """The cloud whose Graph this is; None for a stand-in, or a cloud we do not know."""
    return next((cloud for cloud in CLOUDS if cloud.graph_url == graph_url.rstrip("/")), None)


def my_access_of(graph_url: str) -> str | None:
    """Return where My Access is in the cloud whose Graph this is; the global one's for a cloud that we do not know."""
    return (cloud_of(graph_url) or GLOBAL).my_access_url
