"""Speak to whoever asks: what there is, the form, what has been asked for, and what became of it."""
