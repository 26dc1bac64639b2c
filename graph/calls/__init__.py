"""Make calls to Graph, and read what they answer: one conversation, its batches, pages, tries and time limits."""
