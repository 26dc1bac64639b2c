"""
Make an example of what a pattern takes, for people: they never read the pattern itself.

What is made is tried on the pattern, so it is right or there is none.
"""

import string
from collections import Counter
from functools import lru_cache
from itertools import product
from typing import Final

from bot.packages.patterns import Node, Pattern

LONGEST_EXAMPLE: Final = 60
MOST_STEPS: Final = 2_000
# How often something is repeated that may be; of choices, which one is taken.
REPETITIONS: Final = (3, 1, 0)
MOST_CHOICES: Final = 3
# In the order in which they are preferred; the next of its kind each time.
KINDS: Final = (string.ascii_lowercase, string.ascii_uppercase, "1234567890", string.punctuation)


class _NoExample(Exception):
    """It would be too long, or have a character that nobody can type."""


@lru_cache(maxsize=512)
def example(pattern: Pattern) -> str | None:
    """Return a short text that the pattern takes, on one line; None if none is found."""
    for choice, repetitions in product(range(MOST_CHOICES), REPETITIONS):
        writer = _Writer(pattern.source, repetitions=repetitions, choice=choice)
        try:
            writer.write(pattern.tree)
        except _NoExample:
            continue
        text = "".join(writer.written)
        # Blanks around an answer are not kept.
        if text and text == text.strip() and pattern.fits(text):
            return text
    return None


class _Writer:
    """Writes a text along the tree of a pattern."""

    def __init__(self, source: str, *, repetitions: int, choice: int) -> None:
        self.written: list[str] = []
        self._literals = "".join(each for each in source if each.isprintable())
        self._repetitions = repetitions
        self._choice = choice
        self._taken: Counter[str] = Counter()
        self._steps = 0

    def write(self, node: Node) -> None:
        """
        Write what *node* takes.

        Raises:
            _NoExample: There is no end of it, or nothing to write.
        """
        self._steps += 1
        if self._steps > MOST_STEPS or len(self.written) > LONGEST_EXAMPLE:
            raise _NoExample
        if node.takes is not None:
            self.written.append(self._character(node))
        elif node.is_choice:
            self.write(node.parts[min(self._choice, len(node.parts) - 1)])
        else:
            for _ in range(self._times(node)):
                for part in node.parts:
                    self.write(part)

    def _times(self, node: Node) -> int:
        times = max(node.least, self._repetitions)
        return times if node.most is None else min(times, node.most)

    def _character(self, node: Node) -> str:
        for kind in (*KINDS, self._literals, " "):
            begin = self._taken[kind] % len(kind) if kind else 0
            for each in kind[begin:] + kind[:begin]:
                if node.takes is not None and node.takes(each):
                    self._taken[kind] += 1
                    return each
        raise _NoExample
