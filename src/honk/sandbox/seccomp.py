"""The system call filter of every sandbox, assembled here: pure, so that no library of the host decides what it says.

Classic BPF for x86-64. Calls that only administrators, exploits and container engines need answer EPERM; `clone3`
answers ENOSYS, because its flags lie in memory where no filter can look; callers then use `clone`, whose flags it can.
"""

import errno
import struct

AUDIT_ARCH_X86_64 = 0xC000003E
X32_BIT = 0x40000000
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
NAMESPACE_FLAGS = 0x7E020000
"""Every CLONE_NEW*: mount, cgroup, uts, ipc, user, pid, network."""
ALLOWED_FAMILIES = (1, 2, 10, 16)
"""Unix, IPv4, IPv6, netlink. Others (vsock above all) leave the network namespace, or are mere attack surface."""
DENIED_IOCTLS = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: typing into somebody's terminal."""
DENIED_TRACING = (16, 0x4206)
"""PTRACE_ATTACH and PTRACE_SEIZE: no program takes another over, above all not the one that tells its exit code."""

DENIED = {
    "acct": 163, "add_key": 248, "adjtimex": 159, "bpf": 321, "chroot": 161, "clock_adjtime": 305, "clock_settime": 227,
    "delete_module": 176, "fanotify_init": 300, "finit_module": 313, "fsconfig": 431, "fsmount": 432, "fsopen": 430,
    "fspick": 433, "init_module": 175, "io_uring_enter": 426, "io_uring_register": 427, "io_uring_setup": 425,
    "ioperm": 173, "iopl": 172, "kcmp": 312, "kexec_file_load": 320, "kexec_load": 246, "keyctl": 250,
    "lookup_dcookie": 212, "modify_ldt": 154, "mount": 165, "mount_setattr": 442, "move_mount": 429,
    "name_to_handle_at": 303, "open_by_handle_at": 304, "open_tree": 428, "open_tree_attr": 467,
    "perf_event_open": 298, "pidfd_getfd": 438, "pivot_root": 155, "process_vm_writev": 311, "quotactl": 179,
    "quotactl_fd": 443, "reboot": 169, "request_key": 249, "setdomainname": 171, "sethostname": 170, "setns": 308,
    "settimeofday": 164, "swapoff": 168, "swapon": 167, "syslog": 103, "umount2": 166, "unshare": 272,
    "userfaultfd": 323, "uselib": 134,
}  # fmt: skip
"""By the numbers of arch/x86/entry/syscalls/syscall_64.tbl, which never change."""
IOCTL, SOCKET, SOCKETPAIR, CLONE, PTRACE, CLONE3 = 16, 41, 53, 56, 101, 435

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16


def deny_filter() -> bytes:
    """The filter as bubblewrap's `--seccomp` wants it: an array of `struct sock_filter`."""
    code = [_op(_LOAD, _ARCH), _op(_EQUAL, AUDIT_ARCH_X86_64, 1, 0), _op(_RETURN, KILL_PROCESS), _op(_LOAD, _NUMBER)]
    code += _unless(_AT_LEAST, X32_BIT, errno.ENOSYS)
    code += _unless(_EQUAL, CLONE3, errno.ENOSYS)
    for number in sorted(DENIED.values()):
        code += _unless(_EQUAL, number, errno.EPERM)
    code += _when(CLONE, 0, [*_unless(_ANY_BIT, NAMESPACE_FLAGS, errno.EPERM)])
    code += _when(IOCTL, 1, [op for request in DENIED_IOCTLS for op in _unless(_EQUAL, request, errno.EPERM)])
    code += _when(PTRACE, 0, [op for request in DENIED_TRACING for op in _unless(_EQUAL, request, errno.EPERM)])
    for number in (SOCKET, SOCKETPAIR):
        allowed = [_op(_EQUAL, family, len(ALLOWED_FAMILIES) - at, 0) for at, family in enumerate(ALLOWED_FAMILIES)]
        code += _when(number, 0, [*allowed, _op(_RETURN, ERRNO | errno.EAFNOSUPPORT)])
    return b"".join([*code, _op(_RETURN, ALLOW)])


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _unless(test: int, value: int, error: int) -> list[bytes]:
    """Refuse with the error if the accumulator passes the test."""
    return [_op(test, value, 0, 1), _op(_RETURN, ERRNO | error)]


def _when(number: int, argument: int, body: list[bytes]) -> list[bytes]:
    """For this call: the body looks at the low word of the argument (the kernel reads no more of these), then allow."""
    inner = [_op(_LOAD, _ARGUMENTS + 8 * argument), *body, _op(_RETURN, ALLOW)]
    return [_op(_EQUAL, number, 0, len(inner)), *inner]
