"""Draw the pictures of the documents, from the sandbox and from pages as files, in a real browser."""
