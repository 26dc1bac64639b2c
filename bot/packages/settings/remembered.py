"""Read entries of a package settings file that are not in it any more, and still hold."""

import json
from functools import lru_cache
from typing import Any, TypeVar, cast

import structlog
from pydantic import ValidationError

from bot.packages.settings.blocks import SettingsBlock

log = structlog.get_logger(__name__)

BlockKind = TypeVar("BlockKind", bound=SettingsBlock)


def remembered_block(kind: type[BlockKind], words: Any) -> BlockKind:
    """Return what an entry said; words that mean nothing any more since an update are left out, and the log says so."""
    return cast(BlockKind, _read(kind, json.dumps(words, sort_keys=True)))


@lru_cache(maxsize=1_000)
def _read(kind: type[SettingsBlock], text: str) -> SettingsBlock:
    words = json.loads(text)
    while True:
        try:
            return kind.model_validate(words)
        except ValidationError as error:
            wrong = {each["loc"][0] for each in error.errors() if each["loc"]}
            log.error("remembered-settings-not-read", said=sorted(map(str, wrong)))
            # A hint and its pattern belong together, which is wrong about no word in particular.
            wrong |= {"reason_pattern", "reason_hint"} if not wrong & words.keys() else set()
            if not wrong & words.keys():
                return kind()
            words = {name: value for name, value in words.items() if name not in wrong}
