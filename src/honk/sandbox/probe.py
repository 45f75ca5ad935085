"""The escape probe: runs a program inside that tries to get out, and judges from here what it could do.

Both the rulebook of every isolating backend and what `honk doctor --sandbox` shows.
"""

import asyncio
import json
import os
import pwd
import socket
import sys
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from honk.base.ids import new_id
from honk.sandbox import Ceilings, Mount, SandboxBackend, SandboxError, SandboxSpec, SandboxUnavailable
from honk.sandbox.profile import SHM_BYTES
from honk.sandbox.state import remove_state

_PROGRAM = Path(__file__).parent / "inside" / "escape.py"
_PROGRAM_INSIDE = "/opt/escape.py"
_CEILINGS = Ceilings(memory_bytes=512 << 20, processes=200, tmp_bytes=64 << 20, disk_bytes=1 << 30)
_REFUSALS = {"Operation not permitted", "Function not implemented"}
_ROOT_HOME = pwd.getpwuid(0).pw_dir
_READS = (
    "/etc/shadow", f"{_ROOT_HOME}/.bashrc", "/proc/1/root/etc/shadow", "/proc/kcore", "/var/run/docker.sock",
    "/dev/kvm",
)  # fmt: skip
_WRITES = (
    "/usr/bin/canary", "/etc/canary", "/canary", "/dev/canary", "/opt/honk/bin/git", "/proc/sys/kernel/core_pattern",
    "/proc/sysrq-trigger", "/proc/1/mem", "/sys/fs/cgroup/release_agent",
)  # fmt: skip
_UNREACHABLE = (
    "host loopback", "host abstract socket", "neighbour's port", "neighbour's file", "metadata", "tcp", "udp", "udp6",
    "raw", "vsock",
)  # fmt: skip
_NEIGHBOUR_PORT = 8099
_OWN_PROCESSES = 4
_DEVICES = {
    "console", "core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
    "urandom", "zero",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """One thing that was tried."""

    name: str
    passed: bool
    detail: str
    """What came of it, for the person who reads the report."""


async def probe(backend: SandboxBackend, state: Path) -> tuple[ProbeResult, ...]:
    """Open a sandbox and a neighbour, try to get out of it, judge. Takes about 2 s; `state` is made and removed again.

    Raises:
        SandboxUnavailable: this machine makes no sandboxes.
        SandboxError: the probe itself could not run.
    """
    if not backend.is_isolating:
        raise SandboxUnavailable(
            "There is no sandbox to break out of: the setting is none, and the probe would do its harm to this "
            "machine. Nothing was tried. Take the setting away and look again."
        )
    canary = new_id(24)
    secret = await asyncio.to_thread(_plant, state, canary)
    os.environ["HONK_PROBE_CANARY"] = canary  # what the supervisor's environment holds must not come in
    try:
        return judge(await _try(backend, state, (*_READS, str(secret), str(Path.home() / ".ssh"))), canary)
    finally:
        del os.environ["HONK_PROBE_CANARY"]
        await remove_state(state)


async def _try(backend: SandboxBackend, state: Path, reads: Sequence[str]) -> Mapping[str, Any]:
    """What the program inside reports."""
    python, mounts = await asyncio.to_thread(_own_python)
    spec = SandboxSpec(name="probe", state=state / "a", mounts=mounts, ceilings=_CEILINGS)
    other = SandboxSpec(name="neighbour", state=state / "b", ports=(_NEIGHBOUR_PORT,), ceilings=_CEILINGS)
    name = new_id()
    with _listener(socket.AF_INET, ("127.0.0.1", 0)) as tcp, _listener(socket.AF_UNIX, f"\0{name}"):
        planted = {
            "reads": reads,
            "writes": _WRITES,
            "port": tcp.getsockname()[1],
            "abstract": name,
            "neighbour": _NEIGHBOUR_PORT,
        }
        neighbour = await backend.open(other)
        try:
            await neighbour.run(["touch", "/tmp/neighbour"], timeout_seconds=30)  # noqa: S108
            sandbox = await backend.open(spec)
            try:
                command = [python, "-I", "-S", _PROGRAM_INSIDE]
                done = await sandbox.run([*command, json.dumps(planted)], timeout_seconds=120)
                if done.exit_code != 0:
                    raise SandboxError(
                        f"The escape probe did not run: {done.stderr[-2000:].decode('utf-8', 'replace')}"
                    )
                hoard = await sandbox.run([*command, "hoard"], timeout_seconds=60)
            finally:
                await sandbox.close()
        finally:
            await neighbour.close()
    return {**json.loads(done.stdout), "hoard": int((hoard.stdout.split() or [b"0"])[-1])}


def _plant(state: Path, canary: str) -> Path:
    """The state directory, with a file outside of both sandboxes that must stay unread."""
    state.mkdir(parents=True)
    secret = state / "secret"
    secret.write_text(canary)
    return secret


def _own_python() -> tuple[str, tuple[Mount, ...]]:
    """The interpreter that we run on, and what must be mounted to run it and the probe's program inside."""
    python, prefix = Path(sys.executable).resolve(), Path(sys.base_prefix).resolve()
    toolchain = () if prefix.is_relative_to("/usr") else (Mount(source=prefix, target=str(prefix)),)
    return str(python), (*toolchain, Mount(source=_PROGRAM, target=_PROGRAM_INSIDE))


def _listener(family: socket.AddressFamily, address: Any) -> socket.socket:
    """A listening socket of the host's, which nothing inside may reach."""
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.bind(address)
    listening.listen()
    return listening


def judge(found: Mapping[str, Any], canary: str) -> tuple[ProbeResult, ...]:
    """Pure: what the report of the program inside says about the walls."""
    status = found["status"]
    return (
        *(_refused(f"read {path}", result) for path, result in found["reads"].items()),
        *(_refused(f"write {path}", result) for path, result in found["writes"].items()),
        *(_refused(f"call {name}", result, _REFUSALS) for name, result in found["calls"].items()),
        *(_refused(f"reach: {name}", found[name]) for name in _UNREACHABLE),
        _held("no name is resolved", "done" not in found["names"], found["names"]),
        _held("loopback is the only interface", found["interfaces"] == ["lo"], found["interfaces"]),
        _held("there is no route", found["routes"].count("\n") <= 1, found["routes"]),
        _held("no secret in any environment", canary not in "".join(found["environments"]), "canary searched for"),
        _held("no foreign process is seen", len(found["processes"]) <= _OWN_PROCESSES, found["processes"]),
        _held("no capability", int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0, status["CapBnd"]),
        _held("no new privileges", status["NoNewPrivs"] == "1", status["NoNewPrivs"]),
        _held("system calls are filtered", status["Seccomp"] == "2", status["Seccomp"]),
        _held("not root", "0" not in status["Uid"].split(), status["Uid"]),
        _refused("become root", found["setuid"]),
        _held("no device but the harmless", set(found["devices"]) <= _DEVICES, found["devices"]),
        _held("scratch space is bounded", found["fill /tmp"] <= _CEILINGS.tmp_bytes >> 20, f"{found['fill /tmp']} MiB"),
        _held("shared memory is bounded", found["fill /dev/shm"] <= SHM_BYTES >> 20, f"{found['fill /dev/shm']} MiB"),
        _held("processes are bounded", found["fork bomb"] <= _CEILINGS.processes, f"{found['fork bomb']} children"),
        _held("memory is bounded", found["hoard"] <= _CEILINGS.memory_bytes >> 20, f"{found['hoard']} MiB"),
    )


def _refused(name: str, result: str, expected: Set[str] | None = None) -> ProbeResult:
    passed = not result.startswith("done") and (expected is None or result in expected)
    return ProbeResult(name=name, passed=passed, detail=result)


def _held(name: str, passed: bool, detail: object) -> ProbeResult:
    return ProbeResult(name=name, passed=passed, detail=str(detail).strip())
