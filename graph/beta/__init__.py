"""Translate between v1.0, whose words everybody uses, and beta, which spells some things otherwise."""
