"""Playlists and their tracks."""

import json
from dataclasses import dataclass
from pathlib import Path

SHIPPED = Path(__file__).with_name("library.json")


@dataclass(frozen=True)
class Track:
    title: str
    artist: str
    seconds: int


@dataclass(frozen=True)
class Playlist:
    title: str
    owner: str
    tracks: tuple[Track, ...] = ()

    @property
    def minutes(self) -> int:
        """How long it plays, rounded to whole minutes."""
        return round(sum(track.seconds for track in self.tracks) / 60)


def load(path: Path = SHIPPED) -> list[Playlist]:
    """Read the playlists of a library file."""
    return [
        Playlist(entry["title"], entry["owner"], tuple(Track(**track) for track in entry["tracks"]))
        for entry in json.loads(path.read_text(encoding="utf-8"))
    ]
