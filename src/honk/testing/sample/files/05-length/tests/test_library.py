"""The library file that is shipped."""

import unittest

from tonearm.library import Playlist, Track, load


class Library(unittest.TestCase):
    def test_every_shipped_playlist_has_tracks(self) -> None:
        playlists = load()
        self.assertEqual(len(playlists), 5)
        self.assertTrue(all(playlist.tracks for playlist in playlists))

    def test_a_playlist_knows_how_long_it_plays(self) -> None:
        self.assertEqual(Playlist("Focus", "Mira", (Track("a", "b", 61), Track("c", "d", 150))).minutes, 4)
        self.assertEqual(Playlist("Silence", "Mira").minutes, 0)
