"""Holds one sandbox: its namespaces, its one overlay, its loopback; every program in it is started here.

A program of its own, on the standard library alone, started by `channel.py`: one per sandbox, one thread. It knows no
profile: the supervisor sends complete bubblewrap options. It is process 1 of a pid namespace, so that when it ends, for
whatever reason, the kernel ends everything inside; its parent, the stub, holds the state's lock until that is done.

Messages are datagrams on a socket pair, descriptors travel with them:
  supervisor: `run ID` + stdin, stdout, stderr, options, argv    `kill ID`    `keep ID` + options, argv
              `dial ID FAMILY`    end: close
  bridge:     `use ID` + stdin, stdout, stderr, further argv     end: kill
  answers:    `up` + listeners    `fail STAGE ERRNO`    `exit ID STATUS STARTED`    `dialled ID` + a socket
"""

from __future__ import annotations

import _socket as socket
import ctypes
import errno
import fcntl
import os
import resource
import select
import stat
import struct
import sys

# Every sandbox waits for this program: `typing`, `contextlib`, and what makes enumerations of the kernel's numbers
# (`socket`, `signal`) take longer than all the rest, and nothing here needs them.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterable
else:
    import _signal as signal

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC = 1, 2, 4, 8, 32, 4096, 16384
MS_SLAVE, MS_RELATIME, ST_RELATIME = 1 << 19, 1 << 21, 4096
PR_SET_PDEATHSIG = 1
SIOCSIFFLAGS, IFF_UP_RUNNING, INT_BYTES = 0x8914, 0x41, struct.calcsize("i")
OPTIONS_FD, FILTER_FD, STATUS_FD, FIRST_FREE_FD = 3, 4, 5, 10
"""Where bubblewrap finds its options, its system call filter and its status pipe; our own lie above."""
libc = ctypes.CDLL(None, use_errno=True)


class StageError(Exception):
    """A step of the setting up was refused by the kernel."""


class Suppress:
    """`contextlib.suppress`."""

    def __init__(self, *kinds: type[BaseException]) -> None:
        self.kinds = kinds

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, self.kinds)


def mount(source: str, target: str, kind: str, flags: int, options: str, stage: str) -> None:
    """mount(2); a refusal carries the stage's name."""
    if libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()):
        raise StageError(stage, ctypes.get_errno())


def main() -> None:
    """Set up, split into stub and holder, serve until the supervisor is gone. Does not return from that."""
    control_fd, lock_fd, filter_fd = (int(word) for word in sys.argv[1:4])
    for fd in (control_fd, lock_fd, filter_fd):
        os.set_inheritable(fd, False)
    control = socket.socket(fileno=control_fd)
    if control.recv(16) != b"go":  # by now we stand in our cgroup, or the supervisor is gone
        return
    try:
        unshare()
        child = os.fork()
        if child:
            control.close()
            os.waitpid(child, 0)
            os._exit(0)
        listeners, door = build(*sys.argv[4:])
    except (StageError, OSError) as error:
        stage, number = error.args[:2] if isinstance(error, StageError) else (type(error).__name__, error.errno)
        control.send(f"fail {stage} {number}".encode())
        return
    tell(control, "up", listeners)
    Holder(control, door, filter_fd).serve()
    os._exit(0)  # taking the interpreter down first would be waited for


def unshare() -> None:
    """Enter own user, mount, network and (for the children) pid namespaces, as the uid that we are."""
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID):
        raise StageError("unshare", ctypes.get_errno())
    for name, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        try:
            fd = os.open(f"/proc/self/{name}", os.O_WRONLY)
            os.write(fd, line.encode())
            os.close(fd)
        except OSError as error:
            raise StageError("map", error.errno) from error


