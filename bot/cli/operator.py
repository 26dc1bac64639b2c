"""Know the operator at the command line: the name that the audit log and Entra keep of what they do."""

import getpass
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.configuration.settings import LONGEST_OPERATOR
from bot.database.audit_log.audit import OPERATOR
from bot.packages.names import clean

if sys.platform != "win32":
    import pwd


@dataclass(frozen=True, kw_only=True)
class Operator:
    """
    Whoever has the rights of this process.

    Attributes:
        name: LATCHKEY_OPERATOR, or else the beginning of the operating system's user.
        os_user: By the user id that the process runs with, not by a variable that anybody can set.
        sudo_user: Who became that user with sudo, as sudo says.
    """

    name: str
    os_user: str
    host: str
    sudo_user: str | None = None

    @property
    def actor(self) -> str:
        """Return their name in the audit log."""
        return f"{OPERATOR}{self.name}"

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what the details of a row of the audit log say of the operator."""
        known = {"os_user": self.os_user, "host": self.host, "sudo_user": self.sudo_user}
        return {"where": "command line", **{name: each for name, each in known.items() if each}}

    def justification(self, because: str | None) -> str:
        """
        Return what Entra keeps as the reason, with a name in it.

        The bot knows its own requests by “[latchkey …]”: nobody's words may look like that.
        """
        words = clean(because or "Done by an administrator.").replace("[latchkey", "(latchkey")
        return f"{words} [latchkey-cli {self.name}]"


def at_the_command_line(name: str | None) -> Operator:
    """
    Return the one who runs this process.

    Args:
        name: What LATCHKEY_OPERATOR says.
    """
    os_user = _os_user()
    return Operator(
        name=_harmless(name or os_user)[:LONGEST_OPERATOR] or "unknown",
        os_user=os_user,
        host=clean(socket.gethostname()),
        sudo_user=clean(os.environ.get("SUDO_USER", "")) or None,
    )


def _os_user() -> str:
    if sys.platform == "win32":
        return clean(getpass.getuser())
    number = os.getuid()
    try:
        return clean(pwd.getpwuid(number).pw_name)
    except KeyError:
        # A container may run as a user that nobody has named.
        return f"uid {number}"


def _harmless(name: str) -> str:
    return clean(name).replace("[", "(").replace("]", ")").strip()
