"""Rust: the crates of Cargo.lock, and what they compile to, once. Pure.

The crates are fetched as the lock file has them; where there is none, one is made and lies in the layer of the work
tree. What they compile to lies there too, in `target`. The tree's own crates are taken out of it again: an environment
serves several commits, and cargo tells stale from fresh by file times, which checkouts of other commits share.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from packaging.version import InvalidVersion, Version

from honk.base import toml
from honk.sandbox import WORKSPACE
from honk.workspace.ecosystems import ROUTE, STORE, Ecosystem, Provision, Step, Tool

MANIFEST, LOCK = "Cargo.toml", "Cargo.lock"
CARGO_HOME = f"{STORE}/cargo"
SOURCES = f"{CARGO_HOME}/config.toml"
"""Where crates come from. Given by `--config`, it goes before what the tree says."""
_LOCK, _TARGET = f"{WORKSPACE}/{LOCK}", f"{WORKSPACE}/target"
_SETTINGS = (".cargo/config.toml", ".cargo/config")
_TOOLCHAINS = ("rust-toolchain.toml", "rust-toolchain")
_IGNORED = {"vendor", "target", "testdata", "fixtures", "node_modules"}
_COMMON = {
    "CARGO_HOME": CARGO_HOME,
    "CARGO_TARGET_DIR": _TARGET,
    "CARGO_BUILD_BUILD_DIR": _TARGET,
    # Sessions of incremental compilation are directories that are renamed, and an overlay cannot do that cheaply.
    "CARGO_INCREMENTAL": "0",
    "CARGO_TERM_COLOR": "never",
    "RUSTC_WRAPPER": "",
    "RUSTC_WORKSPACE_WRAPPER": "",
}
_CONFIGURE = (
    'mkdir -p "$CARGO_HOME" && printf '
    '\'[source.crates-io]\\nreplace-with = "honk"\\n[source.honk]\\nregistry = "sparse+%s/"\\n\' '
    '"$HONK_CRATES" > "$CARGO_HOME/config.toml"'
)
# Other systems' crates are not fetched: they are many, and large.
_FETCH = 'exec cargo "$@" fetch --locked --target "$(rustc -vV | sed -n "s/^host: //p")"'
# Packages without a source are the tree's own. Where they cannot be told, or `target` is laid out in a way that is not
# known, nothing is kept: a crate of another commit must never be taken for fresh.
_FORGET = """\
cd "$CARGO_TARGET_DIR" 2>/dev/null || exit 0
find . -type d -name .fingerprint | grep -q . || exec rm -rf "$CARGO_TARGET_DIR"
names=$(awk -F'"' '/^\\[/ { if (name && !far) print name; name = ""; far = 0 }
    /^name = / { name = $2 } /^source = / { far = 1 } END { if (name && !far) print name }' "$1")
[ -n "$names" ] || exec rm -rf "$CARGO_TARGET_DIR"
printf '%s\\n' "$names" | while IFS= read -r name; do
    crate=$(printf %s "$name" | tr - _)
    find . -depth \\( -name "$name-$2" -o -name "$crate-$2*" -o -name "lib$crate-$2*" \\) -exec rm -rf {} +
done
find . -path '*/deps/*' -type f -perm -u+x ! -name '*.so' -exec rm -f {} +
"""
_SUM = "[0-9a-f]" * 16
_BINDINGS = re.compile(r"\b(pyo3|napi|neon)\b")
_CHANNEL = re.compile(r"(?:^|channel\s*=\s*)\s*[\"']?(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)


def manifests(files: Sequence[str]) -> tuple[str, ...]:
    """Cargo.toml of the root and below, the lock file, cargo's settings and the pinned toolchain."""
    if MANIFEST not in files:
        return ()
    others = {LOCK, *_SETTINGS, *_TOOLCHAINS}
    return tuple(path for path in files if path in others or is_manifest(path))


def is_manifest(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return parts[-1] == MANIFEST and not _IGNORED & set(parts[:-1])


def plan(files: Sequence[str], texts: Mapping[str, str], tools: Mapping[str, Tool]) -> Provision | None:
    """Fetch what the lock file has, then compile it."""
    if MANIFEST not in files or serves_another(files, (texts.get(path, "") for path in manifests(files))):
        return None
    lacking = next((name for name in ("cargo", "cc") if name not in tools), None)
    if lacking is not None:
        what = {"cargo": "Rust (cargo)", "cc": "a C compiler to link with (cc)"}[lacking]
        missing = f"{MANIFEST}: the tests need {what}, and this machine has none that can be shown inside."
        return Provision(ecosystem="Rust", problems=(missing,))
    is_vendored = any(re.search(r"^\s*directory\s*=", texts.get(path, ""), re.MULTILINE) for path in _SETTINGS)
    from_route = () if is_vendored else ("--config", SOURCES)
    return Provision(
        ecosystem="Rust",
        tools=tools,
        steps=_steps(LOCK in files, from_route, whole_workspace(texts.get(MANIFEST, ""))),
        setup_env={
            **_COMMON,
            "HONK_CRATES": f"{ROUTE}/cargo",
            "CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS": "fallback",
        },
        env={**_COMMON, "CARGO_NET_OFFLINE": "true"},
        problems=_wanted_version(texts, tools["cargo"].version),
        lock=LOCK if LOCK in files else "",
    )


def _steps(is_locked: bool, from_route: tuple[str, ...], words: tuple[str, ...]) -> tuple[Step, ...]:
    sources = Step(title="The settings of cargo", argv=("/bin/sh", "-c", _CONFIGURE))
    lock = Step(title=f"A lock file for {MANIFEST}", argv=("cargo", *from_route, "generate-lockfile"))
    fetch = Step(
        title=f"The crates of {LOCK if is_locked else MANIFEST}", argv=("/bin/sh", "-c", _FETCH, "sh", *from_route)
    )
    warm = ("cargo", *from_route, "test", "--no-run", "--locked", "--offline", *words)
    return (
        *((sources,) if from_route else ()),
        *(() if is_locked else (lock,)),
        *((fetch,) if from_route else ()),
        Step(title="A warm build", argv=warm, is_essential=False),
        Step(title="A build without the tree's own crates", argv=("/bin/sh", "-c", _FORGET, "sh", _LOCK, _SUM)),
    )


def serves_another(files: Sequence[str], texts: Iterable[str]) -> bool:
    """Whether the crates are an extension module, whose tests are those of the other language."""
    beside = "pyproject.toml" in files or "package.json" in files
    return beside and any(_BINDINGS.search(text) for text in texts)


def whole_workspace(manifest: str) -> tuple[str, ...]:
    """All members, unless the manifest says which ones are meant when none is named."""
    try:
        workspace = toml.loads(manifest).get("workspace")
    except ValueError:
        return ()
    return ("--workspace",) if isinstance(workspace, dict) and "default-members" not in workspace else ()


def _wanted_version(texts: Mapping[str, str], version: str) -> tuple[str, ...]:
    """A problem where a newer Rust is asked for; an older one that is pinned is no obstacle."""
    asked = [(path, found[1]) for path in _TOOLCHAINS if (found := _CHANNEL.search(texts.get(path, "")))]
    declared = re.search(r'^rust-version\s*=\s*"(\d+\.\d+(?:\.\d+)?)"', texts.get(MANIFEST, ""), re.MULTILINE)
    asked += [(MANIFEST, declared[1])] if declared else []
    for path, wanted in asked:
        try:
            if Version(wanted) > Version(version):
                return (f"{path}: this repository asks for Rust {wanted}; this machine has {version}.",)
        except InvalidVersion:
            continue
    return ()


ECOSYSTEM = Ecosystem(
    name="Rust",
    programs={"cargo": ("--version",), "cc": (), "cargo-clippy": (), "cargo-fmt": ()},
    manifests=manifests,
    plan=plan,
)
