"""The choices of an installation: its place, its way to Slack, and its credential for Entra."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from graph.clouds import CLOUDS, GLOBAL, Cloud


class Target(StrEnum):
    """The place of an installation: the program that runs the bot."""

    HERE = "here"
    SYSTEMD = "systemd"
    COMPOSE = "compose"
    KUBERNETES = "kubernetes"


class SlackMode(StrEnum):
    """The transport of Slack's requests."""

    SOCKET = "socket"
    HTTP = "http"


class CredentialKind(StrEnum):
    """The kind of credential that Latchkey signs in to Entra with."""

    CERTIFICATE = "certificate"
    WORKLOAD = "workload-identity"
    MANAGED = "managed-identity"
    SECRET = "secret"  # noqa: S105


# As people call them at the command line.
CLOUD_NAMES: Final[Mapping[str, Cloud]] = {
    "global": GLOBAL,
    "us-l4": CLOUDS[1],
    "us-l5": CLOUDS[2],
    "china": CLOUDS[3],
}
# Containers have a secret in a file each; otherwise the file of settings holds them.
IN_FILES: Final = frozenset({Target.COMPOSE, Target.KUBERNETES})


@dataclass(frozen=True, kw_only=True)
class InstallationPlan:
    """
    The choices of an installation.

    Attributes:
        public_url: Where Slack reaches the bot over HTTP: ``https://`` and a host; None in Socket Mode.
        namespace: Of Kubernetes.
        issuer: Of the cluster's tokens, for workload identity; None if nobody has said it.
    """

    target: Target
    slack: SlackMode
    identity: CredentialKind
    cloud: Cloud = GLOBAL
    public_url: str | None = None
    namespace: str = "latchkey"
    issuer: str | None = None

    @property
    def has_secret_files(self) -> bool:
        """Tell whether each secret is a file of its own."""
        return self.target in IN_FILES

    @property
    def certificate_path(self) -> str:
        """Return the path at which the bot reads the certificate with its key."""
        return {
            Target.HERE: "latchkey.pem",
            Target.SYSTEMD: "/etc/latchkey/latchkey.pem",
            Target.COMPOSE: "/run/secrets/entra-certificate",
            Target.KUBERNETES: "/etc/latchkey/secrets/entra-certificate",
        }[self.target]

    @property
    def certificate_made_at(self) -> str:
        """Return the path at which the commands for Entra write it, relative to the folder of the files."""
        return "secrets/entra-certificate" if self.has_secret_files else "latchkey.pem"

    @property
    def settings_file(self) -> str:
        """The name of the file of settings."""
        return ".env" if self.target is Target.HERE else "latchkey.env"
