"""Labelled changes made by us, for measuring rules and judges: readable specifications, the same diffs every time."""
