"""Make what tells who somebody is, and what they may do."""

from bot.errors import ConfigurationError
from bot.people.permissions import Permissions
from bot.slack.errors import SlackError, SlackRefused


async def check_admins(permissions: Permissions) -> None:
    try:
        await permissions.refresh()
    except SlackRefused as refused:
        raise ConfigurationError(
            [
                f"The user groups in LATCHKEY_ADMINS cannot be read ({refused}): check their ids, and that the app "
                "has the scope usergroups:read."
            ]
        ) from None
    except SlackError:
        # Read again within a minute; until then nobody is an admin.
        return
