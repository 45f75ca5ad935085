"""What an npm registry says of a package, with every tarball's address replaced by one of ours. Pure.

Written anew from what is known: nothing passes that was not understood.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from honk.gateway.index_page import place_of

Link = Callable[[str, str], str]
"""Gives our link for a tarball's absolute address and its name."""

_PACKAGE_KEYS = ("name", "dist-tags", "modified", "time")
_VERSION_KEYS = frozenset(
    {
        "name", "version", "dependencies", "devDependencies", "optionalDependencies", "peerDependencies",
        "peerDependenciesMeta", "bundleDependencies", "bundledDependencies", "acceptDependencies", "bin", "engines",
        "os", "cpu", "libc", "directories", "deprecated", "hasInstallScript", "_hasShrinkwrap", "main", "type",
    }
)  # fmt: skip
_DIST_KEYS = ("integrity", "shasum", "fileCount", "unpackedSize")


def rewritten(page: bytes, base_url: str, link: Link) -> bytes:
    """The page with our links. A version whose tarball is no plain file on the web is left out.

    Raises:
        ValueError: it is no page of a package.
    """
    told = json.loads(page)
    versions = told.get("versions") if isinstance(told, dict) else None
    if not isinstance(versions, dict):
        raise ValueError("JSON without versions")
    kept = {key: told[key] for key in _PACKAGE_KEYS if key in told}
    ours = {number: made for number, one in versions.items() if (made := _version(one, base_url, link)) is not None}
    return json.dumps({**kept, "versions": ours}).encode()


def _version(told: Any, base_url: str, link: Link) -> Mapping[str, Any] | None:
    dist = told.get("dist") if isinstance(told, dict) else None
    tarball = dist.get("tarball") if isinstance(dist, dict) else None
    at = place_of(base_url, tarball) if isinstance(tarball, str) else None
    if at is None or dist is None:
        return None
    known = {key: value for key, value in told.items() if key in _VERSION_KEYS}
    return {
        **known,
        "dist": {**{key: dist[key] for key in _DIST_KEYS if key in dist}, "tarball": link(at.address, at.name)},
    }
