"""Looks at a PNG that a stranger's browser made before it is shown to anybody: its size, its parts, nothing else."""

import struct
import zlib
from collections.abc import Iterator

SIGN = b"\x89PNG\r\n\x1a\n"
MOST_BYTES = 8 << 20
MOST_PIXELS = 4000
"""In each direction."""
MOST_PARTS = 10_000
"""Browsers make some of 8 KiB or more."""
_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"sRGB", b"gAMA", b"IDAT", b"IEND"})


def checked_png(data: bytes) -> bytes:
    """The picture without whatever else the file carried: texts, profiles, and what stands behind its end.

    Raises:
        ValueError: it is no sound PNG, or too large.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES >> 20} MiB")
    if not data.startswith(SIGN):
        raise ValueError("it is no PNG")
    kept = bytearray(SIGN)
    names: list[bytes] = []
    for name, whole in _chunks(data):
        names.append(name)
        if len(names) > MOST_PARTS:
            raise ValueError(f"it has more than {MOST_PARTS} parts")
        if name in _KEPT:
            kept += whole
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or b"IDAT" not in names:
        raise ValueError("its parts are not those of a PNG")
    width, height = struct.unpack(">II", data[16:24])
    if not (0 < width <= MOST_PIXELS and 0 < height <= 2 * MOST_PIXELS):
        raise ValueError(f"it is {width} x {height} pixels large")
    return bytes(kept)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGN)
    while at < len(data):
        if at + 12 > len(data):
            raise ValueError("it is cut off")
        length, name = struct.unpack(">I4s", data[at : at + 8])
        whole = data[at : at + 12 + length]
        if len(whole) != 12 + length or zlib.crc32(whole[4:-4]) != struct.unpack(">I", whole[-4:])[0]:
            raise ValueError("a part of it is damaged")
        yield name, whole
        if name == b"IEND":
            return
        at += 12 + length
