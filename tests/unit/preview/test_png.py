"""A stranger's picture is looked at before it is shown."""

import struct
import zlib

import pytest

from honk.preview.png import MOST_BYTES, SIGN, checked_png


def chunk(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int = 2, height: int = 2, *more: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return SIGN + head + b"".join(more) + chunk(b"IDAT", zlib.compress(b"\0" * 14)) + chunk(b"IEND")


def test_what_is_no_part_of_the_picture_goes() -> None:
    assert checked_png(png()) == png()
    assert checked_png(png(2, 2, chunk(b"tEXt", b"<script>"), chunk(b"iCCP", b"x")) + b"<html>") == png()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no PNG"),
        (b"<html>", "no PNG"),
        (b"GIF89a" + b"x" * 50, "no PNG"),
        (SIGN, "parts"),
        (png()[:-3], "cut off|damaged"),
        (png()[:20], "cut off|damaged"),
        (png()[:-16] + b"\0" * 4, "damaged|cut off|parts"),
        (SIGN + chunk(b"IEND"), "parts"),
        (png(90_000, 2), "pixels"),
        (png(0, 2), "pixels"),
        (png() + b"x" * MOST_BYTES, "larger"),
        (png(2, 2, *[chunk(b"IDAT")] * 10_000), "more than"),
    ],
)
def test_what_is_none_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        checked_png(data)
