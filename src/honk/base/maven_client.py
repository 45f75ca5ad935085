"""Finds out which Maven repository this machine uses: from the client's settings, else where the client looks.

No committed file names one. Passwords of `<servers>` are not read: a mirror that wants any has them in its address.
"""

import asyncio
import os
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from xml.parsers import expat

_VARIABLE = "MAVEN_MIRROR_URL"
_MODEL = "org/apache/maven/model/pom-4.0.0.xml"
"""What every project inherits, inside the client's own library."""
_MAX_BYTES = 1 << 20
_STANDS_FOR_CENTRAL = {"*", "central", "external:*"}


async def maven_repository(env: Mapping[str, str] | None = None) -> str | None:
    """`MAVEN_MIRROR_URL`, else a mirror of everything or of `central` in the settings, else where the client looks.

    None without any of these, so where there is no Maven.
    """
    env = os.environ if env is None else env
    return _web_address(env.get(_VARIABLE, "")) or await asyncio.to_thread(_configured, env)


def _configured(env: Mapping[str, str]) -> str | None:
    program = shutil.which("mvn", path=env.get("PATH", os.defpath))
    client = Path(program).resolve().parent.parent if program is not None else None
    settings = [Path(env["HOME"], ".m2", "settings.xml")] if env.get("HOME") else []
    settings += [client / "conf" / "settings.xml"] if client is not None else []
    for path in settings:
        if (mirror := mirror_in(_content(path))) is not None:
            return mirror
    return (
        None
        if client is None
        else next((url for url in map(_central, client.glob("lib/maven-model-builder-*.jar")) if url), None)
    )


def mirror_in(settings: bytes) -> str | None:
    """The address of the first mirror that stands for the central repository."""
    for entry in _entries(settings, "mirror"):
        repositories = {part.strip() for part in entry.get("mirrorOf", "").split(",")}
        if repositories & _STANDS_FOR_CENTRAL and "!central" not in repositories:
            return _web_address(entry.get("url", ""))
    return None


def _central(library: Path) -> str | None:
    try:
        with zipfile.ZipFile(library) as archive:
            model = archive.read(_MODEL)
    except (OSError, KeyError, zipfile.BadZipFile):
        return None
    return next((_web_address(one.get("url", "")) for one in _entries(model, "repository")), None)


def _entries(content: bytes, kind: str) -> Iterator[Mapping[str, str]]:
    """What stands right inside each element of that name; nothing of a document that is unsound."""
    found: list[dict[str, str]] = []
    path: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        path.append(name)
        if name == kind:
            found.append({})

    def text(words: str) -> None:
        if len(path) > 1 and path[-2] == kind:
            found[-1][path[-1]] = found[-1].get(path[-1], "") + words

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: path.pop()
    parser.CharacterDataHandler = text
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        return iter(())
    return iter(found)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES)
    except OSError:
        return b""


def _web_address(text: str) -> str | None:
    text = text.strip()
    is_plain = re.search(r"[\s${}]", text) is None
    return text if is_plain and urlsplit(text).scheme in ("http", "https") else None
