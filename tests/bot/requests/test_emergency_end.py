"""When emergency access ends: never later than by its policy, and never as it begins."""

from datetime import timedelta
from typing import Any

import pytest

from bot import clock
from bot.packages.settings.read import parse_package_settings
from bot.people.identity import Identity
from bot.people.model import Person
from bot.requests.evaluation.emergencies import EmergencyEvaluator
from bot.requests.evaluation.rules import Refused
from graph.models import User
from tests.bot.samples import ANN, policy, terms, wish

HOUR = timedelta(hours=1)
SETTINGS = "packages: {Marketing Campaign: {break_glass: {minutes: 60, review_within: 4h}}}"
WHO = Identity(
    person=Person(slack_user="U0ANN", slack_name="Ann", entra_id=ANN, entra_name="Ann Abara"),
    user=User(id=ANN, mail="ann@contoso.example", user_principal_name="ann@contoso.example"),
)


def until(left):
    return {"type": "afterDateTime", "endDateTime": (clock.now() + left).isoformat()}


async def evaluated(store, expiration):
    """Return for how long an emergency would be given under a policy with that expiration."""
    evaluator = EmergencyEvaluator(
        store=store,
        package_settings=parse_package_settings(SETTINGS, name="latchkey.yml"),
        on_call=None,
    )
    request = wish(entra_id=ANN, emergency=True)
    under = policy(expiration=expiration)
    before = clock.now()
    # Of them it takes only who is on call, and here nobody must be.
    facts: Any = None
    _, end = await evaluator.evaluate(request, WHO, terms(), under, facts)
    return end - before


@pytest.mark.parametrize(
    ("expiration", "least", "most"),
    [
        ({"type": "noExpiration"}, HOUR, HOUR * 1.1),
        ({"type": "afterDuration", "duration": "P30D"}, HOUR, HOUR * 1.1),
        ({"type": "afterDuration", "duration": "PT30M"}, HOUR / 2, HOUR * 0.6),
        (until(HOUR * 24), HOUR, HOUR * 1.1),
    ],
)
async def test_it_ends_by_the_settings_or_by_the_policy(store, expiration, least, most):
    """Whichever is earlier."""
    assert least <= await evaluated(store, expiration) <= most


@pytest.mark.parametrize("left", [timedelta(0), timedelta(microseconds=-1), -HOUR])
async def test_under_a_date_that_passes_while_it_is_looked_at_nothing_is_given(store, left):
    """Eligibility has judged the moment before: access that ends as it begins is none."""
    with pytest.raises(Refused, match="until"):
        await evaluated(store, until(left))


@pytest.mark.parametrize("duration", ["PT0S", "-PT1H"])
async def test_a_length_of_nothing_gives_nothing(store, duration):
    """Eligibility refuses it before, as not understood; here it is refused all the same."""
    with pytest.raises(Refused):
        await evaluated(store, {"type": "afterDuration", "duration": duration})
