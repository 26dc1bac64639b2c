"""List the experiments, in the order in which they are made: what only reads comes first, and last what was heard meanwhile."""

from typing import Final

from bot.cli.rehearsal.asking import ASKING
from bot.cli.rehearsal.deciding import DECIDING
from bot.cli.rehearsal.granting import GRANTING, UNDER_APPROVAL
from bot.cli.rehearsal.looking import LOOKING
from bot.cli.rehearsal.model import Experiment
from bot.cli.rehearsal.pressing import PRESSING
from bot.cli.rehearsal.rarities import RARELY_MADE, RARELY_READ
from bot.cli.rehearsal.reading import HEADERS, READING
from bot.cli.rehearsal.signing_in import REVOKING, SIGNING_IN
from bot.cli.rehearsal.slack import OF_SLACK
from bot.cli.rehearsal.slack_limits import OF_SLACK_LIMITS

EXPERIMENTS: Final[tuple[Experiment, ...]] = (
    *READING,
    *RARELY_READ,
    *OF_SLACK,
    *OF_SLACK_LIMITS,
    *LOOKING,
    *PRESSING,
    *SIGNING_IN,
    *GRANTING,
    *ASKING,
    *RARELY_MADE,
    *DECIDING,
    *UNDER_APPROVAL,
    REVOKING,
    HEADERS,
)
