"""An ASGI application asked without a socket."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    """By name, with what they were set by."""
    text: str = ""
    bytes_read: int = 0
    """Of the request's body."""


async def ask(
    app: Any, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | Iterable[bytes] = b"",
    form: Mapping[str, str] | None = None, host: str = "127.0.0.1:8300",
) -> Answer:  # fmt: skip
    """The answer to one request."""
    sent = {"host": host, **(headers or {})}
    if form is not None:
        body = urlencode(form).encode()
        sent.setdefault("content-type", "application/x-www-form-urlencoded")
    if isinstance(body, bytes):
        sent.setdefault("content-length", str(len(body)))
        body = [body]
    parts, answer, is_over = iter(body), Answer(), False
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "scheme": "http", "method": method,
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("127.0.0.1", 4000), "server": ("127.0.0.1", 8300),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        nonlocal is_over
        if is_over:
            return {"type": "http.disconnect"}
        part = next(parts, None)
        if part is None:
            is_over = True
            return {"type": "http.request", "body": b"", "more_body": False}
        answer.bytes_read += len(part)
        return {"type": "http.request", "body": part, "more_body": True}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            for name, value in message["headers"]:
                if name == b"set-cookie":
                    cookie, _, rest = value.decode().partition(";")
                    answer.cookies[cookie.split("=")[0]] = cookie.split("=", 1)[1] + ";" + rest
                else:
                    answer.headers[name.decode()] = value.decode()
        else:
            answer.text += message.get("body", b"").decode()

    await app(scope, receive, send)
    return answer
