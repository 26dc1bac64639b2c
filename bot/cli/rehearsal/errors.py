"""The reasons why an experiment comes to nothing."""


class NoAnswer(Exception):
    """A call of ours got no answer; ``str(error)`` is the kind of failure, and names nobody."""


class NotPossible(Exception):
    """The experiment cannot be made here; ``str(error)`` says what it takes."""


class StillWaits(Exception):
    """A request waits for an approval and could not be ended; ``str(error)`` is what Graph said."""
