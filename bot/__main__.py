"""The ``latchkey`` command line."""

from typing import Final

import click

from bot.commands.lazy import LazyGroup, Named

COMMANDS: Final = {
    "run": Named("bot.commands.bot:run", "Run the bot."),
    "migrate": Named("bot.commands.bot:migrate", "Bring the database to the newest schema."),
    "doctor": Named("bot.commands.bot:doctor", "Check everything the bot needs."),
    "sandbox": Named("bot.commands.bot:sandbox", "Try everything with no accounts."),
    "pause": Named("bot.commands.guard:pause", "Stop granting, on every replica."),
    "resume": Named("bot.commands.guard:resume", "Grant again after a pause."),
    "audit": Named(
        "bot.commands.guard:audit_log",
        "Look into the audit log, and prove that nobody changed it.",
    ),
    "backup": Named("bot.commands.backup:backup", "Copy the database to FILE, while the bot runs."),
    "restore": Named(
        "bot.commands.backup:restore", "Put the copy FILE in the place of the database."
    ),
    "show": Named(
        "bot.commands.show:show", "Show what is in the tenant, as a table, --json or --csv."
    ),
    "request": Named("bot.commands.operate:request", "Give PERSON the access package PACKAGE."),
    "extend": Named("bot.commands.operate:extend", "Let PERSON keep PACKAGE longer."),
    "remove": Named("bot.commands.operate:remove", "Take PACKAGE away from PERSON."),
    "tutorial": Named("bot.commands.tutorial:tutorial", "Run Microsoft's tutorial, call by call."),
    "plan": Named("bot.commands.provision:plan", "Show what apply would do."),
    "apply": Named("bot.commands.provision:apply", "Make the tenant agree with FILE."),
    "destroy": Named(
        "bot.commands.provision:destroy", "Take away what apply made, and nothing else."
    ),
    "import": Named("bot.commands.provision:import_", "Write FILE from the tenant as it is."),
    "test": Named("bot.commands.provision:test", "Run the policy tests in FILE."),
}


@click.group(
    cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="latchkey")
def main() -> None:
    """Time-limited access to Microsoft Entra access packages, asked for and decided in Slack."""


if __name__ == "__main__":
    main()
