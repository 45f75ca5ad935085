"""Starts servers in a sandbox, before anything else runs in it, and waits until each accepts a connection.

They are programs of the sandbox like any other, each in process ids of its own: they end with it, and no other program
in it can signal them.
"""

import asyncio
from collections.abc import Sequence

from honk.base.clock import monotonic_seconds
from honk.sandbox import Process, Sandbox
from honk.workspace import Server, ServerFailed
from honk.workspace.servers import first_data, live_data

READY_SECONDS = 60.0
_ASK_SECONDS = 10.0
_PAUSE_SECONDS = 0.02
# The first data is never written: each sandbox has a copy of its own. Standard output has no reader.
_START = """\
set -eu
umask 077
rm -rf "$2"
mkdir "$2"
[ ! -d "$1" ] || cp -a "$1/." "$2"
chmod 700 "$2"
cd "$2"
shift 2
exec "$@" >&2
"""
_ENV = {"PATH": "/usr/bin:/bin"}
"""No program that a set-up put in front of the system's has a part in it."""


async def start_servers(sandbox: Sandbox, servers: Sequence[Server], *, ready_seconds: float = READY_SECONDS) -> None:
    """Start them all. They run until the sandbox is closed.

    Raises:
        ServerFailed: one ended, or accepted no connection in time; the message has its last words.
        SandboxLost: the sandbox died meanwhile.
    """
    started = [(server, await sandbox.spawn(_command(server), env=_ENV, cwd="/")) for server in servers]
    for server, program in started:
        await program.close_stdin()
        await _wait_for(sandbox, server, program, ready_seconds)


def _command(server: Server) -> tuple[str, ...]:
    return ("/bin/sh", "-c", _START, "sh", first_data(server.name), live_data(server.name), *server.start)


async def _wait_for(sandbox: Sandbox, server: Server, program: Process, ready_seconds: float) -> None:
    give_up_at = monotonic_seconds() + ready_seconds
    ended = asyncio.create_task(program.wait())
    try:
        while True:
            asked = await sandbox.run(server.ask, env=_ENV, cwd="/", timeout_seconds=_ASK_SECONDS)
            if ended.done():
                raise ServerFailed(_words(server, f"it ended with exit code {await ended}", program))
            if asked.exit_code == 0:
                return
            if monotonic_seconds() >= give_up_at:
                raise ServerFailed(_words(server, f"it took no connection within {ready_seconds:.0f} s", program))
            await asyncio.sleep(_PAUSE_SECONDS)
    finally:
        ended.cancel()


def _words(server: Server, why: str, program: Process) -> str:
    last = " ".join(program.stderr_tail().split())[-500:]
    return (
        f"The service {server.name} {server.version} did not start in a sandbox: {why}. Its last words: {last or '-'}"
    )
