"""What passes between a person's browser and a preview, and what does not. Pure.

A preview is a stranger's program on a host of its own. It learns nothing of ours from what it is asked, and what it
answers reaches no other host than its own, for no longer than it lives.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

Header = tuple[bytes, bytes]
COOKIE, SECURE_COOKIE = "honk_preview", "__Host-honk_preview"
"""Ours, on a preview's host. Under TLS a browser takes and keeps it for exactly this host."""
_OURS = re.compile(r"(?:__Host-|__Secure-)?honk[_-]", re.IGNORECASE)
_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"transfer-encoding", b"upgrade", b"http2-settings",
    }
)  # fmt: skip
_NEVER_ASKED = frozenset(
    {b"host", b"content-length", b"expect", b"forwarded", b"via", b"x-real-ip", b"x-csrf-token", b"origin", b"referer",
     b"cookie", b"authorization"}
)  # fmt: skip
"""Of a request: what is ours, says who asks from where, or is set anew."""
_NEVER_ANSWERED = frozenset(
    {
        b"strict-transport-security", b"clear-site-data", b"service-worker-allowed", b"public-key-pins", b"alt-svc",
        b"refresh", b"link", b"nel", b"report-to", b"reporting-endpoints", b"expect-ct", b"www-authenticate",
        b"referrer-policy", b"x-frame-options", b"permissions-policy", b"feature-policy", b"x-robots-tag",
        b"content-security-policy-report-only", b"origin-agent-cluster", b"document-policy", b"sourcemap",
        b"set-cookie", b"location", b"cache-control", b"x-accel-redirect", b"x-sendfile", b"x-content-type-options",
        b"server", b"date", b"cross-origin-opener-policy", b"cross-origin-resource-policy", b"login-status",
        b"set-login", b"accept-ch", b"critical-ch", b"sec-websocket-accept", b"x-xss-protection",
    }
)  # fmt: skip
"""Of an answer: what speaks for more than this host or outlives it, sends elsewhere, or is set anew."""
_OUR_TOKEN = re.compile(rb"bearer [A-Za-z0-9_-]{43}\s*", re.IGNORECASE)
"""The form of our own secrets: a person's API token is not for a preview, whoever sends it there."""
_REPORTS = re.compile(r"report-(?:uri|to)\b", re.IGNORECASE)
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
MOST_COOKIES = 50


class Elsewhere(Exception):
    """The answer leads to another host; nobody is led there."""

    def __init__(self, *, host: str) -> None:
        super().__init__(host)
        self.host = host


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a preview stands for the browser, and for itself."""

    origin: str
    """Scheme, host and port, as the browser has them."""
    port: int
    """Its own, on the loopback inside."""

    @property
    def inner(self) -> str:
        """The origin that it believes to have: servers refuse names that they do not know, and all know this one."""
        return f"http://localhost:{self.port}"

    @property
    def names(self) -> frozenset[str]:
        """Hosts that mean itself."""
        inner = (f"{host}:{self.port}" for host in ("localhost", "127.0.0.1", "[::1]", "0.0.0.0"))  # noqa: S104
        return frozenset({urlsplit(self.origin).netloc, *inner})


def asked_headers(headers: Iterable[Header], place: Place) -> list[Header]:
    """What the preview is told of a request, without the length of its body."""
    given = [(name.lower(), value) for name, value in headers]
    hop = _HOP | _named_by_connection(given)
    told: list[Header] = [(b"host", place.inner.removeprefix("http://").encode())]
    for name, value in given:
        if name in (b"origin", b"referer"):
            if (own := _own_address(value, place)) is not None:
                told.append((name, own))
        elif name == b"cookie":
            if kept := own_cookies(value):
                told.append((name, kept))
        elif name == b"authorization":
            if not _OUR_TOKEN.fullmatch(value):
                told.append((name, value))
        elif name not in hop and name not in _NEVER_ASKED and not name.startswith(b"x-forwarded"):
            told.append((name, value))
    return told


def _named_by_connection(headers: Sequence[Header]) -> frozenset[bytes]:
    words = (word for name, value in headers if name == b"connection" for word in value.split(b","))
    return frozenset(word.strip().lower() for word in words)


def _own_address(value: bytes, place: Place) -> bytes | None:
    """Origin or referrer as the preview believes it to be; None for where somebody else's page is named."""
    outer = place.origin.encode()
    if value == outer or value.startswith(outer + b"/"):
        return place.inner.encode() + value.removeprefix(outer)
    return None


def own_cookies(value: bytes) -> bytes:
    """The header without what is Honk's."""
    parts = [part.strip() for part in value.split(b";")]
    return b"; ".join(part for part in parts if part and not _OURS.match(part.decode("latin-1")))


