"""Count, measure and trace what Latchkey does, and remember how Slack and Graph answered last."""
