"""The command line: parse, hand on, show."""
