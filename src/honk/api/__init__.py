"""The HTTP API: parse, hand on to the team's desk, answer in JSON or as server-sent events."""
