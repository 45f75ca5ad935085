"""Reads the configuration, names every adapter, builds the App. The only file that does."""
