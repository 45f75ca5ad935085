"""Turns talk into a written brief. For now the request is taken in the asker's own words."""
