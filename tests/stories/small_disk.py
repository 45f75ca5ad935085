"""`small_disk.py FOLDER MIB PROGRAM...`: runs the program with a small disk of its own at the folder, unprivileged.

A mount that only the program and its children see, in a user namespace in which the uid stays what it is.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x00020000


def main(folder: str, mib: str, *program: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()

    def must(done: int) -> None:
        if done != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    must(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    must(libc.mount(b"small", folder.encode(), b"tmpfs", 0, f"size={mib}m,mode=700".encode()))
    os.execv(program[0], program)  # every right over the namespace ends here


if __name__ == "__main__":
    main(*sys.argv[1:])
