"""The ``latchkey`` command line."""

import click

from bot.commands import backup, guard, operate, provision, show, tutorial
from bot.commands import bot as bot_commands


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="latchkey")
def main() -> None:
    """Time-limited access to Microsoft Entra access packages, asked for and decided in Slack."""


for command in (
    bot_commands.run,
    bot_commands.migrate,
    bot_commands.doctor,
    bot_commands.sandbox,
    guard.pause,
    guard.resume,
    guard.audit_log,
    backup.backup,
    backup.restore,
    show.show,
    operate.request,
    operate.extend,
    operate.remove,
    tutorial.tutorial,
    provision.plan,
    provision.apply,
    provision.destroy,
    provision.import_,
    provision.test,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