def policy_of(place: Place) -> str:
    """What a page of the preview may do: everything with itself, nothing with others, and nobody frames it."""
    socket = place.origin.replace("http", "ws", 1)
    own = f"'self' {socket}"
    return (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' data: blob:; "
        f"connect-src {own} data: blob:; form-action 'self'; frame-src 'self'; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
    )


def ours(place: Place) -> list[Header]:
    """The headers that every answer of a preview's host carries."""
    return [
        (b"content-security-policy", policy_of(place).encode()),
        (b"referrer-policy", b"no-referrer"),
        (b"x-frame-options", b"DENY"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-robots-tag", b"noindex, nofollow, noarchive"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy",
         b"camera=(), geolocation=(), microphone=(), payment=(), usb=(), serial=(), bluetooth=(), hid=(), midi=(), "
         b"publickey-credentials-get=(), identity-credentials-get=(), display-capture=()"),
        (b"cache-control", b"no-store"),
    ]  # fmt: skip


def answered_headers(headers: Iterable[Header], place: Place) -> list[Header]:
    """What the browser is told of an answer.

    Raises:
        Elsewhere: it leads to another host.
    """
    given = [(name.lower(), value) for name, value in headers]
    hop = _HOP | _named_by_connection(given)
    told = ours(place)
    cookies = 0
    for name, value in given:
        if name == b"location":
            told.append((name, _own_location(value, place)))
        elif name == b"set-cookie":
            if cookies < MOST_COOKIES and may_be_set(value):
                told.append((name, value))
                cookies += 1
        elif name == b"content-security-policy":
            if kept := without_reports(value.decode("latin-1")):
                told.append((name, kept.encode("latin-1")))
        elif name in hop or name in _NEVER_ANSWERED or name.startswith((b"access-control-", b"cf-")):
            continue
        elif _TOKEN.fullmatch(name):
            told.append((name, value))
    return told


def _own_location(value: bytes, place: Place) -> bytes:
    """The path on its own host; a browser reads backslashes and controls in its own way, so they lead nowhere."""
    text = value.decode("latin-1").strip()
    if any(ord(char) <= 0x20 or ord(char) >= 0x7F or char == "\\" for char in text):
        raise Elsewhere(host="(unreadable)")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise Elsewhere(host="(unreadable)") from error
    if not parts.scheme and not parts.netloc:
        has_scheme = ":" in text.partition("/")[0].partition("?")[0].partition("#")[0]
        return _nowhere(text) if has_scheme or text.startswith("//") else text.encode()
    if parts.scheme not in ("", "http", "https") or parts.netloc.lower() not in place.names:
        return _nowhere(parts.netloc or f"{parts.scheme}:")
    path = parts._replace(scheme="", netloc="", path=f"/{parts.path.lstrip('/')}")
    return path.geturl().encode()


def _nowhere(host: str) -> bytes:
    raise Elsewhere(host=host[:200])


def may_be_set(value: bytes) -> bool:
    """Whether this `Set-Cookie` is for the preview's own host alone, and is none of ours."""
    text = value.decode("latin-1")
    name, _, _ = text.partition("=")
    if _OURS.match(name.strip()) or len(value) > 8192 or any(ord(char) < 0x20 for char in text):
        return False
    attributes = (part.partition("=")[0].strip().lower() for part in text.split(";")[1:])
    if "domain" in attributes:
        return False
    try:
        SimpleCookie(text.partition(";")[0])
    except CookieError:
        return False
    return True


def without_reports(policy: str) -> str:
    """The app's own policies, which only make ours narrower, without what would tell somebody else of it."""
    policies = ((part.strip() for part in one.split(";")) for one in policy.split(","))
    kept = ("; ".join(part for part in parts if part and not _REPORTS.match(part)) for parts in policies)
    return ", ".join(one for one in kept if one)


def is_from_its_own_page(method: str, headers: Iterable[Header]) -> bool:
    """Whether the browser says that this request is the preview's own, or that a person came to look.

    Another site may lead somebody here; it may send nothing here, and fetch nothing. Programs tell nothing: the pass
    decides.
    """
    told = {name.lower(): value for name, value in headers}
    site = told.get(b"sec-fetch-site", b"none")
    if site in (b"same-origin", b"none"):
        return True
    return method in ("GET", "HEAD") and told.get(b"sec-fetch-mode") == b"navigate"


def is_service_worker(headers: Iterable[Header]) -> bool:
    """Whether a worker is asked for that would outlive the preview."""
    return any(name.lower() == b"service-worker" for name, _ in headers)
