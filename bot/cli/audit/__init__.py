"""Read the audit log, archive it, and write reports."""
