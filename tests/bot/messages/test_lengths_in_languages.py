"""Every screen fits Slack's limits in every language that there is a catalog for."""

import pytest

from bot.words import ENGLISH, speaking
from bot.words.catalogs import LANGUAGES
from tests.bot.messages.test_extremes import screens
from tests.slack_limits.limits import Limits, load_second
from tests.slack_limits.plugin import CHECKER


@pytest.mark.cases(1)
@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != ENGLISH])
def test_every_screen_is_within_slacks_limits_in_every_language(language):
    """Titles, buttons and options are the short ones."""
    limits = Limits(load_second(CHECKER))
    with speaking(language):
        made = screens.__wrapped__("markup")
    wrong = []
    for label, said in made.items():
        if "option_groups" in said:
            found = limits.of_answer(said)
        else:
            found = limits.of_view(said) if "type" in said else limits.of_message(said)
        wrong += [f"{label}: {problem}"[:300] for problem in found[:1]]
    assert not wrong, "\n".join(wrong)
