"""The ``latchkey`` command line."""

from typing import Final

import click

from bot.cli.lazy import LazyGroup, Named

COMMANDS: Final = {
    "run": Named("bot.cli.bot:run", "Run the bot."),
    "init": Named("bot.cli.init.command:init", "Ask for the first settings, and write the files."),
    "migrate": Named("bot.cli.bot:migrate", "Bring the database to the newest schema."),
    "doctor": Named("bot.cli.bot:doctor", "Check everything the bot needs."),
    "check-settings": Named(
        "bot.cli.package_settings:check_settings", "Check FILE of package settings."
    ),
    "sandbox": Named("bot.cli.bot:sandbox", "Try everything with no accounts."),
    "pause": Named("bot.cli.guard:pause", "Stop granting, on every replica."),
    "resume": Named("bot.cli.guard:resume", "Grant again after a pause."),
    "audit": Named(
        "bot.cli.audit_log:audit_log",
        "Look into the audit log, and prove that nobody changed it.",
    ),
    "keys": Named("bot.cli.keys:keys", "Make and rotate the key that seals people's tokens."),
    "report": Named(
        "bot.cli.report:report", "Write who has what, what was decided, how fast and why."
    ),
    "forget": Named("bot.cli.forget:forget", "Forget PERSON in every table."),
    "delete-old": Named(
        "bot.cli.delete_old:delete_old", "Delete what is older than the settings keep it."
    ),
    "backup": Named("bot.cli.backup:backup", "Copy the database to FILE, while the bot runs."),
    "restore": Named("bot.cli.backup:restore", "Put the copy FILE in the place of the database."),
    "trace": Named("bot.cli.trace:trace", "Tell the story of one request."),
    "requests": Named(
        "bot.cli.requests:requests_", "List stuck requests, and show, retry or end one."
    ),
    "drift": Named(
        "bot.cli.drift:drift", "Compare what people have in Entra with what was approved."
    ),
    "webhooks": Named(
        "bot.cli.webhooks:webhooks", "Say how far each webhook is, and tell it things once more."
    ),
    "show": Named("bot.cli.show:show", "Show what is in the tenant, as a table, --json or --csv."),
    "request": Named("bot.cli.operate:request", "Grant PERSON the access package PACKAGE."),
    "extend": Named("bot.cli.operate:extend", "Extend the access of PERSON to PACKAGE."),
    "remove": Named("bot.cli.operate:remove", "Remove PACKAGE from PERSON."),
    "tutorial": Named("bot.cli.tutorial:tutorial", "Run Microsoft's tutorial, call by call."),
    "rehearse": Named(
        "bot.cli.rehearsal.command:rehearse",
        "Try in a test tenant what is not verified.",
    ),
    "plan": Named("bot.cli.provision:plan", "Show what apply would do."),
    "apply": Named("bot.cli.provision:apply", "Make the tenant agree with FILE."),
    "destroy": Named("bot.cli.provision:destroy", "Delete what apply made, and nothing else."),
    "import": Named("bot.cli.provision:import_", "Write FILE from the tenant as it is."),
    "test": Named("bot.cli.provision:test", "Run the policy tests in FILE."),
}


@click.group(
    cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="latchkey")
def main() -> None:
    """Time-limited access to Microsoft Entra access packages, asked for and decided in Slack."""


if __name__ == "__main__":
    main()
