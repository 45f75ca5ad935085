"""Runs a deployment's command in a sandbox of its own: the checkout, what was granted, one door out, and no more."""

import base64
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from honk.base.censor import Censor
from honk.base.clock import monotonic_seconds
from honk.deploy import DeployError, Errand, Furnishing, OpenRoom
from honk.deploy.door import Door, Target, target_of
from honk.domain.deployment import Ended
from honk.sandbox import Ceilings, Mount, Sandbox

PutBlob = Callable[[str, bytes], Awaitable[str]]
DOOR_PORT = 8128
MAX_LOG_BYTES = 4 << 20
SHORTEST_SECRET = 8
"""A shorter one could not be struck out of a log without striking out half of it."""
_PROXY = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_ROOMY = Ceilings(disk_bytes=1 << 50)
"""What stands in the granted folders already is no deployment's doing."""
_URL_SAFE = str.maketrans("+/", "-_")
# Both streams as one, in the order in which they were written.
_JOINED = 'exec /bin/sh -c "$1" 2>&1'


@dataclass(frozen=True, slots=True)
class SandboxedDeployer:
    """Port `Deployer`."""

    put_blob: PutBlob

    async def run(self, errand: Errand, room: OpenRoom) -> Ended:
        """See the port."""
        _refuse_short(errand)
        door = Door(targets=targets_of(errand))
        ports = (DOOR_PORT,) if door.targets else ()
        mounts = tuple(Mount(source=one, target=str(one), is_writable=True) for one in errand.folders)
        if gone := [str(one) for one in errand.folders if not one.is_dir()]:
            raise DeployError(f"The granted folder {gone[0]} is not there. Nothing was run. Make it, then try again.")
        furnishing = Furnishing(name=errand.name, mounts=mounts, ports=ports, ceilings=_ROOMY)
        begun = monotonic_seconds()
        async with room(furnishing) as sandbox, _open(door, sandbox) as way_out:
            done = await sandbox.run(
                ["/bin/sh", "-c", _JOINED, "deploy", errand.command],
                env={**way_out, **errand.env, **errand.secrets},
                timeout_seconds=errand.timeout_seconds,
                max_output_bytes=MAX_LOG_BYTES,
            )
        seconds = round(monotonic_seconds() - begun, 3)
        text = done.stdout.decode("utf-8", "replace")
        log = censor_of(tuple(errand.secrets.values())).clean(_with_notes(text, door.notes))
        return Ended(
            exit_code=done.exit_code,
            timed_out=done.timed_out,
            was_flooded=done.truncated,
            seconds=seconds,
            log_blob=await self.put_blob(f"deployments/{errand.name}.log", log.encode("utf-8", "replace")),
        )


def targets_of(errand: Errand) -> Sequence[Target]:
    """Where the errand may go."""
    return (*map(target_of, errand.hosts), *(target_of(one, is_private=True) for one in errand.private_hosts))


@contextlib.asynccontextmanager
async def _open(door: Door, sandbox: Sandbox) -> AsyncIterator[dict[str, str]]:
    """The variables by which programs inside find the door; none where there is none."""
    if not door.targets:
        yield {}
        return
    listener = sandbox.listeners[DOOR_PORT]
    port = listener.getsockname()[1]
    async with door.serve(listener):
        yield {**dict.fromkeys(_PROXY, f"http://127.0.0.1:{port}"), "HONK_DOOR": f"127.0.0.1:{port}"}


def _refuse_short(errand: Errand) -> None:
    if short := [name for name, value in errand.secrets.items() if len(value) < SHORTEST_SECRET]:
        raise DeployError(
            f"The secret {short[0]} has fewer than {SHORTEST_SECRET} characters: it could not be struck out of the "
            "log. Nothing was run. Give it a longer value."
        )


def censor_of(secrets: tuple[str, ...]) -> Censor:
    """Knows them whole, line by line, and as programs print them by themselves: quoted, in hexadecimal, and in base64
    with a name before them, as in a header that `curl -v` shows."""
    forms = [
        form
        for secret in secrets
        for form in (
            secret, *(line.strip() for line in secret.splitlines()), quote(secret), quote(secret, safe=""),
            json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], secret.encode().hex(),
            base64.b64encode(secret.encode()).decode(), *_within_base64(secret.encode()),
        )
    ]  # fmt: skip
    return Censor(tuple(forms))


def _within_base64(secret: bytes) -> Iterator[str]:
    """What every base64 of something with the secret in it has: by how many bytes stand before it, modulo three."""
    for before, first in ((0, 0), (1, 2), (2, 3)):
        text = base64.b64encode(bytes(before) + secret)[first : (before + len(secret)) * 8 // 6].decode()
        yield from (text, text.translate(_URL_SAFE))


def _with_notes(text: str, notes: Sequence[str]) -> str:
    """The log, and what was asked of the door."""
    told = "".join(f"# door: {note}\n" for note in dict.fromkeys(notes))
    return f"{text}\n{told}" if told and text and not text.endswith("\n") else text + told
