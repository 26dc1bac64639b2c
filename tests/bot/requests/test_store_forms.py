"""Test what somebody said before their form opened: theirs alone, and not for long."""

from datetime import timedelta

from bot.requests.store import forms
from tests.bot.moments import at
from tests.bot.samples import SOME_DAY


async def test_what_was_said_is_found_by_whoever_said_it(store):
    """And by nobody else, whatever id they send."""
    form_id = await store.run(forms.keep, "U0ANN", "campaign", "I run the launch")

    found = await store.run(forms.find, form_id, "U0ANN")

    assert (found.package_id, found.reason) == ("campaign", "I run the launch")
    assert await store.run(forms.find, form_id, "U0BO") is None
    assert await store.run(forms.find, "campaign", "U0ANN") is None


async def test_what_was_said_is_forgotten_after_two_days(store):
    """The answer to the command is gone from Slack by then."""
    with at(SOME_DAY):
        form_id = await store.run(forms.keep, "U0ANN", "campaign", None)
        await store.run(forms.forget_old)
        assert await store.run(forms.find, form_id, "U0ANN")
    with at(SOME_DAY + timedelta(days=3)):
        await store.run(forms.forget_old)
        assert await store.run(forms.find, form_id, "U0ANN") is None
