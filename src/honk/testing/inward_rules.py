"""What `Sandbox.connect` must keep: a server inside is reached from outside, and nothing else is."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from honk.sandbox import Process, Sandbox, SandboxBackend, SandboxLost
from honk.testing.sandbox_rules import Rule, opened

_SERVE = """
import socket
server = socket.create_server(("{address}", 0), family=socket.{family}, backlog={backlog})
print(server.getsockname()[1], flush=True)
{then}
"""
_ECHO = "while True:\n    one = server.accept()[0]; one.sendall(one.recv(100).upper()); one.close()"


@contextlib.asynccontextmanager
async def _serving(
    sandbox: Sandbox, then: str, *, address: str = "127.0.0.1", family: str = "AF_INET", backlog: int = 64
) -> AsyncIterator[tuple[int, Process]]:
    """A server inside, on a port that is free there."""
    script = _SERVE.format(address=address, family=family, backlog=backlog, then=then)
    program = await sandbox.spawn(["/usr/bin/python3", "-c", script])
    try:
        yield int(await anext(program.output())), program
    finally:
        await program.kill()


async def _said(connection: socket.socket | None) -> bytes:
    assert connection is not None
    reader, writer = await asyncio.open_connection(sock=connection)
    writer.write(b"honk")
    try:
        return await reader.read()
    finally:
        writer.close()


async def a_server_inside_is_connected_to(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox, _serving(sandbox, _ECHO) as (port, _):
        async with asyncio.TaskGroup() as group:
            several = [group.create_task(sandbox.connect(port)) for _ in range(20)]
        assert [await _said(one.result()) for one in several] == [b"HONK"] * 20


async def a_server_of_the_other_family_is_connected_to(backend: SandboxBackend, base: Path) -> None:
    async with (
        opened(backend, base) as sandbox,
        _serving(sandbox, _ECHO, address="::1", family="AF_INET6") as (port, _),
    ):
        assert await _said(await sandbox.connect(port)) == b"HONK"


async def where_nothing_listens_there_is_no_connection(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        async with _serving(sandbox, _ECHO) as (port, program):
            await program.kill()
            assert await sandbox.connect(port) is None
        await sandbox.close()
        with pytest.raises(SandboxLost):
            await sandbox.connect(port)


async def a_server_that_takes_no_connection_is_not_waited_for(backend: SandboxBackend, base: Path) -> None:
    async with (
        opened(backend, base) as sandbox,
        _serving(sandbox, "import time; time.sleep(60)", backlog=0) as (port, _),
    ):
        waiting = []
        while connection := await sandbox.connect(port, timeout_seconds=0.05):
            waiting.append(connection)
        assert 0 < len(waiting) < 10
        for connection in waiting:
            connection.close()


INWARD_RULES: tuple[Rule, ...] = (
    a_server_inside_is_connected_to,
    a_server_of_the_other_family_is_connected_to,
    where_nothing_listens_there_is_no_connection,
    a_server_that_takes_no_connection_is_not_waited_for,
)
"""For every backend."""


async def a_connection_leads_inside_only(backend: SandboxBackend, base: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        async with opened(backend, base) as sandbox:
            assert await sandbox.connect(port) is None


async def what_ran_inside_is_measured(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        before = sandbox.cpu_seconds()
        assert before is not None
        busy = "import time\nwhile time.process_time() < 0.3: pass"
        await sandbox.run(["/usr/bin/python3", "-c", busy], timeout_seconds=20)
        after = sandbox.cpu_seconds()
        assert after is not None
        assert 0.25 < after - before < 5
        await sandbox.close()
        assert sandbox.cpu_seconds() is None


INWARD_ISOLATION_RULES: tuple[Rule, ...] = (a_connection_leads_inside_only, what_ran_inside_is_measured)
"""For every backend that says it isolates."""
