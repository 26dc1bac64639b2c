"""A stand-in for Slack: a workspace in memory that speaks the real protocols to a real app."""

from sandbox.slack.faults import FAULTS, Faults
from sandbox.slack.model import (
    SLACKBOT,
    Call,
    Change,
    Channel,
    Delivery,
    Message,
    Outcome,
    Person,
    Shortcut,
    SlashCommand,
    Suggestions,
    UploadedFile,
    UserGroup,
    View,
)
from sandbox.slack.workspace import Workspace

__all__ = [
    "FAULTS",
    "SLACKBOT",
    "Call",
    "Change",
    "Channel",
    "Delivery",
    "Faults",
    "Message",
    "Outcome",
    "Person",
    "Shortcut",
    "SlashCommand",
    "Suggestions",
    "UploadedFile",
    "UserGroup",
    "View",
    "Workspace",
]
