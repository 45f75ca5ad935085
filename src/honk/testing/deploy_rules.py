"""What every `Deployer` keeps: the command gets what it was granted, and reaches nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from honk.deploy import Deployer, Errand, Furnishing, OpenRoom
from honk.sandbox import Sandbox, SandboxBackend, SandboxSpec

SECRET = "a-secret of production"  # noqa: S105 - of tests
_PROBE = """\
import os, socket, sys
host, port = sys.argv[1].rsplit(":", 1)
door = os.environ.get("HONK_DOOR")
if door is None:
    socket.create_connection((host, int(port)), timeout=5)
else:
    way = socket.create_connection(tuple(door.split(":")), timeout=5)
    way.sendall(f"CONNECT {host}:{port} HTTP/1.1\\r\\n\\r\\n".encode())
    print(way.recv(1000).split(b"\\r\\n")[0].decode())
    way.sendall(b"hello")
    way.shutdown(socket.SHUT_WR)
    print(way.recv(1000).decode())
"""


@dataclass(slots=True)
class Bench:
    """A deployer beside rooms over one folder of files, and what it kept."""

    deployer: Deployer
    blobs: dict[str, bytes]
    backend: SandboxBackend
    place: Path
    opened: list[str] = field(default_factory=list)

    def room(self, files: dict[str, str]) -> OpenRoom:
        """Fresh each time."""

        @asynccontextmanager
        async def open_one(furnishing: Furnishing) -> AsyncIterator[Sandbox]:
            place = self.place / f"{furnishing.name}-{len(self.opened)}"
            self.opened.append(furnishing.name)
            layer = place / "layer"
            layer.mkdir(parents=True)
            for name, text in files.items():
                (layer / name).write_text(text)
            (place / "state").mkdir()
            sandbox = await self.backend.open(
                SandboxSpec(
                    name=furnishing.name,
                    layers=(layer,),
                    state=place / "state",
                    mounts=furnishing.mounts,
                    ports=furnishing.ports,
                    ceilings=furnishing.ceilings,
                )
            )
            try:
                yield sandbox
            finally:
                await sandbox.close()

        return open_one

    def log(self, blob: str | None) -> str:
        """What a command said."""
        assert blob is not None
        return self.blobs[blob].decode()


Rule = Callable[[Bench], Awaitable[None]]


async def runs_on_the_checkout_with_its_variables(bench: Bench) -> None:
    """And a failure is an answer."""
    errand = Errand(name="a", command='cat told; echo "$STAGE"; exit 4', timeout_seconds=30, env={"STAGE": "live"})
    done = await bench.deployer.run(errand, bench.room({"told": "of the commit\n"}))
    assert done.exit_code == 4
    assert bench.log(done.log_blob) == "of the commit\nlive\n"
    assert done.seconds > 0


async def shows_no_secret(bench: Bench) -> None:
    """It is there for the command, and nowhere in what is kept."""
    errand = Errand(
        name="a", command='test "$TOKEN" = "a-secret of production" && echo "it is $TOKEN"', timeout_seconds=30,
        secrets={"TOKEN": SECRET},
    )  # fmt: skip
    done = await bench.deployer.run(errand, bench.room({}))
    assert done.exit_code == 0
    assert bench.log(done.log_blob) == "it is [censored]\n"


async def writes_granted_folders_and_no_others(bench: Bench) -> None:
    """Where they are."""
    granted, other = bench.place / "granted", bench.place / "other"
    granted.mkdir()
    other.mkdir()
    command = f"echo new > {granted}/file; echo new > {other}/file; ls {bench.place}"
    errand = Errand(name="a", command=command, timeout_seconds=30, folders=(granted,))
    await bench.deployer.run(errand, bench.room({}))
    assert (granted / "file").read_text() == "new\n"
    assert not (other / "file").exists()


async def reaches_what_is_granted_and_nothing_else(bench: Bench) -> None:
    """By the door alone; where nothing is granted there is no network at all."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"heard " + await reader.read())
        writer.close()

    async with (
        await asyncio.start_server(echo, "127.0.0.1", 0) as one,
        await asyncio.start_server(echo, "127.0.0.1", 0) as two,
    ):
        granted, other = (f"127.0.0.1:{server.sockets[0].getsockname()[1]}" for server in (one, two))
        command = f"python3 probe.py {granted}; python3 probe.py {other}"
        errand = Errand(name="a", command=command, timeout_seconds=30, hosts=(granted,))
        done = await bench.deployer.run(errand, bench.room({"probe.py": _PROBE}))
        closed = Errand(name="b", command=f"python3 probe.py {granted}", timeout_seconds=30)
        without = await bench.deployer.run(closed, bench.room({"probe.py": _PROBE}))
    log = bench.log(done.log_blob)
    assert "HTTP/1.1 200 Connection established\nheard hello\n" in log
    assert "HTTP/1.1 403 Forbidden" in log
    assert f"# door: passed: {granted}" in log
    assert f"# door: refused: '{other}' is not among the granted hosts" in log
    assert without.exit_code != 0
    assert "refused" in bench.log(without.log_blob) or "unreachable" in bench.log(without.log_blob)


async def ends_what_hangs_with_all_that_it_started(bench: Bench) -> None:
    """At its limit."""
    granted = bench.place / "granted"
    granted.mkdir()
    command = f"(while :; do date +%N > {granted}/file; sleep 0.01; done) & echo begun; sleep 60"
    errand = Errand(name="a", command=command, timeout_seconds=1.5, folders=(granted,))
    done = await bench.deployer.run(errand, bench.room({}))
    assert done.timed_out
    assert bench.log(done.log_blob) == "begun\n"
    last = (granted / "file").read_text()
    await asyncio.sleep(0.1)
    assert (granted / "file").read_text() == last, "nobody writes any more"


DEPLOY_RULES: tuple[Rule, ...] = (
    runs_on_the_checkout_with_its_variables,
    shows_no_secret,
    writes_granted_folders_and_no_others,
    reaches_what_is_granted_and_nothing_else,
    ends_what_hangs_with_all_that_it_started,
)
