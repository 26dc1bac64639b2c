"""The statements of retention."""
