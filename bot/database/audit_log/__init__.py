"""Write the audit log, chain its rows by hashes, read it a page at a time, and write it to files."""
