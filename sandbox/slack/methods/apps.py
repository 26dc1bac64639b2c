"""Methods about the app itself: who it is, where it is installed, and its address for Socket Mode."""

from typing import TYPE_CHECKING

from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import SlackRefusal
from sandbox.slack.model import Json

if TYPE_CHECKING:
    from sandbox.slack.state import State


def api_test(workspace: "State", args: Arguments) -> Json:
    """Serve api.test."""
    return {"args": args.given}


def auth_test(workspace: "State", args: Arguments) -> Json:
    """Serve auth.test."""
    grid = {"enterprise_id": workspace.enterprise_id} if workspace.enterprise_id else {}
    # A token for a whole organization belongs to none of its workspaces.
    team = workspace.enterprise_id if workspace.is_org_install else workspace.team_id
    return {
        **grid,
        "url": f"https://{workspace.team_domain}.slack.com/",
        "team": workspace.team_name,
        "user": workspace.person(workspace.bot_user_id).name,
        "team_id": team,
        "user_id": workspace.bot_user_id,
        "bot_id": workspace.bot_id,
        "app_id": workspace.app_id,
        "is_enterprise_install": workspace.is_org_install,
    }


def team_info(workspace: "State", args: Arguments) -> Json:
    """Serve team.info."""
    return {
        "team": {
            "id": workspace.team_id,
            "name": workspace.team_name,
            "domain": workspace.team_domain,
            "email_domain": f"{workspace.team_domain}.example",
            "icon": {"image_default": True},
        }
    }


def bots_info(workspace: "State", args: Arguments) -> Json:
    """Serve bots.info."""
    if args.required("bot") != workspace.bot_id:
        raise SlackRefusal("bot_not_found")
    return {
        "bot": {
            "id": workspace.bot_id,
            "deleted": False,
            "name": workspace.app_name,
            "updated": 1760000000,
            "app_id": workspace.app_id,
            "user_id": workspace.bot_user_id,
            "icons": {},
        }
    }


def connections_open(workspace: "State", args: Arguments) -> Json:
    """Serve apps.connections.open."""
    return {"url": workspace.sockets.open()}
