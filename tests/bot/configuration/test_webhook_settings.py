"""Test what settings of webhooks are refused."""

import pytest
from pydantic import SecretStr

from bot.configuration.webhooks import endpoints

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # pragma: allowlist secret
NONE = None


def problems(addresses: str, secrets: str | None) -> list[str]:
    return endpoints(SecretStr(addresses), SecretStr(secrets) if secrets else None)[1]


def test_two_endpoints_and_a_secret_that_is_being_changed_are_read() -> None:
    """Several secrets of one endpoint all sign."""
    found, wrong = endpoints(
        SecretStr("siem=https://siem.example/a itsm=http://127.0.0.1:9/b"),
        SecretStr(f"siem={KEY}, siem={KEY} itsm={KEY}"),
    )
    assert wrong == []
    assert [(each.name, len(each.secrets)) for each in found] == [("siem", 2), ("itsm", 1)]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("siem=http://siem.example/", "https://"),
        ("siem=http://localhost.evil.example/", "https://"),
        ("siem=ftp://siem.example/", "https://"),
        ("siem=https://", "a host"),
        ("siem=https://siem.example/#x", "#"),
        ("siem=https://siem.example:port/", "must begin"),
        ("https://siem.example/", "pairs"),
        ("Siem=https://siem.example/", "pairs"),
        ("siem=https://a.example/ siem=https://b.example/", "twice"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_not_repeated(
    address: str, says: str
) -> None:
    """It may hold a secret of the receiver's."""
    found = problems(address, f"siem={KEY}")
    assert any(says in each for each in found)
    assert not any(
        "example" in each.replace("siem=https://siem.example/latchkey", "") for each in found
    )


@pytest.mark.parametrize(
    ("secrets", "says"),
    [
        (None, "no secret for siem"),
        ("siem=plain", "whsec_"),
        ("siem=whsec_c2hvcnQ=", "24 to 64"),
        (f"itsm={KEY}", "itsm"),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused(secrets: str | None, says: str) -> None:
    """Nothing is posted unsigned."""
    assert any(says in each for each in problems("siem=https://siem.example/", secrets))
