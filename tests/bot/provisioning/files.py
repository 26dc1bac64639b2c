"""Files to test with."""

from pathlib import Path

EXAMPLE = (Path(__file__).resolve().parents[3] / "docs" / "example.yml").read_text("utf-8")

SMALL = """\
people:
  - name: Tess Trial
    email: tess@contoso.example
groups:
  - name: Campaign files
    members: [tess@contoso.example]
catalogs:
  - name: Autumn
    description: The autumn campaign
    packages:
      - name: Autumn Campaign
        description: Its files
        gives: Member of group Campaign files
        not together with: group Security reviewers
        policies:
          - name: Marketing
            may ask: group Marketing
            durations: 30 days
            may extend: yes
"""


def many(*, packages: int, catalogs: int, first: str = "30 days") -> str:
    """
    As many groups as packages; each package gives one of them and has a policy of its own.

    Args:
        first: How long access to the first package lasts; to the others 30 days.
    """
    lines = ["groups:", *(f"  - name: Team {at:03}" for at in range(packages)), "catalogs:"]
    for catalog in range(catalogs):
        lines += [f"  - name: Catalog {catalog}", "    description: One", "    packages:"]
        for at in range(catalog, packages, catalogs):
            lines += [
                f"      - name: Package {at:03}",
                "        description: One",
                f"        gives: group Team {at:03}",
                "        policies:",
                "          - name: Everyone",
                "            description: One",
                f"            may ask: group Team {(at + 3) % packages:03}",
                f"            durations: {first if at == 0 else '30 days'}",
            ]
    return "\n".join([*lines, ""])


def with_policy(*lines: str) -> str:
    """A file with one package in Entra's own catalog, its one policy made of *lines*."""
    body = "\n".join(f"            {line}" for line in lines)
    return (
        "catalogs:\n  - name: General\n    packages:\n      - name: Trial\n        policies:\n"
        f"          - name: Policy\n{body}\n"
    )
