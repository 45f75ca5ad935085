"""Answers requests."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tonearm.library import Playlist
from tonearm.pages import playlists_page

STYLE = Path(__file__).with_name("static") / "tonearm.css"
FORM_BYTES = 4096


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
        if route == ("GET", "/health"):
            return self.answer(start_response, "200 OK", "text/plain", self.health())
        if route == ("POST", "/playlists"):
            return self.add(environ, start_response)
        return self.answer(start_response, "404 Not Found", "text/plain", "There is nothing here.")

    def add(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """Add an empty playlist with the title of the form, then show the page again."""
        length = min(int(environ.get("CONTENT_LENGTH") or 0), FORM_BYTES)
        form = parse_qs(environ["wsgi.input"].read(length).decode("utf-8", "replace"), keep_blank_values=True)
        self.playlists.append(Playlist(form.get("title", [""])[0].strip(), "You"))
        start_response("303 See Other", [("Location", "/"), ("Content-Length", "0")])
        return [b""]

    def health(self) -> str:
        """Says so if the page can be made of what is in the library."""
        playlists_page(self.playlists)
        return "well\n"

    def answer(self, start_response: Callable[..., Any], status: str, kind: str, text: str) -> list[bytes]:
        body = text.encode()
        start_response(status, [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(body)))])
        return [body]
