"""Count who has what, what was decided and how fast: one place of figures for all that show them."""
