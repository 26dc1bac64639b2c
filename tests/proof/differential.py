"""Many stories, each told to every build of the bot, and how much was compared."""

from collections import Counter

import pytest

from tests.flow.differential import OTHERS, story, tell_all

STORIES = 40
LENGTH = 12
LONGEST_SECONDS = 3_600


@pytest.mark.timeout(LONGEST_SECONDS)
async def test_the_same_comes_of_every_story_whatever_lies_below(
    tmp_path, certificate, postgresql, capsys
):
    """Seeds from 1 on."""
    verbs: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    for seed in range(1, STORIES + 1):
        for step in await tell_all(story(seed, length=LENGTH), tmp_path, certificate, postgresql):
            for row in map(dict, step):
                verbs[row.get("verb", "deed")] += 1
                ends[row.get("after") or ""] += 1
    with capsys.disabled():
        print(  # noqa: T201 (a report)
            f"\n{STORIES} stories of {LENGTH} deeds, each told {1 + len(OTHERS)} times; "
            f"{sum(verbs.values()) - verbs['deed']:,} audit rows alike\n"
            f"by verb: {dict(sorted(verbs.items()))}\nby state: {dict(sorted(ends.items()))}"
        )
