"""Match e-mail addresses of Slack and Entra: domains that count, and their aliases."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graph.values import folded_address


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """
    The comparison of an address in Slack with one in Entra.

    Attributes:
        domains: Those that count, in lower case; empty: every one does.
        aliases: Domains that stand for another one, in lower case: what Slack has, and what Entra has for it.
        with_proxies: Whether Entra's proxy addresses count as well.
    """

    domains: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    with_proxies: bool = False

    def in_entra(self, address: str) -> tuple[str, ...]:
        """Return the spellings that Entra may have of an address in Slack; none if its domain does not count."""
        spelled = self.spellings(address)
        domains = {_parts(each)[1] for each in spelled}
        return spelled if not self.domains or self.domains & domains else ()

    def spellings(self, address: str) -> tuple[str, ...]:
        """The same, whether or not its domain counts; nothing if it is no address."""
        name, domain = _parts(address)
        if not name or not domain:
            return ()
        own = self.aliases.get(domain)
        return (address, f"{name}@{own}") if own else (address,)

    def in_slack(self, address: str) -> tuple[str, ...]:
        """Return the spellings that Slack may have of an address in Entra."""
        name, domain = _parts(address)
        older = [f"{name}@{old}" for old, new in self.aliases.items() if new == domain]
        return tuple(each for each in dict.fromkeys((address, *older)) if self.in_entra(each))


def same_address(one: str | None, other: str | None) -> bool:
    """Compare two addresses, whatever the case of their letters; who has none has nobody's."""
    if not one or not other:
        return False
    return folded_address(one) == folded_address(other)


def _parts(address: str) -> tuple[str, str]:
    name, _, domain = address.rpartition("@")
    return name, folded_address(domain)
