"""Turns playlists into HTML."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from tonearm.covers import hue, monogram
from tonearm.library import Playlist

TEMPLATES = Path(__file__).with_name("templates")


def template(name: str) -> Template:
    return Template((TEMPLATES / name).read_text(encoding="utf-8"))


def playlists_page(playlists: Sequence[Playlist]) -> str:
    """The page that lists every playlist."""
    cards = "".join(playlist_card(playlist) for playlist in playlists)
    return template("playlists.html").substitute(cards=cards, count=len(playlists))


def playlist_card(playlist: Playlist) -> str:
    tracks = "".join(
        f"<li><span>{escape(track.title)}</span> <small>{escape(track.artist)}</small></li>"
        for track in playlist.tracks
    )
    return template("card.html").substitute(
        title=escape(playlist.title),
        monogram=escape(monogram(playlist.title)),
        hue=hue(playlist.title),
        owner=escape(playlist.owner),
        tracks=tracks,
    )
