"""Every setting, and what may be wrong with one."""
