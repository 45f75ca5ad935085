"""The library file that is shipped."""

import unittest

from tonearm.library import load


class Library(unittest.TestCase):
    def test_every_shipped_playlist_has_tracks(self) -> None:
        playlists = load()
        self.assertEqual(len(playlists), 5)
        self.assertTrue(all(playlist.tracks for playlist in playlists))