def build(
    state: str, tmp_bytes: str, processes: str, file_bytes: str, memory_bytes: str, ports: str, mounts: str, *rest: str
) -> tuple[list[socket.socket], socket.socket]:
    """Everything that the sandbox's programs share; returns the listeners and the bridges' door."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # the stub died: end tidily, the lock is still ours
    os.umask(0o077)
    os.chdir(state)
    mount("none", "/", "none", MS_REC | MS_SLAVE, "", "propagation")
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "", "proc")
    while (fd := os.open("/dev/null", os.O_RDONLY)) < FIRST_FREE_FD - 1:
        pass
    if fd >= FIRST_FREE_FD:
        os.close(fd)
    shown = int(mounts) * 3
    mount_tree(rest[shown:])
    options = f"size={tmp_bytes},nr_inodes=262144,mode=0755"
    mount("tmpfs", "s", "tmpfs", MS_NOSUID | MS_NODEV, options, "tmpfs")
    for name, mode in (("tmp", 0o1777), ("home", 0o755)):
        os.mkdir(f"s/{name}")
        os.chmod(f"s/{name}", mode)
    for at in range(0, shown, 3):
        show(*rest[at : at + 3])
    any_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    fcntl.ioctl(any_socket.fileno(), SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP_RUNNING))
    any_socket.close()
    listeners = [listen(int(port)) for port in ports.split(",") if port]
    # Set inside our user namespace, so that the count is of this sandbox alone (kernel 5.14 and later).
    for limit, value in (
        (resource.RLIMIT_NPROC, int(processes)),
        (resource.RLIMIT_FSIZE, int(file_bytes)),
        (resource.RLIMIT_AS, int(memory_bytes)),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 8192),
    ):
        if value >= 0:
            hard = resource.getrlimit(limit)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (value, value))
    with Suppress(FileNotFoundError):
        os.unlink("door")
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.bind("door")  # a relative path: state may lie deeper than the 108 bytes of a socket address
    door.listen(16)
    os.umask(0o022)  # the programs inherit it
    return listeners, door


def listen(port: int) -> socket.socket:
    """A listening socket on the loopback."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", port))
    listener.listen(256)
    return listener


def mount_tree(layers: tuple[str, ...]) -> None:
    """The work tree at `m`: an overlay on the layers, or the upper directory itself where there are none."""
    if not layers:
        mount("u", "m", "none", MS_BIND | MS_NOSUID | MS_NODEV, "", "bind")
        return
    # Through descriptors, so that no colon, comma or length of a path can matter.
    fds = [os.open(path, os.O_PATH | os.O_DIRECTORY) for path in (*layers, "u", "w")]
    *lower, upper, work = [f"/proc/self/fd/{fd}" for fd in fds]
    options = f"lowerdir={':'.join(lower)},upperdir={upper},workdir={work},userxattr"
    mount("overlay", "m", "overlay", MS_NOSUID | MS_NODEV, options, "overlay")
    close_all(fds)


def show(source: str, target: str, rights: str) -> None:
    """Bind the source at the target, which lies where programs write: no link that one left there is followed."""
    at = -1
    *parents, last = target.split("/")
    for part in parents:
        at = step(at, part, is_directory=True)
    at = step(at, last, is_directory=os.path.isdir(source))
    there = f"/proc/self/fd/{at}"
    mount(source, there, "none", MS_BIND | MS_REC, "", f"show:{target}")
    os.close(at)
    flags = os.statvfs(target).f_flag  # in a user namespace, what is set on the source's mount must stay set
    flags = flags & 0xC0F | (MS_RELATIME if flags & ST_RELATIME else 0)
    flags |= MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV | (MS_RDONLY if rights == "ro" else 0)
    mount("none", target, "none", flags, "", f"show:{target}")


def step(at: int, name: str, *, is_directory: bool) -> int:
    """The entry of the directory, made if it is not there; the directory's descriptor is closed."""
    directory = at if at >= 0 else None
    with Suppress(FileExistsError):
        if is_directory:
            os.mkdir(name, 0o755, dir_fd=directory)
        else:
            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=directory))
    try:
        fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | (os.O_DIRECTORY if is_directory else 0), dir_fd=directory)
    except OSError as error:
        raise StageError(f"show:{name}", error.errno) from error
    if stat.S_ISLNK(os.fstat(fd).st_mode):
        raise StageError(f"show:{name}", errno.ELOOP)
    if directory is not None:
        os.close(directory)
    return fd


