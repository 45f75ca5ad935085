"""The schema's numbered steps, shipped with the package and taken at start."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")
"""Every step in order; the last is what this Honk writes. A test holds it against the files."""
TABLE = "honk_schema"
"""Where the database keeps the step it stands at."""
