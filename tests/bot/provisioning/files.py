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


def with_policy(*lines: str) -> str:
    """A file with one package in Entra's own catalog, its one policy made of *lines*."""
    body = "\n".join(f"            {line}" for line in lines)
    return (
        "catalogs:\n  - name: General\n    packages:\n      - name: Trial\n        policies:\n"
        f"          - name: Policy\n{body}\n"
    )