class Command:
    """One program: the bubblewrap that watches over it, and whom to tell when all of it is gone."""

    def __init__(self, ident: str, pid: int, status_fd: int, listener: socket.socket) -> None:
        self.ident, self.pid, self.status_fd, self.listener = ident, pid, status_fd, listener
        self.status: int | None = None
        self.orphans: set[int] = set()


class Holder:
    """Serves the supervisor and the bridges; single-threaded, because the parent-death signal is the thread's."""

    def __init__(self, control: socket.socket, door: socket.socket, filter_fd: int) -> None:
        self.control, self.door, self.filter_fd = control, door, filter_fd
        self.commands: list[Command] = []
        self.kept: dict[str, tuple[int, list[bytes]]] = {}
        self.bridges: dict[int, socket.socket] = {}
        self.poll = select.poll()

    def serve(self) -> None:
        """Until the supervisor or the stub is gone; then end everything and go."""
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for fd in (self.control.fileno(), self.door.fileno(), wake_read):
            self.poll.register(fd, select.POLLIN)
        is_open = True
        while is_open:
            for fd, _ in self.poll.poll():
                if fd == self.control.fileno():
                    is_open = self.hear_supervisor() and is_open
                elif fd == self.door.fileno():
                    self.admit()
                elif fd == wake_read:
                    is_open = bytes([signal.SIGTERM]) not in os.read(wake_read, 4096) and is_open
                    self.reap()
                elif fd in self.bridges:
                    self.hear_bridge(self.bridges[fd])
        with Suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # process 1 says so: everything in this namespace but itself
        with Suppress(ChildProcessError):
            while True:
                os.wait()
        os.chdir("/")

    def hear_supervisor(self) -> bool:
        """Obey one message; False when the supervisor is gone."""
        message, fds = receive(self.control, 5)
        verb, _, ident = message.partition(" ")
        if verb == "run" and len(fds) == 5:
            self.start(ident, fds[:3], fds[3], words(fds[4]), self.control)
        elif verb == "keep" and len(fds) == 2:
            self.kept[ident] = (fds[0], words(fds[1]))
            fds = fds[1:]
        elif verb == "kill":
            self.kill(lambda command: command.listener is self.control and command.ident == ident)
        elif verb == "killall":
            self.kill(lambda command: True)
        elif verb == "dial":
            self.dial(*ident.split())
        close_all(fds)
        return bool(message)

    def dial(self, ident: str, family: str) -> None:
        """Give the supervisor a socket of this network; it connects it itself. None, where there is no such family."""
        made: list[socket.socket] = []
        with Suppress(OSError):
            made.append(socket.socket(int(family), socket.SOCK_STREAM))
        tell(self.control, f"dialled {ident}", made)

    def admit(self) -> None:
        """Let a bridge of our own uid in."""
        bridge = socket.socket(fileno=self.door._accept()[0])  # type: ignore[attr-defined]
        uid = struct.unpack("3i", bridge.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid != os.getuid():
            bridge.close()
            return
        self.bridges[bridge.fileno()] = bridge
        self.poll.register(bridge.fileno(), select.POLLIN)

    def hear_bridge(self, bridge: socket.socket) -> None:
        """Start the program that was prepared for it; its end is the program's end."""
        try:
            message, fds = receive(bridge, 4)
        except OSError:
            message, fds = "", []
        verb, _, ident = message.partition(" ")
        if verb == "use" and len(fds) == 4 and ident in self.kept:
            options, argv = self.kept[ident]
            self.start(ident, fds[:3], options, argv + words(fds[3]), bridge)
            close_all(fds)
            return
        close_all(fds)
        self.poll.unregister(bridge.fileno())
        del self.bridges[bridge.fileno()]
        if not self.kill(lambda command: command.listener is bridge):
            bridge.close()

    def start(self, ident: str, streams: list[int], options: int, argv: list[bytes], listener: socket.socket) -> None:
        """Start bubblewrap with the options; a failure to start is an exit that never started."""
        status_read, status_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        again = [os.open(f"/proc/self/fd/{fd}", os.O_RDONLY) for fd in (options, self.filter_fd)]  # at offset 0
        inherited = [*streams, *again, status_write]
        try:
            pid = os.posix_spawn(
                argv[0],
                [b"bwrap", b"--args", b"%d" % OPTIONS_FD, b"--", *argv[1:]],
                {},
                file_actions=[(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate(inherited)],
                setsigmask=[],
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGTERM],
            )
        except OSError as error:
            os.close(status_read)
            tell(listener, f"exit {ident} {error.errno} 0")
        else:
            self.commands.append(Command(ident, pid, status_read, listener))
            with Suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w") as file:
                file.write("500")  # when memory runs out: the program before us, and before our supervisor
        close_all([*again, status_write])

    def kill(self, is_meant: Callable[[Command], bool]) -> bool:
        """Kill the commands that are meant; whether there were any."""
        meant = [command for command in self.commands if is_meant(command)]
        for command in meant:
            if command.status is None:
                os.kill(command.pid, signal.SIGKILL)
        return bool(meant)

    def reap(self) -> None:
        """Collect the dead. A command is over when its bubblewrap and the namespace it left behind both are."""
        with Suppress(ChildProcessError):
            while (dead := os.waitpid(-1, os.WNOHANG))[0]:
                self.bury(*dead)

    def bury(self, pid: int, status: int) -> None:
        """Note one death and tell of every command that is thereby over."""
        for command in self.commands:
            command.orphans.discard(pid)
            if command.pid == pid and command.status is None:
                command.status = os.waitstatus_to_exitcode(status)
                watched = {other.pid for other in self.commands if other.status is None}
                command.orphans = children() - watched
                for orphan in command.orphans:
                    os.kill(orphan, signal.SIGKILL)
        for command in [one for one in self.commands if one.status is not None and not one.orphans]:
            self.commands.remove(command)
            with Suppress(BlockingIOError):
                started = b'"exit-code"' in os.read(command.status_fd, 65536)
                tell(command.listener, f"exit {command.ident} {command.status} {int(started)}")
            os.close(command.status_fd)
            if command.listener is not self.control and command.listener.fileno() not in self.bridges:
                command.listener.close()


def children() -> set[int]:
    """Our children: a bubblewrap each, or what a dead one left to us."""
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return {int(word) for word in file.read().split()}


def receive(sock: socket.socket, count: int) -> tuple[str, list[int]]:
    """One message and its descriptors; an empty message at the end."""
    message, ancillary, _, _ = sock.recvmsg(256, socket.CMSG_LEN(count * INT_BYTES))
    sent = [data for level, kind, data in ancillary if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)]
    fds = [fd for data in sent for (fd,) in struct.iter_unpack("i", data[: len(data) // INT_BYTES * INT_BYTES])]
    for fd in fds:
        os.set_inheritable(fd, False)
    return message.decode(), fds


def words(fd: int) -> list[bytes]:
    """The words in a memory file, each ended by a zero byte."""
    return os.pread(fd, os.fstat(fd).st_size, 0).split(b"\0")[:-1]


def tell(sock: socket.socket, message: str, ours: Iterable[socket.socket] = ()) -> None:
    """Send, with sockets that are then the other side's alone; whoever is gone need not hear it."""
    fds = b"".join(struct.pack("i", one.fileno()) for one in ours)
    with Suppress(OSError):
        sock.sendmsg([message.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)] if fds else [])
    for one in ours:
        one.close()


def close_all(fds: Iterable[int]) -> None:
    """Close descriptors."""
    for fd in fds:
        os.close(fd)
