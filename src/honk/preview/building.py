"""A built file or site: its command in a sandbox, and what it left, taken out without following anything."""

import io
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from honk.preview import NotReady
from honk.preview.copy import LOG_BYTES
from honk.preview.declared import Declared
from honk.sandbox import Sandbox

_RUN = 'exec 2>&1; eval "$1"'
_GATHER = 'exec 2>&1; rm -rf -- "$2" && cp -R -P -- "$1" "$2"'
"""Everything of the site becomes the sandbox's own: of a folder that was there before, the upper layer has only what is
new."""
GATHERED = "honk-preview-site"
_GATHER_SECONDS = 120.0
_OUTPUT_BYTES = 16 << 20
MOST_FILES = 10_000
_DEEPEST = 40
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


async def build(sandbox: Sandbox, declared: Declared) -> str:
    """Run the build to its end; the end of its log.

    Raises:
        NotReady: it failed, or took too long.
        SandboxError: the sandbox died, or its disk is full.
    """
    env = {"HONK_PREVIEW": "1"}
    argv = ("/bin/sh", "-c", _RUN, "sh", declared.build)
    done = await sandbox.run(argv, env=env, timeout_seconds=declared.seconds, max_output_bytes=_OUTPUT_BYTES)
    log = done.stdout[-LOG_BYTES:].decode("utf-8", "replace")
    if done.timed_out or done.truncated or done.exit_code != 0:
        how = (
            f"did not end within {declared.seconds:.0f} s" if done.timed_out
            else f"wrote more than {_OUTPUT_BYTES >> 20} MiB to its output" if done.truncated
            else f"failed (exit code {done.exit_code})"
        )  # fmt: skip
        raise NotReady(f"Its build {how}.", log=log)
    if declared.kind == "site":
        gathered = ("/bin/sh", "-c", _GATHER, "sh", declared.artifact, GATHERED)
        done = await sandbox.run(gathered, timeout_seconds=_GATHER_SECONDS)
        if done.exit_code != 0:
            raise NotReady(f"The build left no folder {declared.artifact}.", log=log)
    return log


def taken(upper: Path, declared: Declared, most_bytes: int) -> bytes:
    """The built file; of a site its files as a zip. Nothing that leads elsewhere is followed.

    Raises:
        NotReady: it is not there, is no plain file or folder, or is too large.
    """
    path = GATHERED if declared.kind == "site" else declared.artifact
    *folders, name = PurePosixPath(path).parts
    try:
        with _opened(upper, folders) as at:
            if declared.kind == "site":
                return _packed(at, name, most_bytes)
            return _read(at, name, most_bytes)
    except FileNotFoundError as error:
        raise NotReady(f"The build left no {declared.artifact}.") from error
    except OSError as error:
        raise NotReady(
            f"{declared.artifact} cannot be taken: it, or a folder above it, is a link or nothing plain "
            f"({error.strerror})."
        ) from error


@contextmanager
def _opened(root: Path, folders: list[str]) -> Iterator[int]:
    """The last of the folders, each opened in the one before."""
    at = os.open(root, _FOLDER)
    try:
        for folder in folders:
            deeper = os.open(folder, _FOLDER, dir_fd=at)
            os.close(at)
            at = deeper
        yield at
    finally:
        os.close(at)


def _read(at: int, name: str, most_bytes: int) -> bytes:
    fd = os.open(name, _FILE, dir_fd=at)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise NotReady(f"{name} is no plain file.")
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise NotReady(f"{name} is larger than {most_bytes >> 20} MiB, the most that is kept.")
    return content


def _packed(at: int, name: str, most_bytes: int) -> bytes:
    packed, left = io.BytesIO(), [most_bytes, MOST_FILES]
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as into:

        def put(path: str, content: bytes) -> None:
            left[0] -= len(content)
            left[1] -= 1
            if min(left) < 0:
                raise NotReady(f"The site has more than {MOST_FILES} files, or {most_bytes >> 20} MiB.")
            into.writestr(zipfile.ZipInfo(path, (2000, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)

        _walk(at, name, "", left, put)
    if left[1] == MOST_FILES:
        raise NotReady("The site has no files.")
    return packed.getvalue()


def _walk(at: int, name: str, below: str, left: list[int], put: Callable[[str, bytes], None], depth: int = 0) -> None:
    """Plain files alone; links and whatever else there is are left out."""
    if depth > _DEEPEST:
        raise NotReady("The site's folders lie too deep.")
    fd = os.open(name, _FOLDER, dir_fd=at)
    try:
        for entry in sorted(os.listdir(fd)):  # noqa: PTH208 - of a descriptor
            mode = os.stat(entry, dir_fd=fd, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                _walk(fd, entry, f"{below}{entry}/", left, put, depth + 1)
            elif stat.S_ISREG(mode) and entry.isprintable():
                put(below + entry, _read(fd, entry, max(left[0], 0)))
    finally:
        os.close(fd)
