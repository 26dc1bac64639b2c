"""Run the commands of the command line, one module a subject."""
