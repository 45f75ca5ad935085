"""What the page shows."""

import unittest

from tonearm.library import Playlist, Track
from tonearm.pages import playlists_page


class PlaylistsPage(unittest.TestCase):
    def test_shows_every_playlist_with_its_owner(self) -> None:
        page = playlists_page([Playlist("Focus", "Mira"), Playlist("Kitchen Radio", "Tomasz")])
        self.assertIn("<h2>Focus</h2>", page)
        self.assertIn("by Tomasz", page)

    def test_counts_the_playlists(self) -> None:
        self.assertIn("2 playlists", playlists_page([Playlist("Focus", "Mira"), Playlist("Rain", "Ji-woo")]))

    def test_lists_tracks_with_their_artists(self) -> None:
        page = playlists_page([Playlist("Focus", "Mira", (Track("Grid Paper", "Kestrel 4", 412),))])
        self.assertIn("<span>Grid Paper</span> <small>Kestrel 4</small>", page)

    def test_a_title_cannot_smuggle_markup_in(self) -> None:
        page = playlists_page([Playlist("<script>", "Mira")])
        self.assertNotIn("<script>", page)
