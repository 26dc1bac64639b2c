"""Say what is missing where a command needs the sandbox, and the installation has none."""

from bot.cli.connection import Stop


def needs_sandbox(what: str, missing: ModuleNotFoundError) -> Stop:
    """
    Return the end of a command that needs the sandbox.

    Args:
        what: What needs it, at the beginning of a sentence.
        missing: The module that is not there.
    """
    name = (missing.name or "").partition(".")[0]
    if name == "sandbox":
        return Stop(
            f"{what} needs the sandbox, which is left out of this installation, as in the container image: use a "
            "checkout (`make try`), or the wheel with latchkey[sandbox]."
        )
    return Stop(
        f"{what} needs {name or 'a library'}, which is not installed: pip install 'latchkey[sandbox]'."
    )
