"""Questions to the requestor: v1.0 keeps a text beside its translations, beta keeps both in one."""

from typing import Any

Json = dict[str, Any]


def to_beta(question: Json) -> Json:
    """A v1.0 question, its text in beta's shape."""
    return _text_to_beta(question, "text")


def from_beta(question: Json) -> Json:
    """A question of either version, its text in v1.0's shape."""
    return _text_from_beta(question, "text")


def choice_to_beta(choice: Json) -> Json:
    """A v1.0 answer choice in beta's shape."""
    return _text_to_beta(choice, "displayValue")


def choice_from_beta(choice: Json) -> Json:
    """An answer choice of either version in v1.0's shape."""
    return _text_from_beta(choice, "displayValue")


def _text_to_beta(item: Json, name: str) -> Json:
    said = {key: value for key, value in item.items() if key not in ("text", "localizations")}
    if "text" in item or "localizations" in item:
        said[name] = {
            "defaultText": item.get("text"),
            "localizedTexts": item.get("localizations") or [],
        }
    return said


def _text_from_beta(item: Json, name: str) -> Json:
    content = item.get(name)
    if not isinstance(content, dict):
        return item
    said = {key: value for key, value in item.items() if key != name}
    said["text"] = content.get("defaultText")
    said["localizations"] = content.get("localizedTexts") or []
    return said
