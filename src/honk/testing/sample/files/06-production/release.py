"""Brings this checkout to production: python3 release.py, or release.py --back for one that is there already.

The machine that runs Tonearm takes releases over HTTP from whoever shows its key.
"""

import io
import os
import sys
import zipfile
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

PRODUCTION = urlsplit(os.environ["HONK_DEPLOY_URL"])
WAY_OUT = urlsplit(os.environ.get("HTTPS_PROXY", ""))
"""The door of the sandbox that this runs in; outside of one there is none."""
COMMIT = os.environ["HONK_COMMIT"]


def packed(folder: Path) -> bytes:
    """The package as one archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                files.write(path, path.relative_to(folder.parent))
    return archive.getvalue()


def put(path: str, body: bytes) -> None:
    place = WAY_OUT if WAY_OUT.hostname else PRODUCTION
    connection = HTTPConnection(str(place.hostname), place.port, timeout=30)
    if WAY_OUT.hostname:
        connection.set_tunnel(str(PRODUCTION.hostname), PRODUCTION.port)
    connection.request("PUT", path, body, {"Authorization": f"Bearer {os.environ['TONEARM_KEY']}"})
    answer = connection.getresponse()
    words = answer.read().decode()
    if answer.status != 200:
        sys.exit(f"Production answers {answer.status}: {words}")
    sys.stdout.write(words + "\n")


if "--back" not in sys.argv:
    put(f"/-/releases/{COMMIT}", packed(Path("tonearm")))
put("/-/current", COMMIT.encode())
