"""The site, asked as a browser would."""

import io
import unittest
from wsgiref.util import setup_testing_defaults

from tonearm.library import Playlist
from tonearm.web import Site


def ask(site: Site, method: str, path: str, form: bytes = b"") -> tuple[str, str]:
    """Status and body of the site's answer."""
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_LENGTH": str(len(form))}
    setup_testing_defaults(environ)
    environ["wsgi.input"] = io.BytesIO(form)
    answered: list[str] = []
    body = site(environ, lambda status, headers: answered.append(status))
    return answered[0], b"".join(body).decode()


class TheSite(unittest.TestCase):
    def test_a_new_playlist_appears_on_the_page(self) -> None:
        site = Site([Playlist("Focus", "Mira")])
        self.assertEqual(ask(site, "POST", "/playlists", b"title=Night+Bus")[0], "303 See Other")
        self.assertIn("<h2>Night Bus</h2>", ask(site, "GET", "/")[1])

    def test_the_style_is_served(self) -> None:
        self.assertIn("--accent", ask(Site([]), "GET", "/tonearm.css")[1])

    def test_it_is_well_where_the_page_can_be_made(self) -> None:
        self.assertEqual(ask(Site([Playlist("Focus", "Mira")]), "GET", "/health"), ("200 OK", "well\n"))

    def test_an_unknown_address_is_not_found(self) -> None:
        self.assertEqual(ask(Site([]), "GET", "/albums")[0], "404 Not Found")
