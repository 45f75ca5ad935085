"""Answers requests."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tonearm.library import Playlist
from tonearm.pages import playlists_page

STYLE = Path(__file__).with_name("static") / "tonearm.css"


class Site:
    """The whole site as one WSGI application."""

    def __init__(self, playlists: Iterable[Playlist]) -> None:
        self.playlists = list(playlists)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        route = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if route == ("GET", "/"):
            return self.answer(start_response, "200 OK", "text/html", playlists_page(self.playlists))
        if route == ("GET", "/tonearm.css"):
            return self.answer(start_response, "200 OK", "text/css", STYLE.read_text(encoding="utf-8"))
        return self.answer(start_response, "404 Not Found", "text/plain", "There is nothing here.")

    def answer(self, start_response: Callable[..., Any], status: str, kind: str, text: str) -> list[bytes]:
        body = text.encode()
        start_response(status, [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(body)))])
        return [body]
