"""Go: the modules of go.sum into a read-only cache, and a warm build cache. Pure.

The checksum database cannot be asked from inside (`GOSUMDB=off`); go.sum still is: `go` checks each module against it,
and at verification it may not be changed (`-mod=readonly`). A module that go.sum does not name is an error there.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from packaging.version import InvalidVersion, Version

from honk.workspace.ecosystems import ROUTE, STORE, Ecosystem, Provision, Step, Tool

MANIFEST = "go.mod"
WARM_CACHE = f"{STORE}/go/build"
"""What the set-up compiled; each room begins with a copy, for `go` must be able to write into its own."""
CACHE = "/home/agent/.cache/go-build"
_COMMON = {
    "GOMODCACHE": f"{STORE}/go/mod",
    "GOTOOLCHAIN": "local",
    "GOSUMDB": "off",
    "GOTELEMETRY": "off",
    "GOENV": "off",
}
_WARM = ("go", "test", "-count=1", "-vet=off", "-run=^$", "./...")
_DIRECTIVE = re.compile(r"^go\s+(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)
_IGNORED = {"vendor", "testdata", "node_modules"}


def manifests(files: Sequence[str]) -> tuple[str, ...]:
    """go.mod and go.sum of the root and of the modules below it."""
    if MANIFEST not in files:
        return ()
    return tuple(
        path for path in files if _is_manifest(path) or path in ("go.work", "go.work.sum", "vendor/modules.txt")
    )


def plan(files: Sequence[str], texts: Mapping[str, str], tools: Mapping[str, Tool]) -> Provision | None:
    """Download, then compile everything once."""
    if MANIFEST not in files:
        return None
    go = tools.get("go")
    if go is None:
        missing = f"{MANIFEST}: the tests need Go (go), and this machine has none that can be shown inside."
        return Provision(ecosystem="Go", problems=(missing,))
    is_vendored = "vendor/modules.txt" in files
    flags = {} if is_vendored or "go.work" in files else {"GOFLAGS": "-mod=readonly"}
    download = Step(title=f"The modules of {MANIFEST}", argv=("go", "mod", "download"))
    return Provision(
        ecosystem="Go",
        tools={"go": go},
        steps=(
            *(() if is_vendored else (download,)),
            Step(title="A warm build", argv=_WARM, is_essential=False),
            Step(title="A warm check", argv=("go", "vet", "./..."), is_essential=False),
        ),
        setup_env={**_COMMON, "GOPROXY": f"{ROUTE}/go", "GOCACHE": WARM_CACHE, "GOFLAGS": "-modcacherw"},
        env={**_COMMON, **flags, "GOPROXY": "off", "GOCACHE": CACHE},
        problems=_wanted_version(texts.get(MANIFEST, ""), go.version),
        lock=next((path for path in ("go.sum", "go.work.sum") if path in files), ""),
    )


def _is_manifest(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return parts[-1] in (MANIFEST, "go.sum") and not _IGNORED & set(parts[:-1])


def _wanted_version(manifest: str, version: str) -> tuple[str, ...]:
    directive = _DIRECTIVE.search(manifest)
    try:
        if directive is None or Version(directive[1]) <= Version(version):
            return ()
    except InvalidVersion:
        return ()
    return (f"{MANIFEST}: this repository asks for Go {directive[1]}; this machine has {version}.",)


ECOSYSTEM = Ecosystem(name="Go", programs={"go": ("version",)}, manifests=manifests, plan=plan)
