"""Whoever dies, nothing lives on inside, and the same state opens again with its files."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

import honk
from honk.base.ids import new_id
from honk.sandbox import Mount, SandboxBusy, SandboxLost, SandboxSpec, SandboxUnavailable
from honk.sandbox.bubblewrap import BubblewrapBackend, BubblewrapSandbox

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from honk.sandbox import SandboxSpec
from honk.sandbox.bubblewrap import BubblewrapBackend

async def main():
    state, script = sys.argv[1:]
    sandbox = await BubblewrapBackend().open(SandboxSpec(name="t", state=Path(state)))
    program = await sandbox.spawn(["sh", "-c", script])
    print((await anext(program.output())).decode(), flush=True)
    await program.wait()

asyncio.run(main())
"""


def pids_with(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


async def until_gone(mark: str) -> None:
    async with asyncio.timeout(10):
        while pids_with(mark):
            await asyncio.sleep(0.01)


async def reopen(state: Path) -> BubblewrapSandbox:
    async with asyncio.timeout(10):
        while True:
            try:
                return await BubblewrapBackend().open(SandboxSpec(name="again", state=state))
            except SandboxBusy:
                await asyncio.sleep(0.01)


def busy(mark: str) -> str:
    return f"echo kept > file; setsid nohup sh -c 'sleep 60; : {mark}' >/dev/null 2>&1 & echo up; sleep 60; : {mark}"


async def still_has_its_file(state: Path) -> bool:
    sandbox = await reopen(state)
    try:
        return (await sandbox.run(["cat", "file"], timeout_seconds=20)).stdout == b"kept\n"
    finally:
        await sandbox.close()


@pytest.mark.parametrize("victim", ["stub", "holder"])
async def test_the_death_of_the_holder_ends_everything_inside(victim: str, tmp_path: Path) -> None:
    state, mark = tmp_path / "state", new_id(16)
    sandbox = await BubblewrapBackend().open(SandboxSpec(name="t", state=state))
    program = await sandbox.spawn(["sh", "-c", busy(mark)])
    assert await anext(program.output()) == b"up\n"
    stub, holder = sorted(pids_with(str(state)))  # the stub forked the holder
    os.kill({"stub": stub, "holder": holder}[victim], signal.SIGKILL)
    with pytest.raises(SandboxLost):
        await program.wait()
    await until_gone(mark)
    with pytest.raises(SandboxLost):
        await sandbox.run(["true"], timeout_seconds=20)
    assert await still_has_its_file(state)
    await sandbox.close()


async def test_the_death_of_the_supervisor_ends_everything_inside(tmp_path: Path) -> None:
    state, mark = tmp_path / "state", new_id(16)
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUPERVISOR, str(state), busy(mark), stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    assert await supervisor.stdout.readline() == b"up\n"
    with pytest.raises(SandboxBusy):
        await BubblewrapBackend().open(SandboxSpec(name="second", state=state))
    supervisor.kill()
    await supervisor.wait()
    await until_gone(mark)
    assert await still_has_its_file(state)


async def test_a_profile_that_cannot_be_put_up_is_found_at_opening(tmp_path: Path) -> None:
    mounts = (Mount(source=tmp_path / "missing", target="/opt/missing"),)
    with pytest.raises(SandboxUnavailable, match="missing"):
        await BubblewrapBackend().open(SandboxSpec(name="t", state=tmp_path / "s", mounts=mounts))


async def test_mounts_are_shown_where_they_should_be(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/file").write_text("x")
    mounts = (
        Mount(source=tmp_path / "source", target="/home/agent/.config/tool"),
        Mount(source=tmp_path / "source", target="/opt/tool", is_writable=True),
        Mount(source=tmp_path / "source/file", target="/workspace/one"),
    )
    sandbox = await BubblewrapBackend().open(SandboxSpec(name="t", state=tmp_path / "s", mounts=mounts))
    script = "cat ~/.config/tool/file /workspace/one; ! touch ~/.config/tool/x && touch /opt/tool/y ~/.config/z"
    done = await sandbox.run(["sh", "-c", script], timeout_seconds=20)
    await sandbox.close()
    assert (done.stdout, done.exit_code) == (b"xx", 0)
    assert sorted(path.name for path in (tmp_path / "source").iterdir()) == ["file", "y"]


async def test_when_kill_returns_nothing_of_the_program_is_alive(tmp_path: Path) -> None:
    sandbox = await BubblewrapBackend().open(SandboxSpec(name="t", state=tmp_path / "s"))
    for _ in range(5):
        mark = new_id(16)
        script = f"for i in $(seq 100); do setsid sh -c 'sleep 60; : {mark}' & done; echo up; sleep 60"
        program = await sandbox.spawn(["sh", "-c", script])
        assert await anext(program.output()) == b"up\n"
        await program.kill()
        assert pids_with(mark) == []
    await sandbox.close()


@pytest.mark.parametrize("root", ["", "/oldroot"])
@pytest.mark.parametrize("place", ["workspace", "home/agent"])
async def test_a_link_left_inside_never_leads_a_mount_out(place: str, root: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "file").write_text("x")
    mounts = (Mount(source=tmp_path / "file", target=f"/{place}/a/b"),)
    spec = SandboxSpec(name="t", state=tmp_path / "s", mounts=mounts)
    backend = BubblewrapBackend()
    plain = await backend.open(SandboxSpec(name="t", state=tmp_path / "s"))
    await plain.run(["ln", "-s", f"{root}{outside}", f"/{place}/a"], timeout_seconds=20)
    await plain.run(["ln", "-s", str(outside), "/workspace/c"], timeout_seconds=20)
    await plain.close()
    if place == "workspace":
        with pytest.raises(SandboxUnavailable, match="stands in the way"):
            await backend.open(spec)
    else:
        sandbox = await backend.open(spec)  # the home is a new one each time
        script = f"cd; mv a z && ln -s {root}{outside} a"
        assert (await sandbox.run(["sh", "-c", script], timeout_seconds=20)).exit_code == 0
        assert (await sandbox.run(["true"], timeout_seconds=20)).exit_code == 0
        await sandbox.close()
    assert list(outside.iterdir()) == []


async def test_where_user_namespaces_are_refused_nothing_runs(tmp_path: Path) -> None:
    """Inside a sandbox there is no second one: a real refusal by a kernel."""
    roots = {Path(sys.base_prefix).resolve(), Path(sys.prefix), Path(honk.__file__).parents[1]}
    mounts = tuple(Mount(source=root, target=str(root)) for root in roots if not root.is_relative_to("/usr"))
    sandbox = await BubblewrapBackend().open(SandboxSpec(name="t", state=tmp_path / "s", mounts=mounts))
    env = {"PYTHONPATH": str(Path(honk.__file__).parents[1]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = await sandbox.run([sys.executable, "-c", SUPERVISOR, "/tmp/state", "echo up"], env=env, timeout_seconds=30)
    await sandbox.close()
    assert done.exit_code == 1
    assert done.stdout == b""
    assert b"SandboxUnavailable: This machine does not let Honk make user namespaces" in done.stderr
    assert b"nothing runs without a sandbox instead" in done.stderr
