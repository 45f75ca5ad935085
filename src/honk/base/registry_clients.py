"""Finds out which npm registry and which Go module proxy this machine uses, from the clients' own settings.

No committed file names one: a client is asked, in a clean environment with the operator's home, what it would use.
"""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from honk.base.subprocess import ProgramError, run

_NPM_VARIABLES = ("npm_config_registry", "NPM_CONFIG_REGISTRY")
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


async def _asked(env: Mapping[str, str], *argv: str) -> str:
    path, home = env.get("PATH", os.defpath), env.get("HOME") or "/nonexistent"
    program = shutil.which(argv[0], path=path)
    if program is None:
        return ""
    own = {"PATH": path, "HOME": home, "GOTOOLCHAIN": "local", "NO_UPDATE_NOTIFIER": "1"}
    try:
        done = await run((program, *argv[1:]), cwd=Path("/"), env=own, timeout_seconds=_SECONDS)
    except ProgramError:
        return ""
    return done.text.strip() if done.exit_code == 0 else ""


def _web_address(text: str | None) -> str | None:
    text = (text or "").strip()
    return text if urlsplit(text).scheme in ("http", "https") else None
