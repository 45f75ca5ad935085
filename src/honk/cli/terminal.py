"""Text of unknown origin, fit for a terminal."""

from honk.domain.plain import block, clean, one_line

__all__ = ["block", "clean", "one_line"]
