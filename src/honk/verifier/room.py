"""Acts in a clean room: puts files over its tree, runs one command, and reads what it left behind."""

import hashlib
import io
import re
import secrets
import tarfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from honk.base.subprocess import Completed
from honk.sandbox import Sandbox
from honk.verifier import Command
from honk.verifier.coverage import total_of
from honk.verifier.distill import distill
from honk.verifier.ecosystems import Asked, table
from honk.verifier.guard import Placed
from honk.verifier.results import Run

PutBlob = Callable[[str, bytes], Awaitable[str]]
"""(key, content) -> the key it is kept under."""

_PLACE = 'rm -rf -- "$@" && exec tar -xf -'
_FORGET = 'for f; do b=${f##*/}; rm -f -- "${f%/*}/__pycache__/${b%.py}".*.pyc; done'
"""Byte code is told stale by second and size alone: an edit can pass for what the warm template compiled."""
_PLACE_SECONDS = 60.0
LOG_BYTES = 2048
"""Of the distilled log; the rest of a summary's 4 KB is for the names of the tests."""
_MAX_OUTPUT_BYTES = 64 << 20
"""Of the log, and of the channel: some 200 bytes for each test."""
_COUNTS = (
    re.compile(r"\b(\d{1,9}) passed\b"),
    re.compile(r"^Ran (\d{1,9}) tests?\b", re.MULTILINE),
    re.compile(r"^# (?:tests|pass) (\d{1,9})", re.MULTILINE),
    re.compile(r"Tests run: (\d{1,9})"),
    re.compile(r"test result: ok\. (\d{1,9}) passed"),
    re.compile(r"^[ \t]*(\d{1,9}) passing\b", re.MULTILINE),
    re.compile(r"^[ \t]*(\d{1,9}) tests? passed\b", re.MULTILINE),
    re.compile(r"^# \{ total: \d{1,9}, pass: (\d{1,9})", re.MULTILINE),
)
_TAP = re.compile(r"^(?:ok \d+|ok\s+\S+\s+[\d.]+s|--- PASS:)", re.MULTILINE)


async def place(sandbox: Sandbox, placed: Sequence[Placed]) -> Completed | None:
    """Put the files over the tree; None where all went well, else how the attempt ended."""
    if not placed:
        return None
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for file in placed:
            if file.content is None:
                continue
            entry = tarfile.TarInfo(file.path)
            entry.size, entry.mode = len(file.content), 0o755 if file.is_executable else 0o644
            entry.mtime = int(time.time())
            tar.addfile(entry, io.BytesIO(file.content))
    names = [f"./{file.path}" for file in placed]
    argv = ("/bin/sh", "-c", _PLACE, "sh", *names)
    done = await sandbox.run(argv, stdin=packed.getvalue(), timeout_seconds=_PLACE_SECONDS)
    return None if done.exit_code == 0 and not done.timed_out else done


async def forget_bytecode(sandbox: Sandbox, changed: Sequence[str]) -> None:
    """Throw away what was compiled from files that are not the same any more."""
    sources = [f"./{path}" for path in changed if path.endswith(".py")]
    if sources:
        await sandbox.run(("/bin/sh", "-c", _FORGET, "sh", *sources), timeout_seconds=_PLACE_SECONDS)


async def run_tests(
    sandbox: Sandbox,
    command: Command,
    put_blob: PutBlob,
    *,
    config: str | None = None,
    only: Sequence[str] = (),
    drop_addopts: bool = False,
) -> Run:
    """Run the command's runner, after what prepares for it; `only` narrows it to paths or ids below the work tree."""
    runner = table.RUNNERS[command.runner or ""]
    began = time.monotonic()
    if (unready := await _prepared(sandbox, command, put_blob)) is not None:
        return replace(unready, has_flock=runner.has_flock)
    asked = Asked(nonce=secrets.token_hex(16), config=config, only=tuple(only), drop_addopts=drop_addopts)
    start = runner.start(command, asked)
    done = await sandbox.run(
        start.argv,
        env=start.env,
        stdin=start.stdin,
        timeout_seconds=command.timeout_seconds,
        max_output_bytes=_MAX_OUTPUT_BYTES,
    )
    told = runner.read(done.stdout, asked.nonce)
    cannot_start = told.cannot_start
    if done.exit_code in (126, 127) and told.end is None:
        cannot_start = f"{command.argv[0]} is not there"
    log = done.stderr + told.log
    text = log.decode("utf-8", "replace")
    return Run(
        exit_code=done.exit_code,
        seconds=time.monotonic() - began,
        tests=told.tests,
        has_ended=told.end is not None and told.end == done.exit_code,
        canaries=told.canaries,
        has_flock=runner.has_flock,
        cannot_start=cannot_start,
        timed_out=done.timed_out,
        flooded=done.truncated,
        drop_addopts=drop_addopts,
        coverage=total_of(text),
        log=distill(text, max_bytes=LOG_BYTES),
        log_blob=await _keep(put_blob, log),
    )


async def _prepared(sandbox: Sandbox, command: Command, put_blob: PutBlob) -> Run | None:
    """What comes before the command; None where all went well, else a run that did not start."""
    for line in command.prepare:
        began = time.monotonic()
        done = await sandbox.run(("/bin/sh", "-c", line), timeout_seconds=command.timeout_seconds)
        if done.exit_code == 0 and not done.timed_out:
            continue
        log = done.stdout + done.stderr
        return Run(
            exit_code=done.exit_code or 1,
            seconds=time.monotonic() - began,
            cannot_start=f"`{line[:200]}`, which comes before the tests, failed (exit code {done.exit_code})",
            timed_out=done.timed_out,
            log=distill(log.decode("utf-8", "replace"), max_bytes=LOG_BYTES),
            log_blob=await _keep(put_blob, log),
        )
    return None


async def run_plain(sandbox: Sandbox, command: Command, put_blob: PutBlob) -> Run:
    """Run a command of which only the exit code speaks."""
    if (unready := await _prepared(sandbox, command, put_blob)) is not None:
        return unready
    began = time.monotonic()
    done = await sandbox.run(command.argv, timeout_seconds=command.timeout_seconds)
    log = done.stdout + (b"\n" if done.stdout and done.stderr else b"") + done.stderr
    text = log.decode("utf-8", "replace")
    return Run(
        exit_code=done.exit_code,
        seconds=time.monotonic() - began,
        has_ended=not done.timed_out and not done.truncated,
        cannot_start=f"{command.argv[0]} is not there" if done.exit_code in (126, 127) else "",
        timed_out=done.timed_out,
        flooded=done.truncated,
        counted=count_tests(text),
        log=distill(text, max_bytes=LOG_BYTES),
        log_blob=await _keep(put_blob, log),
    )


async def _keep(put_blob: PutBlob, log: bytes) -> str:
    """The whole log; the same log is kept once."""
    return await put_blob(f"verifier/{hashlib.sha256(log).hexdigest()}.log", log)


def count_tests(log: str) -> int:
    """Tests that the summary lines of the usual runners speak of; 0 where there is none."""
    counted = sum(int(number) for pattern in _COUNTS[:2] for number in pattern.findall(log))
    others = [sum(int(number) for number in pattern.findall(log)) for pattern in _COUNTS[2:]]
    return max(counted, *others, len(_TAP.findall(log)))
