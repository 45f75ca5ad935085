"""Getting a merged commit out, and back. Comes with delivery."""
