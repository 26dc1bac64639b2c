"""Rules for membership, which the file writes out and nobody looks up."""

from bot.provisioning.names.base import NameKind


class RuleNameKind(NameKind):
    """Rules; each is its own id."""

    words = ("rule",)

    def id_written(self, name: str) -> str | None:
        return name
