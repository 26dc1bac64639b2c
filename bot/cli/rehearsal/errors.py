"""The failures of a rehearsal's own calls."""


class NoAnswer(Exception):
    """A call of ours got no answer; ``str(error)`` is the kind of failure, and names nobody."""
