"""`latchkey show`: every subject, in every form, in both of Graph's versions."""

import csv
import io
import json

import pytest

from bot.commands.show import show
from sandbox.tenant import seed

SUBJECTS = {
    "catalogs": [],
    "resources": [],
    "roles": [],
    "environments": [],
    "packages": [],
    "policies": [],
    "requests": [],
    "assignments": [],
    "members": ["Marketing"],
    "people": ["ann@contoso.example"],
}


def rows(latchkey, *arguments):
    result = latchkey(show, [*arguments, "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_x(latchkey, subject):
    r = latchkey(show, [subject, *SUBJECTS[subject]])
    print(r.output)
    print(latchkey(show, [subject, *SUBJECTS[subject], "--json"]).output)
    print(latchkey(show, [subject, *SUBJECTS[subject], "--csv"]).output)
    assert r.exit_code == 0
