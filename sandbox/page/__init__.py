"""The page that a newcomer sees: a workspace to act in, and the tenant behind it."""

from sandbox.page.app import page

__all__ = ["page"]
