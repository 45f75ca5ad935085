"""Servers beside the tests: found, prepared once, fresh in every sandbox, gone with it; and what is said where not."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from needs import needed_server

from honk.sandbox import Mount, Sandbox, SandboxSpec
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.sandbox.none import NoneBackend
from honk.workspace import Server, ServerFailed
from honk.workspace.server_shelf import ServerShelf
from honk.workspace.serving import start_servers

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ASKING = {
    "postgresql": 'psql -qAt -c "create table t (x int); insert into t values (7); select x from t" && '
    'psql -qAt -h /tmp -c "select x from t" && psql -qAt "$DATABASE_URL" -c "select x from t"',
    "redis": "redis-cli set x 7 > /dev/null && for i in 1 2 3; do redis-cli -u $REDIS_URL get x; done",
}


@asynccontextmanager
async def sandbox_with(home: Path, name: str, *servers: Server) -> AsyncIterator[Sandbox]:
    state = home / f"state-{name}"
    state.mkdir(parents=True, exist_ok=True)
    spec = SandboxSpec(
        name=name,
        state=state,
        mounts=tuple(mount for server in servers for mount in server.mounts),
        env={name: value for server in servers for name, value in server.env.items()},
    )
    sandbox = await BubblewrapBackend().open(spec)
    try:
        await start_servers(sandbox, servers)
        yield sandbox
    finally:
        await sandbox.close()


async def said(sandbox: Sandbox, script: str) -> str:
    done = await sandbox.run(["/bin/sh", "-c", script], timeout_seconds=60)
    return done.text + done.stderr.decode()


@pytest.mark.parametrize("name", ASKING)
async def test_each_sandbox_has_a_fresh_one_that_takes_connections_and_no_signals(name: str, tmp_path: Path) -> None:
    needed_server(name)
    found = await ServerShelf(tmp_path, BubblewrapBackend()).of([name])
    assert found.problems == ()
    [server] = found.servers
    for number in range(2):
        async with sandbox_with(tmp_path, f"{number}", server) as sandbox:
            assert await said(sandbox, ASKING[name]) == "7\n7\n7\n", "what another sandbox wrote is not there"
            await said(sandbox, f"pkill -9 -f {Path(server.start[0]).name}; kill -9 -1")
            assert "Read-only" in await said(sandbox, f"touch /opt/honk/servers/{name}/x")
            assert (await sandbox.run(server.ask, timeout_seconds=20)).exit_code == 0
    again = await ServerShelf(tmp_path, BubblewrapBackend()).of([name])
    assert again == found, "prepared once"


def fake(folder: Path, serving: str, *, first_words: str = "postgres (PostgreSQL) 99.1") -> None:
    """Programs of a PostgreSQL of our own making, in a version's own prefix."""
    folder.mkdir(parents=True)
    postgres = f'#!/bin/sh\n[ "$1" != --version ] || {{ echo "{first_words}"; exit; }}\n{serving}\n'
    ready = "#!/usr/bin/python3\nimport socket\nsocket.create_connection(('127.0.0.1', 5432), 1)\n"
    for name, text in {"postgres": postgres, "initdb": "#!/bin/sh\n", "pg_isready": ready}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)


LISTENS = (
    '[ "$1" != --single ] || exit 0\nexec /usr/bin/python3 -c \'import socket, time\n'
    's = socket.create_server(("127.0.0.1", 5432)); time.sleep(600)\''
)


def root_with(tmp_path: Path, serving: str) -> Path:
    fake(tmp_path / "host/opt/pgsql-99/bin", serving)
    return tmp_path / "host"


async def test_one_that_lies_in_a_prefix_of_its_own_is_shown_there(tmp_path: Path) -> None:
    root = root_with(tmp_path, LISTENS)
    found = await ServerShelf(tmp_path / "home", BubblewrapBackend(), root).of(["postgres"])
    assert found.problems == ()
    [server] = found.servers
    assert (server.version, server.mounts[0].target) == ("99.1", str(root / "opt/pgsql-99"))
    async with sandbox_with(tmp_path, "one", server) as sandbox:
        assert (await sandbox.run(server.ask, timeout_seconds=20)).exit_code == 0


async def test_one_that_does_not_start_is_named_with_its_last_words_and_asked_again_by_the_next_process(
    tmp_path: Path,
) -> None:
    root = root_with(tmp_path, '[ "$1" != --single ] || exit 0; echo "out of luck" >&2; exit 3')
    shelf = ServerShelf(tmp_path / "home", BubblewrapBackend(), root)
    [problem] = (await shelf.of(["postgresql"])).problems
    assert "postgresql 99.1 did not start" in problem
    assert "out of luck" in problem
    assert "exit code 3" in problem
    shutil.rmtree(root)
    root_with(tmp_path, LISTENS)
    assert (await shelf.of(["postgresql"])).problems == (problem,), "this process has seen it fail"
    assert (await ServerShelf(tmp_path / "home", BubblewrapBackend(), root).of(["postgresql"])).problems == ()
    assert not list((tmp_path / "home/environments").glob("*.made-*")), "nothing half made stays"


async def test_one_that_fails_while_it_is_prepared_is_named(tmp_path: Path) -> None:
    root = root_with(tmp_path, 'echo "no cluster" >&2; exit 1')
    [problem] = (await ServerShelf(tmp_path / "home", BubblewrapBackend(), root).of(["postgresql"])).problems
    assert "could not be prepared" in problem
    assert "no cluster" in problem


async def test_one_that_never_takes_a_connection_is_given_up(tmp_path: Path) -> None:
    deaf = Server(name="deaf", version="1", start=("/bin/sleep", "600"), ask=("/bin/false",))
    async with sandbox_with(tmp_path, "deaf") as sandbox:
        with pytest.raises(ServerFailed, match="took no connection within 0 s"):
            await start_servers(sandbox, [deaf], ready_seconds=0.2)


async def test_what_is_not_there_not_known_or_not_isolated_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = (
        await ServerShelf(tmp_path / "home", BubblewrapBackend(), tmp_path).of(["redis", "postgresql", "oracle"])
    ).problems
    assert ["redis-server" in told[0], "apt-get install postgresql" in told[1], "'oracle'" in told[2]] == [True] * 3
    [problem] = (await ServerShelf(tmp_path / "home", NoneBackend()).of(["redis"])).problems
    assert "a network of its own" in problem
    assert not (tmp_path / "home").exists(), "nothing was made"


async def test_the_programs_of_a_set_up_have_no_part_in_the_start(tmp_path: Path) -> None:
    """A change's dependencies put programs in front of the system's; they shall not decide whether a server starts."""
    root = root_with(tmp_path, LISTENS)
    [server] = (await ServerShelf(tmp_path / "home", BubblewrapBackend(), root).of(["postgresql"])).servers
    evil = tmp_path / "evil"
    evil.mkdir()
    for name in ("mkdir", "cp", "chmod", "rm", "sh", "python3"):
        (evil / name).write_text("#!/bin/sh\nexit 9\n")
        (evil / name).chmod(0o755)
    spec_state = tmp_path / "state"
    spec_state.mkdir()
    shown = (*server.mounts, Mount(source=evil, target="/opt/evil"))
    spec = SandboxSpec(name="evil", state=spec_state, mounts=shown, path=("/opt/evil",))
    sandbox = await BubblewrapBackend().open(spec)
    try:
        assert (await sandbox.run(["/bin/sh", "-c", "mkdir x"], timeout_seconds=20)).exit_code == 9
        await start_servers(sandbox, [server])
    finally:
        await asyncio.shield(sandbox.close())
