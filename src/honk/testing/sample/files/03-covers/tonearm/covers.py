"""Covers for playlists without a picture: two letters on a colour of their own."""

from zlib import crc32


def monogram(title: str) -> str:
    """The first letters of the first two words."""
    words = title.split()
    first = words[0]
    second = words[1] if len(words) > 1 else ""
    return (first[:1] + second[:1]).upper()


def hue(title: str) -> int:
    """A colour that stays the same for the same title, as degrees."""
    return crc32(title.encode()) % 360
