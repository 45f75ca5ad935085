"""The bubblewrap options of a sandbox: pure, so that what is shown inside can be read and tested without running it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from honk.base.errors import UsageError
from honk.sandbox import HOME, WORKSPACE, Mount, SandboxSpec
from honk.sandbox.holder import FILTER_FD, STATUS_FD

INSIDE = Path(__file__).parent / "inside"
"""What we bring along: the accounts and names that a program expects in /etc, and our `git`."""
TOOLS = "/opt/honk/bin"
ETC = ("passwd", "group", "hosts", "nsswitch.conf")
HOST_ETC = (
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    "/etc/ca-certificates/extracted",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/localtime",
)
SHM_BYTES = 256 << 20
_TAKEN = ("/usr", "/proc", "/dev", "/sys", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", TOOLS)
_SHARED = {"/tmp": "s/tmp", HOME: "s/home", WORKSPACE: "m"}  # noqa: S108
"""Where programs write, and what that is below the state."""
_ROOTS = {"/", "/etc", "/home", "/opt", "/opt/honk", *_SHARED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What of the host's root the profile depends on; read once by the backend."""

    links: Mapping[str, str]
    """`/bin` and its like where they are symbolic links, with their targets."""
    trees: tuple[str, ...] = ()
    """The same where they are directories (no merged /usr)."""
    etc: tuple[str, ...] = HOST_ETC
    """Files and directories below /etc that programs need and that hold no secrets; may be missing."""


def profile(spec: SandboxSpec, host: Host) -> tuple[str, ...]:
    """The options that every program of the sandbox shares."""
    state = spec.state
    options = [
        "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--disable-userns",
        "--die-with-parent", "--new-session", "--hostname", "sandbox", "--uid", "1000", "--gid", "1000",
        "--cap-drop", "ALL", "--clearenv", "--seccomp", str(FILTER_FD), "--json-status-fd", str(STATUS_FD),
        "--ro-bind", "/usr", "/usr",
    ]  # fmt: skip
    for path, target in host.links.items():
        options += ["--symlink", target, path]
    for path in (*host.trees, *host.etc):
        options += ["--ro-bind-try", path, path]
    for name in ETC:
        options += ["--ro-bind", str(INSIDE / "etc" / name), f"/etc/{name}"]
    options += ["--ro-bind", str(INSIDE / "bin"), TOOLS]
    options += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
    options += ["--size", str(SHM_BYTES), "--tmpfs", "/dev/shm"]  # noqa: S108
    for path, place in _SHARED.items():
        options += ["--bind", str(state / place), path]
    for mount in spec.mounts:
        if _shared_place(mount) is None:
            options += ["--bind" if mount.is_writable else "--ro-bind", str(mount.source), mount.target]
    # Read-only, /proc lets no program write into another's memory.
    return (*options, "--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/")


def command_options(spec: SandboxSpec, env: Mapping[str, str], cwd: str) -> tuple[str, ...]:
    """The options of one program: its environment, which is all it gets, and where it starts."""
    options = ["--chdir", cwd]
    for name, value in {**environment(spec.path, spec.env), **env}.items():
        options += ["--setenv", name, value]
    return tuple(options)


def environment(path: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """The variables that every program sees; what the spec gives comes last and wins."""
    return {
        "PATH": ":".join((TOOLS, *path, "/usr/local/bin", "/usr/bin", "/bin")),
        "HOME": HOME,
        "USER": "agent",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",  # noqa: S108
        "HONK_WORKSPACE": WORKSPACE,
        **env,
    }


def shared_mounts(spec: SandboxSpec) -> tuple[str, ...]:
    """Source, place below the state, and rights of each mount that lies where programs write.

    The holder makes them, once and before any program runs: bubblewrap would do it for each program anew, and follow a
    symbolic link that an earlier one left in the way, out into the host's files.

    Raises:
        UsageError: a path is not absolute, or a mount's target cannot be shown inside.
    """
    words: list[str] = []
    for path in (spec.state, *spec.layers, *(mount.source for mount in spec.mounts)):
        if not path.is_absolute():
            raise UsageError(f"A sandbox is made of absolute paths, and {path} is none. Nothing was begun.")
    for mount in spec.mounts:
        _check(mount)
        if place := _shared_place(mount):
            words += [str(mount.source), place, "rw" if mount.is_writable else "ro"]
    return tuple(words)


def _shared_place(mount: Mount) -> str | None:
    for inside, place in _SHARED.items():
        if mount.target.startswith(f"{inside}/"):
            return place + mount.target.removeprefix(inside)
    return None


def _check(mount: Mount) -> None:
    target = mount.target
    parts = PurePosixPath(target).parts
    is_plain = target == str(PurePosixPath(target)) and target.startswith("/") and ".." not in parts
    taken = next((path for path in _TAKEN if target == path or target.startswith(f"{path}/")), None)
    if not is_plain or taken or target in _ROOTS:
        why = f"{taken or target} is the sandbox's own" if is_plain else "it is not a plain absolute path"
        raise UsageError(f"{mount.source} cannot be shown at {target} in a sandbox: {why}. Choose another target.")
