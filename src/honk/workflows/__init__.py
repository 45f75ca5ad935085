"""The stories, one screen each."""
