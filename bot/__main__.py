"""The ``latchkey`` command line."""

from typing import Final

import click

from bot.cli.lazy import LazyGroup, Named

COMMANDS: Final = {
    "run": Named("bot.cli.operations.bot:run", "Run the bot."),
    "init": Named("bot.cli.init.command:init", "Ask for the first settings, and write the files."),
    "migrate": Named("bot.cli.operations.bot:migrate", "Bring the database to the newest schema."),
    "doctor": Named("bot.cli.operations.bot:doctor", "Check everything the bot needs."),
    "check-settings": Named(
        "bot.cli.operations.package_settings:check_settings", "Check FILE of package settings."
    ),
    "sandbox": Named("bot.cli.operations.bot:sandbox", "Try everything with no accounts."),
    "pause": Named("bot.cli.operations.guard:pause", "Stop granting, on every replica."),
    "resume": Named("bot.cli.operations.guard:resume", "Grant again after a pause."),
    "audit": Named(
        "bot.cli.audit.audit_log:audit_log",
        "Look into the audit log, and prove that nobody changed it.",
    ),
    "keys": Named(
        "bot.cli.operations.keys:keys", "Make and rotate the key that seals people's tokens."
    ),
    "report": Named(
        "bot.cli.audit.report:report", "Write who has what, what was decided, how fast and why."
    ),
    "forget": Named("bot.cli.operations.forget:forget", "Forget PERSON in every table."),
    "delete-old": Named(
        "bot.cli.operations.delete_old:delete_old",
        "Delete what is older than the settings keep it.",
    ),
    "backup": Named(
        "bot.cli.operations.backup:backup", "Copy the database to FILE, while the bot runs."
    ),
    "restore": Named(
        "bot.cli.operations.backup:restore", "Put the copy FILE in the place of the database."
    ),
    "trace": Named("bot.cli.operations.trace:trace", "Tell the story of one request."),
    "requests": Named(
        "bot.cli.operations.requests:requests_", "List stuck requests, and show, retry or end one."
    ),
    "drift": Named(
        "bot.cli.operations.drift:drift",
        "Compare what people have in Entra with what was approved.",
    ),
    "webhooks": Named(
        "bot.cli.operations.webhooks:webhooks",
        "Say how far each webhook is, and tell it things once more.",
    ),
    "show": Named(
        "bot.cli.tenant.show:show", "Show what is in the tenant, as a table, --json or --csv."
    ),
    "request": Named("bot.cli.access.operate:request", "Grant PERSON the access package PACKAGE."),
    "extend": Named("bot.cli.access.operate:extend", "Extend the access of PERSON to PACKAGE."),
    "remove": Named("bot.cli.access.operate:remove", "Remove PACKAGE from PERSON."),
    "tutorial": Named(
        "bot.cli.tenant.tutorial:tutorial", "Run Microsoft's tutorial, call by call."
    ),
    "rehearse": Named(
        "bot.cli.rehearsal.command:rehearse",
        "Try in a test tenant what is not verified.",
    ),
    "plan": Named("bot.cli.tenant.provision:plan", "Show what apply would do."),
    "apply": Named("bot.cli.tenant.provision:apply", "Make the tenant agree with FILE."),
    "destroy": Named(
        "bot.cli.tenant.provision:destroy", "Delete what apply made, and nothing else."
    ),
    "import": Named("bot.cli.tenant.provision:import_", "Write FILE from the tenant as it is."),
    "test": Named("bot.cli.tenant.provision:test", "Run the policy tests in FILE."),
}


@click.group(
    cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="latchkey")
def main() -> None:
    """Time-limited access to Microsoft Entra access packages, asked for and decided in Slack."""


if __name__ == "__main__":
    main()
