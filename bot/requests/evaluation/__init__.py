"""Evaluate requests: who is it, may they have it, who decides; and once more just before it is granted."""
