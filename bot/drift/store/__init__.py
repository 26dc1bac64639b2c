"""The table of drift, and the statements by which a check reads what was approved."""
