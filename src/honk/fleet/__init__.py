"""Campaign rules, pure. Comes with campaigns."""
