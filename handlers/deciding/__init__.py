"""Decide: approve, deny, ask first, see all that a card says, let somebody decide for oneself, review an emergency."""
