"""What people type who ask for somebody else: whose name is read, and what is a part of the reason."""

import pytest

from bot.packages.whom import asked_for_other, without_mention_of

CY = "<@U0CY|cy>"


@pytest.mark.parametrize(
    ("typed", "name", "user", "reason"),
    [
        (f"finance-reports for {CY}", "finance-reports", "U0CY", None),
        (f"Finance Reports for {CY} because Q4", "Finance Reports", "U0CY", "Q4"),
        (f"finance-reports for {CY}, Q4", "finance-reports", "U0CY", "Q4"),
        (f"finance-reports for {CY} who closes it", "finance-reports", "U0CY", "who closes it"),
        (f"A - B for {CY} to close it - Q4", "A - B", "U0CY", "to close it - Q4"),
        ("finance-reports for <@U0CY>", "finance-reports", "U0CY", None),
        ("finance-reports for @cy", "finance-reports", None, None),
        ("finance-reports for @cy who closes Q4", "finance-reports", None, "who closes Q4"),
        ("finance-reports for @cy to close it - Q4", "finance-reports", None, "to close it - Q4"),
        ("finance-reports for @cy, Quarter End: Q4", "finance-reports", None, "Quarter End: Q4"),
        ("finance-reports for @cy, because Q4", "finance-reports", None, "Q4"),
        ("finance-reports for @Cy Chen - Q4", "finance-reports", None, "Q4"),
        ("finance-reports for @Cy Chen because Q4", "finance-reports", None, "Q4"),
        ("finance-reports FOR @cy", "finance-reports", None, None),
    ],
)
def test_another_person_is_read_behind_a_name(typed, name, user, reason):
    """With the id, where Slack sends one; all that stands behind is the reason, but for the rest of their name."""
    found = asked_for_other(typed)
    assert found is not None
    assert (found.name, found.user, found.reason) == (name, user, reason)
    assert not found.is_first


@pytest.mark.parametrize(
    ("typed", "name", "user"),
    [
        (f"{CY} finance-reports: Q4", "finance-reports: Q4", "U0CY"),
        (f"for {CY} finance-reports", "finance-reports", "U0CY"),
        (f"{CY}: finance-reports for the audit", "finance-reports for the audit", "U0CY"),
        ("@cy finance-reports", "finance-reports", None),
    ],
)
def test_a_person_at_first_leaves_the_rest_to_the_packages(typed, name, user):
    """They tell where the name ends and the reason begins, by the same rules as always."""
    found = asked_for_other(typed)
    assert found is not None
    assert (found.name, found.user, found.is_first) == (name, user, True)


@pytest.mark.parametrize(
    "typed",
    [
        "finance-reports",
        "finance-reports for the audit",
        "finance-reports because for @cy",
        f"finance-reports, for {CY}",
        f"finance-reports. For {CY}",
        f"finance-reports: for {CY}",
        f"finance-reports - for {CY}",
        "finance-reports because of cy@contoso.example",
        "",
        "@",
    ],
)
def test_somebody_behind_a_sign_is_not_whom_it_is_for(typed):
    """Nobody is asked for whom the reason only mentions."""
    assert asked_for_other(typed) is None


def test_what_is_written_to_the_bot_may_begin_with_it():
    """Any other mention stays, and that of the bot elsewhere."""
    for typed in (f"{CY} finance-reports: Q4", f"{CY}, finance-reports: Q4"):
        assert without_mention_of("U0CY", typed) == "finance-reports: Q4"
        assert without_mention_of("U0BOT", typed) == typed
        assert without_mention_of(None, typed) == typed
    assert without_mention_of("U0CY", f"finance for {CY}") == f"finance for {CY}"
