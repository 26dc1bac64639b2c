"""The form to request a package: make it, read it when it comes back, and say what is wrong in it."""
