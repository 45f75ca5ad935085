"""A running copy of a pull request. Comes with delivery."""
