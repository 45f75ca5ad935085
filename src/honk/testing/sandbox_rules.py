"""What every sandbox backend must keep. Each rule gets a backend and an empty directory of its own."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from honk.sandbox import (
    HOME,
    WORKSPACE,
    Ceilings,
    DiskFull,
    Mount,
    Sandbox,
    SandboxBackend,
    SandboxBusy,
    SandboxLost,
    SandboxSpec,
)
from honk.sandbox.probe import probe
from honk.sandbox.state import remove_state

Rule = Callable[[SandboxBackend, Path], Awaitable[None]]


@contextlib.asynccontextmanager
async def opened(backend: SandboxBackend, base: Path, **parts: object) -> AsyncIterator[Sandbox]:
    """A sandbox on `base/state`, closed at the end."""
    sandbox = await backend.open(SandboxSpec(**{"name": "rule", "state": base / "state", **parts}))  # type: ignore[arg-type]
    try:
        yield sandbox
    finally:
        await sandbox.close()


async def sh(sandbox: Sandbox, script: str, timeout_seconds: float = 20, **parts: object) -> str:
    """The output of a script that must succeed."""
    done = await sandbox.run(["sh", "-c", script], timeout_seconds=timeout_seconds, **parts)  # type: ignore[arg-type]
    assert done.exit_code == 0, done
    return done.text


async def output_streams_as_it_comes(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        program = await sandbox.spawn(["sh", "-c", "echo one; read line; echo two $line; echo tail >&2"])
        output = program.output()
        assert await anext(output) == b"one\n"  # although the program has not ended: it waits for us
        await program.write(b"word\n")
        assert b"".join([chunk async for chunk in output]) == b"two word\n"
        assert await program.wait() == 0
        assert program.stderr_tail() == "tail\n"


async def standard_input_is_fed_and_ends(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        data = os.urandom(300_000)
        done = await sandbox.run(["cat"], stdin=data, timeout_seconds=20)
        assert done.stdout == data
        done = await sandbox.run(["true"], stdin=data, timeout_seconds=20)  # reads nothing of it
        assert done.exit_code == 0


async def exit_codes_and_signals_are_told(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        for script, code in (("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -TERM $$", -15)):
            assert (await sandbox.run(["sh", "-c", script], timeout_seconds=20)).exit_code == code
        missing = await sandbox.run(["no-such-program"], timeout_seconds=20)
        assert missing.exit_code == 127
        assert b"no-such-program" in missing.stderr
        pipe = ["bash", "-c", "yes | true; echo ${PIPESTATUS[0]}"]  # no signal is ignored: 128 + SIGPIPE
        assert (await sandbox.run(pipe, timeout_seconds=20)).stdout == b"141\n"


async def a_time_out_ends_everything_that_was_started(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        script = "setsid nohup sh -c 'while :; do date +%s%N > beat; sleep 0.02; done' >/dev/null 2>&1 & sleep 60"
        done = await sandbox.run(["sh", "-c", script], timeout_seconds=0.5)
        assert done.timed_out
        assert done.exit_code == -9
        first = await sh(sandbox, "cat beat")
        assert await sh(sandbox, "sleep 0.2; cat beat") == first


async def what_a_program_leaves_behind_ends_with_it(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        await sh(sandbox, "setsid sh -c 'while :; do date +%s%N > beat; sleep 0.02; done' >/dev/null 2>&1 & sleep 0.1")
        first = await sh(sandbox, "cat beat")
        assert await sh(sandbox, "sleep 0.2; cat beat") == first


async def a_flood_is_cut(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        for script in ("yes", "yes >&2"):
            done = await sandbox.run(["sh", "-c", script], timeout_seconds=20, max_output_bytes=100_000)
            assert done.truncated
            assert not done.timed_out
            assert len(done.stdout) <= 100_000


async def cancellation_ends_the_program(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        script = "touch begun; while :; do date +%s%N > beat; sleep 0.02; done"
        running = asyncio.create_task(sandbox.run(["sh", "-c", script], timeout_seconds=60))
        await sh(sandbox, "until [ -e beat ]; do sleep 0.01; done")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        first = await sh(sandbox, "cat beat")
        assert await sh(sandbox, "sleep 0.1; cat beat") == first


async def kill_is_idempotent_and_ends_waiting(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        program = await sandbox.spawn(["sleep", "60"])
        await program.kill()
        await program.kill()
        assert await program.wait() == -9


async def programs_at_once_share_files(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        async with asyncio.TaskGroup() as group:
            wait = "until [ -e {} ]; do sleep 0.01; done"
            reader = group.create_task(sh(sandbox, f"{wait.format('flag')}; cat flag; touch $TMPDIR/seen"))
            group.create_task(sh(sandbox, f"echo hello > .flag; mv .flag flag; {wait.format('$TMPDIR/seen')}"))
        assert reader.result() == "hello\n"


async def the_same_state_shows_the_same_files(backend: SandboxBackend, base: Path) -> None:
    layer = base / "layer"
    (layer / "old").mkdir(parents=True)
    (layer / "kept").write_text("kept")
    (layer / "gone").write_text("gone")
    for expected in ("gone kept old ", "kept new old "):
        async with opened(backend, base, layers=(layer,)) as sandbox:
            assert (await sh(sandbox, "ls | tr '\\n' ' '")) == expected
            await sh(sandbox, "rm -f gone; echo new > new; echo changed > kept")
    assert (layer / "kept").read_text() == "kept"
    assert (layer / "gone").exists()


async def layers_stack_topmost_first(backend: SandboxBackend, base: Path) -> None:
    layers = [base / "a: top, \\1", base / "b", base / "c"]
    for number, layer in enumerate(layers):
        layer.mkdir()
        (layer / "shared").write_text(str(number))
        (layer / f"own{number}").write_text("")
    for number in range(3000):
        (layers[2] / f"file{number}").touch()
    async with opened(backend, base, layers=tuple(layers)) as sandbox:
        assert await sh(sandbox, "cat shared; ls | wc -l") == "03004\n"


async def one_state_is_never_open_twice(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base):
        with pytest.raises(SandboxBusy):
            await backend.open(SandboxSpec(name="second", state=base / "state"))
    async with opened(backend, base):
        pass


async def the_environment_is_what_was_given(backend: SandboxBackend, base: Path) -> None:
    os.environ["HONK_CANARY"] = "canary"
    try:
        async with opened(backend, base, env={"A": "1", "B": "2"}, path=("/opt/some/bin",)) as sandbox:
            lines = (await sh(sandbox, "env -0", env={"B": "x y\nz", "C": ""})).split("\0")
    finally:
        del os.environ["HONK_CANARY"]
    seen = dict(line.split("=", 1) for line in lines if line)
    assert {name: seen.pop(name) for name in ("A", "B", "C")} == {"A": "1", "B": "x y\nz", "C": ""}
    assert "/opt/some/bin" in seen.pop("PATH").split(":")
    seen = {name: value for name, value in seen.items() if not name.startswith("HONK_NONE")}
    assert set(seen) <= {"HOME", "USER", "LANG", "TMPDIR", "PWD", "HONK_WORKSPACE", "_"}


async def paths_inside_are_names_that_the_sandbox_resolves(backend: SandboxBackend, base: Path) -> None:
    shown, kept = base / "shown", base / "kept"
    for folder in (shown / "bin", kept):
        folder.mkdir(parents=True)
    (shown / "bin" / "tool").write_text("#!/bin/sh\necho tool\n")
    (shown / "bin" / "tool").chmod(0o755)
    mounts = (
        Mount(source=shown, target="/opt/shown"),
        Mount(source=kept, target=f"{HOME}/.kept", is_writable=True),
    )
    parts = {"mounts": mounts, "path": ("/opt/shown/bin",), "env": {"OWN": "/opt/shown"}}
    async with opened(backend, base, **parts) as sandbox:
        script = "tool; ls $OWN; touch $GIVEN/given"
        assert await sh(sandbox, script, env={"GIVEN": f"{HOME}/.kept"}) == "tool\nbin\n"
        assert (await sandbox.run(["/opt/shown/bin/tool"], timeout_seconds=20)).text == "tool\n"
        text = f"{sandbox.inside('/opt/shown/bin/tool')} > {sandbox.inside(f'{HOME}/.kept/made')}"
        await sh(sandbox, text, cwd="/opt/shown")
        for name in (WORKSPACE, "/tmp/file", f"{HOME}/.kept/made"):  # noqa: S108 - inside
            assert sandbox.inside(sandbox.inside(name)) == sandbox.inside(name)
            await sandbox.run(["touch", name], timeout_seconds=20)
            assert (await sandbox.run(["test", "-e", sandbox.inside(name)], timeout_seconds=20)).exit_code == 0
        assert sandbox.inside("/opt/shown-not") == "/opt/shown-not"
        assert (await sandbox.run(["pwd"], cwd=f"{WORKSPACE}/", timeout_seconds=20)).exit_code == 0
    assert (kept / "made").read_text() == "tool\n"
    assert (kept / "given").exists()


async def what_was_written_is_a_layer_for_others(backend: SandboxBackend, base: Path) -> None:
    layer = base / "layer"
    (layer / "old").mkdir(parents=True)
    async with opened(backend, base, layers=(layer,)) as sandbox:
        await sh(sandbox, "echo new > old/new")
    spec = SandboxSpec(name="other", state=base / "other", layers=(sandbox.upper, layer))
    other = await backend.open(spec)
    try:
        assert await sh(other, "cat old/new") == "new\n"
    finally:
        await other.close()


async def any_file_name_passes(backend: SandboxBackend, base: Path) -> None:
    name = "a b\n'\"$x\\ ü"
    async with opened(backend, base) as sandbox:
        assert (await sandbox.run(["touch", "--", name], timeout_seconds=20)).exit_code == 0
        assert (await sandbox.run(["sh", "-c", "printf %s *"], timeout_seconds=20)).text == name
        assert (await sandbox.run(["printf", "%s", "x" * 100_000], timeout_seconds=20)).stdout == b"x" * 100_000


async def listeners_are_reached_from_inside(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base, ports=(8081,)) as sandbox:

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.0 200 OK\r\n\r\nhonk")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, sock=sandbox.listeners[8081].dup()):
            port = sandbox.listeners[8081].getsockname()[1]
            script = f"exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
            done = await sandbox.run(["bash", "-c", script], timeout_seconds=20)
        assert done.stdout.endswith(b"honk"), done


async def a_bridge_is_the_program_inside(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        line = sandbox.bridge(["sh", "-c", 'cat; echo "$GIVEN" "$@"; echo err >&2; exit 7', "sh"], {"GIVEN": "yes"})
        bridge = await asyncio.create_subprocess_exec(*line, "a b", stdin=-1, stdout=-1, stderr=-1)
        assert await bridge.communicate(b"in\n") == (b"in\nyes a b\n", b"err\n")
        assert bridge.returncode == 7


async def a_killed_bridge_takes_its_program_along(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        line = sandbox.bridge(["sh", "-c", "while :; do date +%s%N > beat; sleep 0.02; done"], {})
        for kill in ("terminate", "kill"):
            bridge = await asyncio.create_subprocess_exec(*line)
            await sh(sandbox, "rm -f beat; until [ -s beat ]; do sleep 0.01; done")
            getattr(bridge, kill)()
            assert await bridge.wait() != 0
            await sh(sandbox, 'until a=$(cat beat); sleep 0.1; [ "$a" = "$(cat beat)" ]; do :; done')


async def closing_ends_everything_and_is_idempotent(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        program = await sandbox.spawn(["sleep", "60"])
        await sh(sandbox, "head -c 100000 /dev/zero > file")
        usage = await sandbox.close()
        assert usage.written_bytes >= 100_000
        assert await sandbox.close() == usage
        with contextlib.suppress(SandboxLost):
            assert await program.wait() == -9
        with pytest.raises(SandboxLost):
            await sandbox.spawn(["true"])


SANDBOX_RULES: tuple[Rule, ...] = (
    output_streams_as_it_comes,
    standard_input_is_fed_and_ends,
    exit_codes_and_signals_are_told,
    a_time_out_ends_everything_that_was_started,
    what_a_program_leaves_behind_ends_with_it,
    a_flood_is_cut,
    cancellation_ends_the_program,
    kill_is_idempotent_and_ends_waiting,
    programs_at_once_share_files,
    the_same_state_shows_the_same_files,
    layers_stack_topmost_first,
    one_state_is_never_open_twice,
    the_environment_is_what_was_given,
    paths_inside_are_names_that_the_sandbox_resolves,
    what_was_written_is_a_layer_for_others,
    any_file_name_passes,
    listeners_are_reached_from_inside,
    a_bridge_is_the_program_inside,
    a_killed_bridge_takes_its_program_along,
    closing_ends_everything_and_is_idempotent,
)
"""For every backend."""


async def nothing_gets_out(backend: SandboxBackend, base: Path) -> None:
    results = await probe(backend, base / "probe")
    assert not [result for result in results if not result.passed]
    assert len(results) > 50


async def loopback_is_shared_inside_only(backend: SandboxBackend, base: Path) -> None:
    serve = "import socket; s = socket.create_server(('127.0.0.1', 5000)); print('up', flush=True)"
    async with opened(backend, base) as sandbox:
        server = await sandbox.spawn(["/usr/bin/python3", "-c", f"{serve}; s.accept()[0].send(b'hi')"])
        assert await anext(server.output()) == b"up\n"
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", 5000)
        done = await sandbox.run(["bash", "-c", "cat < /dev/tcp/127.0.0.1/5000"], timeout_seconds=20)
        assert done.stdout == b"hi"


async def a_directory_of_a_layer_is_moved_by_git(backend: SandboxBackend, base: Path) -> None:
    layer = base / "layer"
    (layer / "dir/sub").mkdir(parents=True)
    (layer / "dir/sub/file").write_text("x")
    (layer / "file").write_text("y")
    async with opened(backend, base, layers=(layer,)) as sandbox:
        await sh(sandbox, "git init -q; git add -A; git -c user.name=a -c user.email=a@b commit -qm x")
        for script, files in (
            ("git mv dir moved", "file moved/sub/file "),
            ("mkdir in && git mv -k moved file in/", "in/file in/moved/sub/file "),
            ("git -C in mv -v moved/sub ../top", "in/file top/sub/file "),
            ("git mv top/sub/file 'mv' && git mv mv back", "back in/file "),
        ):
            if "../top" in script:
                await sh(sandbox, "mkdir top")
            await sh(sandbox, script)
            assert await sh(sandbox, "git ls-files | tr '\\n' ' '") == files
        assert (await sandbox.run(["git", "mv", "nothing", "x"], timeout_seconds=20)).exit_code == 128


async def the_disk_ceiling_ends_what_runs(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base, ceilings=Ceilings(disk_bytes=2 << 20)) as sandbox:
        with pytest.raises(DiskFull):
            await sh(sandbox, "head -c 4000000 /dev/zero > big; sleep 60", timeout_seconds=30)
        await sh(sandbox, "rm big")


async def what_is_written_into_a_mount_counts_too(backend: SandboxBackend, base: Path) -> None:
    (base / "kept").mkdir(parents=True)
    mounts = (Mount(source=base / "kept", target=f"{HOME}/.kept", is_writable=True),)
    async with opened(backend, base, mounts=mounts, ceilings=Ceilings(disk_bytes=2 << 20)) as sandbox:
        with pytest.raises(DiskFull):
            await sh(sandbox, "head -c 4000000 /dev/zero > ~/.kept/big; sleep 60", timeout_seconds=10)


async def any_state_is_removed(backend: SandboxBackend, base: Path) -> None:
    """Deeper than a path can tell, closed directories, links out."""
    async with opened(backend, base) as sandbox:
        name = "d" * 250
        nest = f"i=0; while [ $i -lt 20 ]; do mkdir {name} && cd -P {name} && i=$((i+1)); done; touch end"
        await sh(sandbox, f"{nest}; cd /workspace; mkdir a && touch a/b && chmod 0 a")
    outside = base / "outside"
    outside.write_text("")
    (base / "state/u/link").symlink_to(base)
    await remove_state(base / "state")
    assert not (base / "state").exists()
    assert outside.exists()
    await remove_state(base / "state")


async def a_tree_too_deep_to_measure_counts_as_full(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        name = "d" * 250
        with pytest.raises(DiskFull):
            await sh(sandbox, f"i=0; while [ $i -lt 20 ]; do mkdir {name} && cd {name} && i=$((i+1)); done; sleep 60")


async def starting_is_quick(backend: SandboxBackend, base: Path) -> None:
    async with opened(backend, base) as sandbox:
        times = []
        for _ in range(20):
            begun = time.monotonic()
            await sandbox.run(["true"], timeout_seconds=20)
            times.append(time.monotonic() - begun)
        assert min(times) < 0.05, times


ISOLATION_RULES: tuple[Rule, ...] = (
    nothing_gets_out,
    loopback_is_shared_inside_only,
    a_directory_of_a_layer_is_moved_by_git,
    the_disk_ceiling_ends_what_runs,
    what_is_written_into_a_mount_counts_too,
    any_state_is_removed,
    a_tree_too_deep_to_measure_counts_as_full,
    starting_is_quick,
)
"""For every backend that says it isolates."""
