"""The filter, run in a little interpreter of classic BPF."""

import errno
import struct

import pytest

from honk.sandbox import seccomp

X86_64 = seccomp.AUDIT_ARCH_X86_64
ALLOW = seccomp.ALLOW


def verdict(number: int, *arguments: int, arch: int = X86_64) -> int:
    packet = struct.pack("=iIQ6Q", number, arch, 0, *arguments, *[0] * (6 - len(arguments)))
    code = list(struct.iter_unpack("=HBBI", seccomp.deny_filter()))
    accumulator = at = 0
    while True:
        operation, if_true, if_false, value = code[at]
        at += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", packet, value)
        elif operation == 0x06:
            return int(value)
        else:
            tests = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}
            at += if_true if tests[operation] else if_false


def refusal(error: int) -> int:
    return seccomp.ERRNO | error


@pytest.mark.parametrize("name", sorted(seccomp.DENIED))
def test_what_only_administrators_need_is_refused(name: str) -> None:
    assert verdict(seccomp.DENIED[name]) == refusal(errno.EPERM)


@pytest.mark.parametrize("number", [0, 1, 2, 9, 57, 59, 62, 101, 231, 257, 281, 317, 334, 436, 444])
def test_ordinary_calls_pass(number: int) -> None:
    assert verdict(number) == ALLOW


def test_another_architecture_is_killed_and_x32_is_unknown() -> None:
    assert verdict(0, arch=0x40000003) == seccomp.KILL_PROCESS
    assert verdict(seccomp.X32_BIT) == refusal(errno.ENOSYS)
    assert verdict(-1) == refusal(errno.ENOSYS)


def test_a_process_may_be_made_but_no_namespace() -> None:
    assert verdict(seccomp.CLONE, 17) == ALLOW
    assert verdict(seccomp.CLONE, 0x003D0F00) == ALLOW  # a thread
    for bit in (17, 25, 26, 27, 28, 29, 30):
        assert verdict(seccomp.CLONE, 1 << bit | 17) == refusal(errno.EPERM)
    assert verdict(seccomp.CLONE3) == refusal(errno.ENOSYS)


def test_t23_a_process_may_be_started_to_be_traced_but_none_is_taken_over() -> None:
    assert verdict(seccomp.PTRACE, 0) == ALLOW
    for request in (16, 0x4206, 1 << 32 | 16):  # the kernel reads all of it, and knows no such request
        assert verdict(seccomp.PTRACE, request) == refusal(errno.EPERM)


def test_terminals_cannot_be_typed_into() -> None:
    assert verdict(seccomp.IOCTL, 0, 0x5413) == ALLOW
    for request in (0x5412, 0x541C, 0xFFFFFFFF00005412):  # the kernel ignores the high word
        assert verdict(seccomp.IOCTL, 0, request) == refusal(errno.EPERM)


@pytest.mark.parametrize("number", [seccomp.SOCKET, seccomp.SOCKETPAIR])
def test_only_sockets_bound_to_the_namespace_are_made(number: int) -> None:
    for family in range(64):
        expected = ALLOW if family in (1, 2, 10, 16) else refusal(errno.EAFNOSUPPORT)
        assert verdict(number, family) == expected


def test_the_filter_fits_the_kernel() -> None:
    assert len(seccomp.deny_filter()) // 8 <= 4096
