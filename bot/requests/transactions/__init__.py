"""Save what somebody asks for: checked against the tables, and the row it becomes. One module for each operation."""
