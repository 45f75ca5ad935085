"""Runs a program prepared in a live sandbox with our own standard streams: `bridge.py STATE ID ARGS...`.

A program of its own, on the standard library alone, for libraries that insist on starting their program themselves. Its
exit code is the program's. When it ends or is killed, the holder ends the program with all that it started.
"""

import array
import os
import signal
import socket
import sys


def main() -> int:
    """Ask the holder to start it, wait for its end, end likewise."""
    state, ident, *further = sys.argv[1:]
    os.chdir(state)  # the door's path may be longer than a socket address
    holder = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        holder.connect("door")
    except OSError as error:
        print(f"The sandbox is gone ({error.strerror}); open it again.", file=sys.stderr)
        return 125
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: holder.shutdown(socket.SHUT_WR))  # the holder kills, then tells
    words = os.memfd_create("argv")
    os.write(words, b"".join(os.fsencode(word) + b"\0" for word in further))
    fds = array.array("i", [0, 1, 2, words])
    holder.sendmsg([f"use {ident}".encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
    for fd in fds:
        os.close(fd)  # the program's end of file must not wait for us
    answer = holder.recv(256).split()
    if len(answer) != 4:
        return 125
    status = int(answer[2])
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    os._exit(main())
