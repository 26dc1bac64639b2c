"""Speak to whoever decides: the approval card, its buttons and forms, and who decides for whom."""
