"""Tell whether a policy that is written in the file's words can be read again, and means the same."""

from pydantic import ValidationError

from bot.provisioning.file_format.policy_model import Policy
from bot.provisioning.policy_translation.compare import differing_words
from bot.provisioning.policy_translation.from_graph import in_words
from bot.provisioning.policy_translation.to_graph import to_graph
from bot.same_name import composed
from graph.models import AssignmentPolicy


def lost_in_words(policy: AssignmentPolicy) -> str | None:
    """Say why the policy would read otherwise than it is written, or not at all; None if it would not."""
    try:
        read = Policy.model_validate(in_words(policy, str))
    except ValidationError as error:
        words = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
    else:
        words = differing_words(
            policy, to_graph(read, ids=lambda subject: subject.name, package_id="?")
        )
        if _has_uncomposed_rule(policy):
            words.add("may ask")
        if not words:
            return None
    named = " and ".join(f"“{word}”" for word in sorted(words)) or "all of it"
    return f"what Entra has for {named} would read otherwise in a file"


def _has_uncomposed_rule(policy: AssignmentPolicy) -> bool:
    """Tell whether a rule would be another one in a file, in which a letter and its accent are one character."""
    rules = (each.membership_rule or "" for each in policy.specific_allowed_targets)
    return any(composed(rule) != rule for rule in rules)
