"""The statements that read what the figures are made of."""
