"""Speak to admins and to owners of packages: lists, the console, what needs them, and the digest."""
