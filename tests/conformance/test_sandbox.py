"""Every sandbox backend keeps the rules; those that isolate keep the rules of isolation too."""

import asyncio
from pathlib import Path

import pytest

from honk.sandbox import WORKSPACE, Mount, SandboxBackend, SandboxSpec, SandboxUnavailable, Written
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.sandbox.none import NoneBackend
from honk.sandbox.probe import probe
from honk.testing.inward_rules import INWARD_ISOLATION_RULES, INWARD_RULES
from honk.testing.sandbox_rules import ISOLATION_RULES, SANDBOX_RULES, Rule, opened, sh

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.mark.parametrize("backend", [BubblewrapBackend(), NoneBackend()], ids=lambda backend: backend.name)
@pytest.mark.parametrize("rule", [*SANDBOX_RULES, *INWARD_RULES], ids=lambda rule: rule.__name__)
async def test_sandbox(rule: Rule, backend: SandboxBackend, tmp_path: Path) -> None:
    await rule(backend, tmp_path)


@pytest.mark.parametrize("rule", [*ISOLATION_RULES, *INWARD_ISOLATION_RULES], ids=lambda rule: rule.__name__)
async def test_isolation(rule: Rule, tmp_path: Path) -> None:
    backend = BubblewrapBackend()
    assert backend.is_isolating
    await rule(backend, tmp_path)


async def test_what_was_written_is_told_apart_from_the_layers(tmp_path: Path) -> None:
    layer, above = tmp_path / "layer", tmp_path / "above"
    for path in ("kept", "edited", "gone", "old/inside", "swapped/inside", "file", "link/x"):
        (layer / path).parent.mkdir(parents=True, exist_ok=True)
        (layer / path).write_text("x")
    above.mkdir()
    (above / "left").write_text("by the set-up")
    async with opened(BubblewrapBackend(), tmp_path, layers=(above, layer)) as sandbox:
        assert await sandbox.written() == Written(made=frozenset(), other=frozenset(), is_whole=True)
        await sh(sandbox, "cat kept left; echo x >> edited; echo x >> left; rm gone; echo x > 'a new\nfile'")
        await sh(sandbox, "rm -r old; rm -r swapped; mkdir swapped; echo x > swapped/other; echo x > swapped/inside")
        await sh(
            sandbox, "rm file; mkdir file; echo x > file/below; rm -r link; ln -s swapped link; mkdir -p hollow/dir"
        )
        await sh(
            sandbox, "mkdir .git; echo x > .git/index; echo x > brief; rm brief; mkdir -p new/sub; mkfifo new/sub/one"
        )
        made = {b"a new\nfile", b"swapped/other", b"file/below", b"new/sub/one"}
        other = {b"edited", b"left", b"gone", b"old", b"swapped", b"swapped/inside", b"file", b"link"}
        assert await sandbox.written() == Written(made=frozenset(made), other=frozenset(other), is_whole=True)
        await sh(sandbox, "chmod 000 new")
        found = await sandbox.written()
        assert found is not None
        assert not found.is_whole


async def test_none_cannot_tell_what_was_written_from_what_was_there(tmp_path: Path) -> None:
    async with opened(NoneBackend(), tmp_path) as sandbox:
        assert await sandbox.written() is None


async def test_none_says_that_it_does_not_isolate() -> None:
    assert not NoneBackend().is_isolating


async def test_none_is_not_probed_for_ways_out_and_shows_no_mount_in_the_work_tree(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="no sandbox to break out of"):
        await probe(NoneBackend(), tmp_path / "probe")
    mount = Mount(source=tmp_path, target=f"{WORKSPACE}/shown")
    with pytest.raises(SandboxUnavailable, match="cannot be shown in the work tree"):
        await NoneBackend().open(SandboxSpec(name="rule", state=tmp_path / "state", mounts=(mount,)))


async def test_none_ends_what_a_dead_honk_left_running_in_the_state(tmp_path: Path) -> None:
    async with opened(NoneBackend(), tmp_path) as sandbox:
        mark = await sh(sandbox, "printf %s $HONK_NONE_SANDBOX")
    orphan = await asyncio.create_subprocess_exec("/bin/sleep", "60", env={"HONK_NONE_SANDBOX": mark})
    async with opened(NoneBackend(), tmp_path):
        assert await asyncio.wait_for(orphan.wait(), 10) == -9


FORGED_EXIT_CODE = """
import ctypes, os
call = ctypes.CDLL(None).syscall
for fd in os.listdir("/proc/1/fd"):
    if "eventfd" in os.readlink(f"/proc/1/fd/{fd}") and (mine := call(438, call(434, 1, 0), int(fd), 0)) >= 0:
        print(os.write(mine, (1).to_bytes(8, "little")))
raise SystemExit(7)
"""


async def test_t35_an_exit_code_is_what_the_kernel_saw(tmp_path: Path) -> None:
    """Bubblewrap's process 1 inside tells the code by a counter, which a program of the same uid could reach."""
    async with opened(BubblewrapBackend(), tmp_path) as sandbox:
        done = await sandbox.run(["/usr/bin/python3", "-c", FORGED_EXIT_CODE], timeout_seconds=20)
    assert (done.exit_code, done.text) == (7, "")
