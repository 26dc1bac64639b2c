"""A policy of the file as Graph has it, and back."""
