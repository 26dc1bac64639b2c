"""Services for tests that register the handlers and call none of them."""

from dataclasses import fields
from typing import Any

import handlers


def no_services() -> handlers.Services:
    """Return services of which none is there."""
    nothing: dict[str, Any] = dict.fromkeys(each.name for each in fields(handlers.Services))
    return handlers.Services(**nothing)
