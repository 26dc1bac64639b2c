"""A form to ask for a package, as somebody has filled it in."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.packages.questions import Answers


@dataclass(frozen=True, kw_only=True)
class FilledForm:
    """
    A form to ask for a package, as somebody has filled it in.

    Attributes:
        policy_id: The policy whose questions were answered.
        is_chosen: There were several, and the person chose.
        answers: By question id, as they were given.
        wanted_for: The Slack id of whoever would get the access; None: who asks.
        is_emergency: They want it at once, without an approval.
        sending: What tells the form from every other; whoever sends it once more asks for nothing again.
    """

    slack_user: str
    package_id: str
    policy_id: str | None
    is_chosen: bool = False
    reason: str | None = None
    answers: Answers = field(default_factory=dict)
    start: datetime | None = None
    end: datetime | None = None
    wanted_for: str | None = None
    is_emergency: bool = False
    sending: str | None = None

    @property
    def is_on_behalf(self) -> bool:
        return self.wanted_for not in (None, self.slack_user)
