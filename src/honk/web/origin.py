"""Where a request comes from. Pure: which host names are ours, and whether another site made the browser send it."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OURS = frozenset({"same-origin", "none"})
"""What `Sec-Fetch-Site` says of our own pages, and of what a person typed. A sibling below our domain is a stranger."""


def host_of(header: str) -> str:
    """The name in a `Host` header, without port, brackets and case; empty for what is no host."""
    try:
        parts = urlsplit(f"//{header}")
        host, has_port = parts.hostname or "", parts.port is not None
    except ValueError:
        return ""
    is_plain = header.isascii() and parts.netloc == header and "@" not in header
    return host.rstrip(".").lower() if is_plain and (has_port or not header.endswith(":")) else ""


def is_host_ours(header: str, public_url: str, listening: str) -> bool:
    """Whether we are asked under a name of ours. Else a page of another site, whose name was made to lead to us after
    it was loaded, could read ours (DNS rebinding).

    `listening` is the address that the connection reached: asked by a number there is no name to rebind.
    """
    host = host_of(header)
    if not host:
        return False
    if host in LOOPBACK or host == (urlsplit(public_url).hostname or ""):
        return True
    try:
        return ip_address(host) == ip_address(listening)
    except ValueError:
        return False


def why_foreign(headers: Mapping[str, str], scheme: str, public_url: str) -> str | None:
    """Why this unsafe request may not be what a person did on our own page; None where nothing speaks against it.

    Browsers tell both headers on every POST and let no page change them. Programs tell neither: for them the token
    alone decides.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in _OURS:
        return f"it was sent by another site's page (Sec-Fetch-Site: {site[:40]})"
    if origin is None:
        return None
    public = urlsplit(public_url)
    ours = {f"{scheme}://{headers.get('host', '')}".lower()}
    if public.hostname:
        ours.add(f"{public.scheme}://{public.netloc}".lower())
    return None if origin.lower() in ours else f"it was sent by a page of {origin[:200]}"


def safe_path(text: str) -> str:
    """The path to lead somebody on to; "/" for whatever could lead to another host."""
    plain = text.isascii() and text.isprintable() and "\\" not in text
    if not plain or not text.startswith("/") or text.startswith("//"):
        return "/"
    parts = urlsplit(text)
    return "/" if parts.scheme or parts.netloc else text
