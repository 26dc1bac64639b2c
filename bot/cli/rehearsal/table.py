"""List the experiments, in the order in which they are made: what only reads comes first, and last what was heard meanwhile."""

from typing import Final

from bot.cli.rehearsal.granting import GRANTING
from bot.cli.rehearsal.model import Experiment
from bot.cli.rehearsal.reading import HEADERS, READING
from bot.cli.rehearsal.slack import OF_SLACK

EXPERIMENTS: Final[tuple[Experiment, ...]] = (*READING, *OF_SLACK, *GRANTING, HEADERS)
