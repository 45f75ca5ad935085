"""A built site, served out of the zip that it is kept in. Pure."""

import io
import mimetypes
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_INDEX = "index.html"
_NOTHING = b"There is nothing at this address."
_PART_BYTES = 256 << 10
_OTHER = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A file of the site."""

    kind: str
    size_bytes: int
    parts: Iterable[bytes]
    """To be read once."""


@dataclass(frozen=True, slots=True)
class Site:
    """The files by their paths."""

    files: zipfile.ZipFile
    names: frozenset[str]

    @classmethod
    def of(cls, packed: bytes) -> "Site":
        """Raises BadZipFile."""
        files = zipfile.ZipFile(io.BytesIO(packed))
        return cls(files, frozenset(files.namelist()))

    def page(self, raw_path: bytes) -> "Page | None":
        """What stands at this path of an address; None where nothing does."""
        path = unquote_to_bytes(raw_path).decode("utf-8", "replace").lstrip("/")
        tried = (path, f"{path.rstrip('/')}/{_INDEX}".lstrip("/"), f"{path}.html")
        name = next((one for one in tried if one in self.names), None)
        return None if name is None else self._page(name)

    def missing(self) -> "Page":
        """What the site itself says where nothing is."""
        if "404.html" in self.names:
            return self._page("404.html")
        return Page(kind="text/html; charset=utf-8", size_bytes=len(_NOTHING), parts=(_NOTHING,))

    def _page(self, name: str) -> "Page":
        kind = mimetypes.guess_type(name)[0] or _OTHER
        return Page(
            kind=f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
            size_bytes=self.files.getinfo(name).file_size,
            parts=self._parts(name),
        )

    def _parts(self, name: str) -> Iterator[bytes]:
        """Some at a time: packed it may be a thousandth of its size."""
        with self.files.open(name) as file:
            while part := file.read(_PART_BYTES):
                yield part
