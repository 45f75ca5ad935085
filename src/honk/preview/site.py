"""A built site, served out of the zip that it is kept in. Pure."""

import io
import mimetypes
import zipfile
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_INDEX = "index.html"
_OTHER = "application/octet-stream"


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

    def page(self, raw_path: bytes) -> tuple[str, bytes] | None:
        """Kind and content of what stands at this path of an address; None where nothing does."""
        path = unquote_to_bytes(raw_path).decode("utf-8", "replace").lstrip("/")
        tried = (path, f"{path.rstrip('/')}/{_INDEX}".lstrip("/"), f"{path}.html")
        name = next((one for one in tried if one in self.names), None)
        if name is None:
            return None
        kind = mimetypes.guess_type(name)[0] or _OTHER
        return (f"{kind}; charset=utf-8" if kind.startswith("text/") else kind), self.files.read(name)

    def missing(self) -> bytes:
        """What the site itself says where nothing is."""
        return self.files.read("404.html") if "404.html" in self.names else b"There is nothing at this address."
