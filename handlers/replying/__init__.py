"""Reply: where, in which words, in which form, and what is said when something goes wrong."""
