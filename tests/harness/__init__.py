"""The whole bot between the stand-ins, in one process and in simulated time.  See docs/explanation/testing.md."""
