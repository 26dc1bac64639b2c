"""The blocks of a package settings file, as pydantic models: what may stand in it, and where."""

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WrapValidator,
    model_validator,
)

from bot.packages.settings.model import BreakGlassPeople
from bot.packages.settings.values import (
    Approval,
    AuthContext,
    Channel,
    Decides,
    DisplayName,
    Hint,
    Hours,
    Length,
    Note,
    Opens,
    Owner,
    Quorum,
    ReasonPattern,
    ReminderTimes,
    RequiredLength,
    Weekly,
    unless_none,
)


class Block(BaseModel):
    """A block of the file; unknown words are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class QuietHoursBlock(Block):
    """The hours of a day in which nobody is nudged, by the reader's own clock, and whether weekends are among them."""

    hours: Hours | None = Field(default=None, description="Such as “20:00-07:00”.")
    weekends: bool = Field(default=False, description="Saturday and Sunday are quiet as well.")

    @model_validator(mode="after")
    def _says_when(self) -> "QuietHoursBlock":
        if self.hours is None and not self.weekends:
            raise ValueError(
                "This says no time; write “hours: 20:00-07:00”, “weekends: true”, or both."
            )
        return self


class BreakGlassBlock(Block):
    """Access at once, with a review afterwards."""

    minutes: int = Field(ge=5, le=10_080, description="How long the access lasts.")
    review_within: RequiredLength = Field(
        description="How soon somebody else must close the review."
    )
    people: BreakGlassPeople = Field(
        default=BreakGlassPeople.IN_POLICY,
        description="Who may: everyone whom the policy lets ask, or those who are on call.",
    )
    most_a_week: int = Field(
        default=3, ge=1, le=100, description="How often one person may have it in seven days."
    )


def _as_quiet_hours(value: Any) -> Any:
    return {"hours": value} if isinstance(value, str) else value


QuietHoursValue = Annotated[
    QuietHoursBlock | None,
    BeforeValidator(_as_quiet_hours),
    WrapValidator(unless_none),
]
BreakGlassValue = Annotated[BreakGlassBlock | None, WrapValidator(unless_none)]


class SettingsBlock(Block):
    """The settings that all packages, a catalog and a package may have."""

    channel: Channel = Field(default=None, description="The Slack channel for approval cards.")
    quorum: Quorum = Field(
        default=None,
        description="How many different people must approve: one number for every stage, or one for each.",
    )
    nudge_after: Length = Field(
        default=None, description="Nudge those who have not decided after so long."
    )
    nudge_before_deadline: Length = Field(
        default=None, description="Nudge them so long before the stage's deadline."
    )
    escalate_after: Length = Field(
        default=None, description="Escalate a stage that nobody has decided after so long."
    )
    quiet_hours: QuietHoursValue = Field(
        default=None, description="When nobody is nudged, by the reader's own clock."
    )
    reason_pattern: ReasonPattern = Field(
        default=None, description="A regular expression that a reason must contain."
    )
    reason_hint: Hint | None = Field(
        default=None, description="A sentence that says what a reason must contain."
    )
    delivery_note: Note = Field(
        default=None, description="A sentence that is added to “You now have access”."
    )
    open: Opens = Field(
        default="resources",
        description=(
            "What people who have it can open: “resources” for the links of what it gives, an https address instead of "
            "them, or “none”."
        ),
    )
    owner: Owner = Field(
        default=None, description="The Slack user or channel that gets the digest."
    )
    digest: Weekly = Field(
        default=None, description="When the owner gets the digest, by their own clock."
    )
    reminders: ReminderTimes = Field(
        default=None,
        description="How long before the end to remind: lengths, or shares of the duration.",
    )

    approval: Approval = Field(
        default=None,
        description="“fresh sign-in”: whoever approves signs in to Microsoft for that approval.",
    )
    auth_context: AuthContext = Field(
        default=None,
        description="The authentication context of Entra's that this sign-in must satisfy.",
    )
    decides: Decides = Field(
        default="latchkey",
        description=(
            "“entra”: people ask and approve in Entra in their own name; “latchkey”: Latchkey decides and grants."
        ),
    )

    @model_validator(mode="after")
    def _hint_belongs_to_pattern(self) -> "SettingsBlock":
        if self.reason_pattern is not None and self.reason_hint is None:
            raise ValueError(
                "“reason_pattern” needs a “reason_hint” beside it: a sentence that tells people what to write, such as "
                "“Name a ticket, such as CHG-1234.”"
            )
        if self.reason_hint is not None and self.reason_pattern is None:
            raise ValueError("“reason_hint” says nothing without a “reason_pattern” beside it.")
        return self


class PolicyBlock(Block):
    """The settings of one policy of a package."""

    channel: Channel = Field(default=None, description="The Slack channel for approval cards.")


class PackageBlock(SettingsBlock):
    """The settings of one package."""

    break_glass: BreakGlassValue = Field(
        default=None, description="Access at once, with a review afterwards."
    )
    policies: dict[DisplayName, PolicyBlock] = Field(
        default={}, description="By the display name of the policy, as in Entra."
    )


class SettingsFile(Block):
    """The file as a whole."""

    defaults: SettingsBlock = Field(
        default=SettingsBlock(), description="What holds where nothing nearer says otherwise."
    )
    catalogs: dict[DisplayName, SettingsBlock] = Field(
        default={}, description="By the display name of the catalog, as in Entra."
    )
    packages: dict[DisplayName, PackageBlock] = Field(
        default={},
        description="By the display name of the package, as in Entra; “Name (Catalog)” where several have it.",
    )
