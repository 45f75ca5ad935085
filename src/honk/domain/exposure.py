"""Where a team's server may listen, and under which names it is reached. Pure."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_safe_address(url: object) -> bool:
    """Whether what is sent there is read by nobody on the way: https, or this machine."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def is_http_address(url: str) -> bool:
    """Whether it is an address over HTTP at all."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
    except ValueError:
        return False


def near_address(host: str) -> str:
    """Where this machine itself reaches what listens there: no name and no certificate is for every address at once."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing listens by this


def why_not_listen(host: str, *, has_tls: bool, behind_proxy: bool) -> str | None:
    """Why a server must not listen there; None where it may: no session or token crosses a network in the clear."""
    if is_loopback(host) or has_tls or behind_proxy:
        return None
    return (
        f"{host} can be reached from other machines, and sessions would cross the network in the clear. Nothing was "
        "begun. Set serve.tls_certificate and serve.tls_key, or leave 127.0.0.1 and put a proxy in front that speaks "
        "TLS (honk setup server writes one), or say serve.behind_proxy = true if one stands there already."
    )


def checked_public_url(url: str) -> str:
    """The origin that people type, without a slash at its end; empty stays empty.

    Raises:
        ValueError: it is no origin, or is not https on a network.
    """
    if not url:
        return ""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is no origin; it looks like https://honk.example.org")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a name and a password have no place in it")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"{url!r} is not https, and {host} is not this machine")
    return url.rstrip("/").lower()


def checked_preview_domain(domain: str, public_url: str) -> str:
    """The domain below which each preview gets a host of its own; empty stays empty.

    Raises:
        ValueError: it is no domain, or shares cookies with the console: what a preview sets must never reach it.
    """
    if not domain:
        return ""
    domain = domain.lower().strip(".")
    if not all(part and part.strip("-") == part and part.replace("-", "").isalnum() for part in domain.split(".")):
        raise ValueError(f"{domain!r} is no domain; it looks like previews.example.net")
    console = urlsplit(public_url).hostname or ""
    if console and (console == domain or console.endswith(f".{domain}") or domain.endswith(f".{console}")):
        raise ValueError(f"{domain} and the console's host {console} contain each other, so they would share cookies")
    return domain
