"""
Changes that no test could notice, each with the reason: the module means the same with it.

Each is counted by itself, and neither as noticed nor as survived.
"""

from collections.abc import Mapping
from typing import Final

# By module, then by what `make mutants` says of the change.
EQUIVALENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "bot/people/admins.py": dict.fromkeys(
        (
            "Roster.refresh: zip(sorted(named), full, strict=True)  ->  zip(sorted(named), full)",
            "Roster.refresh: True  ->  False",
        ),
        "`a_few_at_once` answers once for each that it is given, so both are of one length.",
    ),
    "bot/approvals/recipients.py": dict.fromkeys(
        (
            "Recipients._ask: return False  ->  return None",
            "Recipients._is_still: return False  ->  return None",
        ),
        "Whoever asks takes the one for the other.",
    ),
    "bot/packages/policy_terms.py": {
        "stage_of: stage.model_extra or {}  ->  stage.model_extra": (
            "A model that keeps unknown fields has a dictionary of them, which may be empty."
        ),
        "terms_of: policy.expiration or Expiration()  ->  policy.expiration": (
            "Where there is none, its kind is none of those of which something is read."
        ),
        **dict.fromkeys(
            (
                "with_sign_ins: zip(terms.stages, asked, strict=True)  ->  zip(terms.stages, asked)",
                "with_sign_ins: True  ->  False",
            ),
            "`stages_with_settings` gives a stage for each that it is given, so both are of one length.",
        ),
    },
    "bot/packages/settings/strictest.py": {
        "strictest: _quorum(one, other)  ->  _quorum(other, one)": (
            "It takes the greater number of each stage, so it does not matter which comes first."
        ),
        (
            "strictest: _break_glass(one.break_glass, other.break_glass)  ->  "
            "_break_glass(other.break_glass, one.break_glass)"
        ): "It takes the lesser limit of each kind; of two kinds of people there is one that is stricter.",
    },
}
