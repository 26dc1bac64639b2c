"""Take rules for membership as they are: the file writes them out, and nobody looks them up."""

from bot.provisioning.names.base import NameKind


class RuleNameKind(NameKind):
    """Rules; each is its own id."""

    words = ("rule",)

    def id_written(self, name: str) -> str | None:
        return name
