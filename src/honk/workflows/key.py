"""The model key: where it is found, and where it must not be found."""

import os
import stat
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from honk.base.errors import UsageError
from honk.gateway import Upstream
from honk.workspace.porter_source import handed_key, is_key_handed

KEY_VARIABLE = "ANTHROPIC_API_KEY"
KEY_FILE = Path("secrets") / "anthropic"
READABLE_KEY = (
    "Without a sandbox the agent runs as the same user as the gateway, so it could read the model key out of the "
    "gateway's memory, its environment or its file. Nothing was begun. Use the bubblewrap sandbox (honk doctor says "
    "what is missing), or take the key away (ANTHROPIC_API_KEY, secrets/anthropic in the state folder, model.headers), "
    "or let model.base_url lead to a gateway of your own on this machine, with a key that is good for nothing else."
)


def read_key(home: Path) -> str:
    """The model key: handed over by root's side, or from the environment (and then struck out of it), or from
    `secrets/anthropic` in the state folder. Empty where there is none.

    Raises:
        UsageError: the key file may be read by others.
    """
    if key := handed_key(os.environ) or os.environ.pop(KEY_VARIABLE, "").strip():
        return key
    path = home / KEY_FILE
    if not path.exists():
        return ""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UsageError(f"{path} may be read by others, so it is not used. Close it: chmod 600 {path}")
    return path.read_text().strip()


def has_key(home: Path) -> bool:
    """Whether a key is in the environment, handed over, or in the state folder; it is not read."""
    return bool(os.environ.get(KEY_VARIABLE) or is_key_handed(os.environ) or (home / KEY_FILE).exists())


def refuse_readable_key(upstream: Upstream, *, has_idle_key: bool) -> None:
    """Without a sandbox no key may be at hand, but one for a gateway on this machine.

    Raises:
        UsageError: there is one, used by the gateway or lying idle.
    """
    host = urlsplit(upstream.base_url).hostname or ""
    try:
        is_near = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        is_near = False
    if has_idle_key or (upstream.headers and not is_near):
        raise UsageError(READABLE_KEY)


def read_secret(reference: str, home: Path, setting: str) -> str:
    """The secret that a setting's `env:VARIABLE` (which is struck out of the environment) or `file:PATH` leads to.

    Raises:
        UsageError: it is not there, or others may read it.
    """
    kind, _, place = reference.partition(":")
    if not reference:
        return ""
    if kind == "env":
        if secret := os.environ.pop(place, "").strip():
            return secret
        raise UsageError(f"{setting} is said to be in {place}, which is empty or not set. Nothing was begun.")
    path = home / Path(place).expanduser()
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise UsageError(f"{path} may be read by others, so it is not used. Close it: chmod 600 {path}")
        secret = path.read_text().strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"{setting} cannot be read from {path}: {error}. Nothing was begun.") from error
    if not secret:
        raise UsageError(f"{setting} is said to be in {path}, which is empty. Nothing was begun.")
    return secret
