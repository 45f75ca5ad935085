"""Finds out which npm registry, Go module proxy and index of crates this machine uses, from the clients' settings.

No committed file names one: a client is asked, in a clean environment with the operator's home, what it would use.
"""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from honk.base.subprocess import ProgramError, run

_NPM_VARIABLES = ("npm_config_registry", "NPM_CONFIG_REGISTRY")
_CRATES_VARIABLE = "CARGO_REGISTRIES_CRATES_IO_INDEX"
_CRATES_SETTINGS = re.compile(r"`(https?://[^`\s]+/)config\.json`")
_NOWHERE = "http://127.0.0.1:9"
"""Nobody listens on the port for what is to be thrown away."""
_WANTS_A_CRATE = (
    '[package]\nname = "asks"\nversion = "0.0.0"\n[lib]\npath = "none.rs"\n[workspace]\n[dependencies]\ncfg-if = "1"\n'
)
_SECONDS = 30.0


async def npm_registry(env: Mapping[str, str] | None = None) -> str | None:
    """`npm_config_registry`, else what `npm config get registry` says; None where there is neither.

    Credentials count where they stand in the address; npm tells no tokens.
    """
    env = os.environ if env is None else env
    named = next((env[name] for name in _NPM_VARIABLES if env.get(name)), None)
    return _web_address(named or await _asked(env, "npm", "config", "get", "registry"))


async def go_proxy(env: Mapping[str, str] | None = None) -> str | None:
    """The first module proxy of `GOPROXY`, else of what `go env GOPROXY` says; None for `direct` and `off` alone."""
    env = os.environ if env is None else env
    told = env.get("GOPROXY") or await _asked(env, "go", "env", "GOPROXY")
    return next((found for part in re.split(r"[,|]", told) if (found := _web_address(part))), None)


async def crates_index(env: Mapping[str, str] | None = None) -> str | None:
    """The sparse index that stands for crates.io: `CARGO_REGISTRIES_CRATES_IO_INDEX`, else the one cargo would ask.

    cargo tells it to nobody, but complains of it when it cannot be reached: so it is asked for a crate behind a proxy
    that is not there, with the person's own settings. None for an index in a git repository.
    """
    env = os.environ if env is None else env
    if named := env.get(_CRATES_VARIABLE):
        return _web_address(named.removeprefix("sparse+"))
    home = Path(env.get("CARGO_HOME") or Path(env.get("HOME") or "/nonexistent", ".cargo"))
    settings = next((("--config", str(path)) for path in (home / "config.toml", home / "config") if path.exists()), ())
    with tempfile.TemporaryDirectory(prefix="honk-cargo-") as empty:
        own = {"CARGO_HOME": empty, "CARGO_NET_RETRY": "0", "CARGO_HTTP_PROXY": _NOWHERE, "CARGO_NET_OFFLINE": "false"}
        rustup = {name: env[name] for name in ("RUSTUP_HOME", "RUSTUP_TOOLCHAIN") if name in env}
        manifest = Path(empty, "Cargo.toml")
        await asyncio.to_thread(manifest.write_text, _WANTS_A_CRATE)
        words = (*settings, "fetch", "--manifest-path", str(manifest))
        complaint = await _asked(env, "cargo", *words, own={**own, **rustup}, of_failure=True)
    found = _CRATES_SETTINGS.search(complaint)
    return found[1] if found else None


async def _asked(
    env: Mapping[str, str], *argv: str, own: Mapping[str, str] | None = None, of_failure: bool = False
) -> str:
    """What the program says; of a failure, what it complains of."""
    path, home = env.get("PATH", os.defpath), env.get("HOME") or "/nonexistent"
    program = shutil.which(argv[0], path=path)
    if program is None:
        return ""
    own = {"PATH": path, "HOME": home, "GOTOOLCHAIN": "local", "NO_UPDATE_NOTIFIER": "1", **(own or {})}
    try:
        done = await run((program, *argv[1:]), cwd=Path("/"), env=own, timeout_seconds=_SECONDS)
    except ProgramError:
        return ""
    if of_failure:
        return done.stderr.decode("utf-8", "replace")
    return done.text.strip() if done.exit_code == 0 else ""


def _web_address(text: str | None) -> str | None:
    text = (text or "").strip()
    return text if urlsplit(text).scheme in ("http", "https") else None
