"""Prove to others what was done: evidence packs, their signatures, and what is read for them."""
