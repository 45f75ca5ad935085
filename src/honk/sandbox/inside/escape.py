"""Tries to get out of the sandbox that it runs in, and prints what it could do as a JSON object.

A program of its own, on the standard library alone: `escape.py JSON`, where JSON names what the host planted, or
`escape.py hoard` for the attempt that may end it.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial

libc = ctypes.CDLL(None, use_errno=True)
CALLS = {
    "unshare a user namespace": (272, 0x10000000),
    "unshare a mount namespace": (272, 0x00020000),
    "mount": (165, 0, 0, 0, 0, 0),
    "fsopen": (430, 0, 0),
    "bpf": (321, 0, 0, 0),
    "keyctl": (250, 0, 0, 0),
    "io_uring_setup": (425, 1, 0),
    "perf_event_open": (298, 0, 0, -1, -1, 0),
    "userfaultfd": (323, 0),
    "open_by_handle_at": (304, -1, 0, 0),
    "setns": (308, -1, 0),
    "chroot": (161, 0),
    "clone3 (ENOSYS is meant)": (435, 0, 0),
    "clone with a user namespace": (56, 0x10000000 | 17, 0, 0, 0, 0),
    "type into a terminal": (16, 0, 0x5412, 0),
    "attach to our watcher": (101, 16, 1, 0, 0),
    "seize our watcher": (101, 0x4206, 1, 0, 0),
    "take a descriptor of another": (438, -1, 0, 0),
    "x32 call": (0x40000000 + 39,),
}


def outcome(attempt: Callable[[], object]) -> str:
    """The name of the error that met it, or `done: ` and what came of it."""
    try:
        return f"done: {attempt()}"
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)
    except subprocess.SubprocessError as error:
        return str(error)


def call(*arguments: int) -> int:
    """A raw system call."""
    ctypes.set_errno(0)
    result: int = libc.syscall(*[ctypes.c_long(word) for word in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if arguments[0] == 56 and result == 0:
        os._exit(0)
    return result


def read(path: str) -> object:
    """The beginning of a file or the names in a directory."""
    if os.path.isdir(path):
        return sorted(os.listdir(path))[:20]
    with open(path, "rb") as file:
        return file.read(200).decode("utf-8", "replace")


def write(path: str) -> None:
    """Make a file, or open one that is there for writing."""
    os.close(os.open(path, os.O_WRONLY | (0 if os.path.exists(path) else os.O_CREAT)))


def connect(family: int, address: object) -> None:
    """Open a stream to the address."""
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.settimeout(2)
        sock.connect(address)  # type: ignore[arg-type]


def send(family: int, address: tuple[str, int], kind: int = socket.SOCK_DGRAM, protocol: int = 0) -> None:
    """Send one datagram to the address."""
    with socket.socket(family, kind, protocol) as sock:
        sock.sendto(b"x", address)


def fill(directory: str) -> int:
    """Write until the kernel says no, at most 4 GiB; the MiB written."""
    written = 0
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(4096):
            file.write(bytes(1 << 20))
            file.flush()
            written += 1
    return written


def fork_bomb() -> int:
    """Fork sleeping children until the kernel says no, at most 1000; how many there were."""
    children: list[int] = []
    with contextlib.suppress(OSError):
        while len(children) < 1000:
            if (pid := os.fork()) == 0:
                signal.pause()
            children.append(pid)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return len(children)


def hoard() -> None:
    """Use memory until the kernel says no, at most 2 GiB; the MiB had, told as it goes, for we may be killed."""
    blocks: list[bytes] = []
    with contextlib.suppress(MemoryError):
        while len(blocks) < 64:
            blocks.append(b"x" * (32 << 20))
            print(len(blocks) * 32, flush=True)


def environments() -> list[str]:
    """Every environment and command line that can be read."""
    texts = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("environ", "cmdline"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/{name}", "rb") as file:
                texts.append(file.read().replace(b"\0", b" ").decode("utf-8", "replace"))
    return texts


def main() -> None:
    """Try everything; print what came of it."""
    if sys.argv[1] == "hoard":
        hoard()
        return
    planted = json.loads(sys.argv[1])
    with open("/proc/self/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    found = {
        "status": {name: status[name] for name in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "Uid")},
        "calls": {name: outcome(partial(call, *words)) for name, words in CALLS.items()},
        "reads": {path: outcome(partial(read, path)) for path in planted["reads"]},
        "writes": {path: outcome(partial(write, path)) for path in planted["writes"]},
        "devices": sorted(os.listdir("/dev")),
        "interfaces": [name for _, name in socket.if_nameindex()],
        "routes": outcome(lambda: read("/proc/net/route")),
        "names": outcome(lambda: socket.getaddrinfo("canary.invalid", 443)),
        "vsock": outcome(lambda: socket.socket(40, socket.SOCK_STREAM).close()),
        "raw": outcome(lambda: send(socket.AF_INET, ("192.0.2.1", 0), socket.SOCK_RAW, socket.IPPROTO_ICMP)),
        "tcp": outcome(lambda: connect(socket.AF_INET, ("192.0.2.1", 443))),
        "udp": outcome(lambda: send(socket.AF_INET, ("192.0.2.1", 443))),
        "udp6": outcome(lambda: send(socket.AF_INET6, ("2001:db8::1", 443))),
        "metadata": outcome(lambda: connect(socket.AF_INET, ("169.254.169.254", 80))),
        "host loopback": outcome(lambda: connect(socket.AF_INET, ("127.0.0.1", planted["port"]))),
        "host abstract socket": outcome(lambda: connect(socket.AF_UNIX, "\0" + planted["abstract"])),
        "neighbour's port": outcome(lambda: connect(socket.AF_INET, ("127.0.0.1", planted["neighbour"]))),
        "neighbour's file": outcome(lambda: read("/tmp/neighbour")),
        "processes": sorted(filter(str.isdigit, os.listdir("/proc")), key=int),
        "environments": environments(),
        "kill the parent": outcome(lambda: os.kill(os.getppid(), signal.SIGTERM)),
        "setuid": outcome(lambda: os.setuid(0)),
        "fill /tmp": fill("/tmp"),
        "fill /dev/shm": fill("/dev/shm"),
        "fork bomb": fork_bomb(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
