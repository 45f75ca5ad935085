"""Pages of a package index, HTML (PEP 503) or JSON (PEP 691), with every link replaced by one of ours. Pure.

Pages are written anew from what is known of them: nothing passes that was not understood.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

Link = Callable[[str, str], str]
"""Gives our link for a file's absolute address, without fragment, and its name."""

_FILE_KEYS = frozenset(
    {"filename", "hashes", "requires-python", "core-metadata", "dist-info-metadata", "yanked", "size", "upload-time"}
)
_ATTRIBUTES = ("data-requires-python", "data-core-metadata", "data-dist-info-metadata", "data-yanked")


def rewritten(page: bytes, content_type: str, base_url: str, link: Link) -> bytes:
    """The page with our links.

    Raises:
        ValueError: it is no page of an index.
    """
    if "json" in content_type:
        return _json_page(json.loads(page), base_url, link)
    if "html" in content_type:
        return _html_page(page.decode("utf-8", "replace"), base_url, link)
    raise ValueError(f"a page of the type {content_type!r}")


def _json_page(page: Any, base_url: str, link: Link) -> bytes:
    if not isinstance(page, dict) or not isinstance(page.get("files"), list):
        raise ValueError("JSON without a list of files")
    files = []
    for file in page["files"]:
        if not isinstance(file, dict) or not isinstance(file.get("url"), str):
            continue
        at = place_of(base_url, file["url"])
        if at is not None and at.name == file.get("filename"):
            files.append({**{key: file[key] for key in _FILE_KEYS if key in file}, "url": link(at.address, at.name)})
    kept = {key: page[key] for key in ("name", "versions", "meta") if key in page}
    return json.dumps({**kept, "files": files}).encode()


def _html_page(page: str, base_url: str, link: Link) -> bytes:
    anchors = _Anchors()
    anchors.feed(page)
    anchors.close()
    lines = []
    for attributes in anchors.found:
        if (at := place_of(base_url, attributes.get("href") or "")) is None:
            continue
        href = link(at.address, at.name) + (f"#{at.fragment}" if at.fragment else "")
        kept = "".join(f' {key}="{escape(attributes[key] or "")}"' for key in _ATTRIBUTES if key in attributes)
        lines.append(f'<a href="{escape(href)}"{kept}>{escape(at.name)}</a><br/>')
    body = "\n".join(lines)
    return f"<!DOCTYPE html>\n<html><body>\n{body}\n</body></html>\n".encode()


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file lies."""

    address: str
    fragment: str
    name: str


def place_of(base_url: str, href: str) -> Place | None:
    """Where a link leads, if that is a file with a plain name on the web."""
    try:
        address, fragment = urldefrag(urljoin(base_url, href))
        parts = urlsplit(address)
        is_on_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    name = unquote(parts.path.rpartition("/")[2])
    is_plain = name and name.isascii() and name.isprintable() and not set(name) & set(" /\\\"'<>?#%")
    if not is_on_web or not is_plain or name.startswith("."):
        return None
    return Place(address=address, fragment=fragment, name=name)
