"""What people type who ask for somebody else: whose name is read, and what is a part of the reason."""

import pytest

from bot.packages.whom import AskedForOther, asked_for_other

CY = "<@U0CY|cy>"


@pytest.mark.parametrize(
    ("typed", "name", "user", "reason"),
    [
        (f"finance-reports for {CY}", "finance-reports", "U0CY", None),
        (f"Finance Reports for {CY} because Q4", "Finance Reports", "U0CY", "Q4"),
        (f"finance-reports for {CY}, Q4", "finance-reports", "U0CY", "Q4"),
        (f"finance-reports for {CY} who closes it", "finance-reports", "U0CY", "who closes it"),
        (f"{CY} finance-reports: Q4", "finance-reports", "U0CY", "Q4"),
        (f"for {CY} finance-reports", "finance-reports", "U0CY", None),
        ("finance-reports for <@U0CY>", "finance-reports", "U0CY", None),
        ("finance-reports for @cy", "finance-reports", None, None),
        ("finance-reports for @Cy Chen - Q4", "finance-reports", None, "Q4"),
        ("finance-reports FOR @cy", "finance-reports", None, None),
    ],
)
def test_another_person_is_read_from_a_name(typed, name, user, reason):
    """With the id, where Slack sends one; of a name in several words the reason begins at its sign."""
    assert asked_for_other(typed) == AskedForOther(name=name, user=user, reason=reason)


@pytest.mark.parametrize(
    "typed",
    [
        "finance-reports",
        "finance-reports for the audit",
        f"finance-reports because I do it for {CY}",
        f"finance-reports, for {CY}",
        f"finance-reports: asked for {CY}",
        "finance-reports because of cy@contoso.example",
        "",
        "@",
    ],
)
def test_somebody_in_the_reason_is_not_whom_it_is_for(typed):
    """Nobody is asked for whom the reason only mentions."""
    assert asked_for_other(typed) is None
