"""Rules that need no run, a module for each kind: what a diff does to the gate, and what no diff may hold."""
