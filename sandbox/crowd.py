"""Made-up colleagues for the large sandbox, the same in Slack and in the tenant."""

from dataclasses import dataclass

DOMAIN = "contoso.example"
_FIRST = (
    *("Ada", "Amir", "Bea", "Chidi", "Clara", "Dmitri", "Elif", "Emeka", "Fatima", "Goran"),
    *("Hana", "Ines", "Ivo", "Jun", "Kofi", "Leila", "Luca", "Mei", "Nils", "Noor"),
    *("Olga", "Pablo", "Priya", "Rosa", "Sami", "Tomas", "Uma", "Viktor", "Yara", "Zoe"),
)
_LAST = (
    *("Adeyemi", "Almeida", "Bauer", "Castillo", "Dubois", "Eriksen", "Farah", "Garcia"),
    *("Haddad", "Ito", "Jansen", "Kaya", "Lindgren", "Mensah", "Novak", "Okafor"),
)
_TEAMS = ("Engineering", "Finance", "Marketing", "People", "Operations", "Legal", "Research")
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Europe/London", "Asia/Tokyo")


@dataclass(frozen=True)
class Colleague:
    """Somebody who works at Contoso."""

    number: int
    name: str
    nickname: str
    team: str
    tz: str

    @property
    def email(self) -> str:
        """Their address, in Slack as in Entra."""
        return f"{self.nickname}@{DOMAIN}"


def crowd(count: int) -> list[Colleague]:
    """Return so many colleagues, always the same ones; at most 480, so that no two share a name."""
    most = len(_FIRST) * len(_LAST)
    if count > most:
        raise ValueError(f"there are names for {most} colleagues only")
    found = []
    for number in range(count):
        # 30 first names and 16 last names, each pair once: the last name moves on with every round.
        first = _FIRST[number % len(_FIRST)]
        last = _LAST[(number + number // len(_FIRST)) % len(_LAST)]
        found.append(
            Colleague(
                number=number,
                name=f"{first} {last}",
                nickname=f"{first}.{last}".lower(),
                team=_TEAMS[number % len(_TEAMS)],
                tz=_ZONES[number % len(_ZONES)],
            )
        )
    return found
