"""Root's trusted side: stays behind when everything else gives root's rights up, and serves the repository alone.

It answers the calls of `Source`, about repositories that the person named when they started Honk and about no
others. It makes branches below `honk/`, and moves a base branch only for a command by which the person merges.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from honk.base.errors import HonkError, PlatformError
from honk.base.package_index import default_index
from honk.base.privilege import become
from honk.workspace import Advance, RepositoryFacts, SourceError
from honk.workspace.ecosystems import table
from honk.workspace.person import find_root
from honk.workspace.porter_source import KEY_FD, PORTER_FD
from honk.workspace.porter_wire import (
    Malformed,
    Request,
    Snapshot,
    answer_message,
    is_plain_file,
    parse_request,
    receive,
    refusal_message,
)
from honk.workspace.service_user import ServiceUser, choose_user, prepare_home
from honk.workspace.source import LocalSource
from honk.workspace.toolchains import prefixes

_HANDED_ON = (
    "PATH", "LANG", "LC_ALL", "TERM", "COLUMNS", "LINES", "NO_COLOR", "ANTHROPIC_BASE_URL",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "npm_config_registry", "NPM_CONFIG_REGISTRY", "GOPROXY",
    "CARGO_REGISTRIES_CRATES_IO_INDEX", "MAVEN_MIRROR_URL",
)  # fmt: skip
_KEY = "ANTHROPIC_API_KEY"
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGWINCH)
_RESTORED = (*_FORWARDED, signal.SIGPIPE, signal.SIGCHLD)
_INDEX = "UV_DEFAULT_INDEX"
_MERGE_WORDS = ("pr", "merge")


def enter_service(
    argv: Sequence[str],
    *,
    home: Path,
    environ: Mapping[str, str] = os.environ,
    program: Sequence[str] | None = None,
) -> int:
    """Start the same command as a child without rights, serve it the repository, and return its exit code.

    Called by root, with one thread. `argv` are the person's words: only repositories that they name, or that the
    current directory lies in, are served, and only a merge may move their base branch. 128 + n for a signal.

    Raises:
        PlatformError: there is no fitting uid or home; nothing was begun.
    """
    user = choose_user(home, environ)
    prepare_home(home, user)
    roots = named_roots(argv, Path.cwd())
    program = program or (sys.executable, "-P", os.path.abspath(sys.argv[0]))  # noqa: PTH100 - a link stays a link
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    key_read, key_write = os.pipe()
    os.write(key_write, environ.get(_KEY, "").encode())
    os.close(key_write)
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        ours.close()
        handed = {PORTER_FD: str(theirs.detach()), KEY_FD: str(key_read)}
        _become_child([*program, *argv], user, home, {**child_environment(environ), "HONK_HOME": str(home), **handed})
    theirs.close()
    os.close(key_read)
    with ours:
        return asyncio.run(_attend(child, ours, roots, may_advance=is_merge(argv)))


def named_roots(argv: Sequence[str], standing: Path) -> frozenset[Path]:
    """Tops of the repositories that the words name, as a path or after an equals sign, or that we stand in."""
    roots = set()
    for word in ("", *argv):
        for text in {word, word.partition("=")[2]}:
            with contextlib.suppress(SourceError, OSError, ValueError):
                path = standing / text
                if path.is_dir():
                    roots.add(find_root(path))
    return frozenset(roots)


def is_merge(argv: Sequence[str]) -> bool:
    """Whether the person's words are a command to merge; a prompt that is called "merge" is none."""
    return _MERGE_WORDS in itertools.pairwise(argv)


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the child may know of root's environment, and the package index that root's settings name."""
    kept = {name: environ[name] for name in _HANDED_ON if name in environ}
    if index := default_index(environ):
        kept[_INDEX] = index
    return kept | {name: value for name, value in environ.items() if name.startswith("HONK_")}


def serve_porter(sock: socket.socket, allowed_roots: Collection[Path], *, may_advance: bool = False) -> None:
    """Answer until the other side hangs up, or breaks the protocol."""
    asyncio.run(answer_all(sock, allowed_roots, may_advance=may_advance))


async def answer_all(sock: socket.socket, allowed_roots: Collection[Path], *, may_advance: bool) -> None:
    """One request after the other, until the other side hangs up, or breaks the protocol."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError, Malformed):
        while True:
            # In a thread, for sockets with files attached have no asynchronous reading; it ends with the other side.
            message, file = await loop.run_in_executor(None, receive, sock)
            if not message:
                return
            try:
                answer = await _answer(parse_request(message), file, allowed_roots, may_advance=may_advance)
            finally:
                if file is not None:
                    os.close(file)
            sock.send(answer)


async def _answer(request: Request, file: int | None, roots: Collection[Path], *, may_advance: bool) -> bytes:
    try:
        if request.wants_file and (file is None or not is_plain_file(file)):
            raise SourceError("The call came without a file.")
        result = await _act(request, file, roots, may_advance=may_advance)
    except HonkError as error:
        return refusal_message(request.number, str(error))
    except OSError as error:
        return refusal_message(request.number, f"The repository cannot be used: {error}")
    return answer_message(request.number, result)


async def _act(
    request: Request, file: int | None, roots: Collection[Path], *, may_advance: bool
) -> RepositoryFacts | Advance | Snapshot | None:
    source = LocalSource()
    root = _allowed(request.root, roots)
    if request.call == "describe" or file is None:
        return await source.describe(root, request.base)
    if request.call == "export":
        with os.fdopen(os.dup(file), "wb") as into:
            await source.export(root, request.sha, request.have, into)
        return None
    if request.call == "snapshot":
        with os.fdopen(os.dup(file), "wb") as into:
            return Snapshot(sha=await source.snapshot(root, request.sha, into))
    with os.fdopen(os.dup(file), "rb") as pack:
        if request.call == "import_branch":
            await source.import_branch(root, request.branch, request.sha, pack)
            return None
        if not may_advance:
            raise SourceError(
                f"{request.branch} was not moved: this command is no merge. Merge with `honk pr merge` as yourself."
            )
        return await source.advance(root, request.branch, request.old_sha, request.sha, pack)


def _allowed(path: Path, roots: Collection[Path]) -> Path:
    """The top of the repository that the path lies in.

    Raises:
        SourceError: the person named it not.
    """
    root = find_root(path)
    if root not in roots:
        raise SourceError(
            f"{root} was not named when Honk was started by root, so it is not touched. "
            "Run the command in that repository, or name it with --repo."
        )
    return root


async def _attend(child: int, sock: socket.socket, roots: Collection[Path], *, may_advance: bool) -> int:
    """Serve the child until it ends; signals are handed on to it."""
    loop = asyncio.get_running_loop()
    for number in _FORWARDED:
        loop.add_signal_handler(number, _hand_on, child, number)
    serving = asyncio.create_task(answer_all(sock, roots, may_advance=may_advance))
    _, status = await loop.run_in_executor(None, os.waitpid, child, 0)
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)  # grandchildren may hold the other end: the conversation is over all the same
    await serving
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def _hand_on(child: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, number)


def _become_child(argv: Sequence[str], user: ServiceUser, home: Path, env: Mapping[str, str]) -> NoReturn:
    """In the child: leave root's terminal session, then root's rights; never returns."""
    try:
        # In a session of its own it can neither read nor push keys of root's terminal, and gets Ctrl-C from us once.
        os.setsid()
        for number in _RESTORED:
            signal.signal(number, signal.SIG_DFL)
        for name in (PORTER_FD, KEY_FD):
            os.set_inheritable(int(env[name]), True)
        os.chdir("/")
        os.umask(0o022)  # also for the mount points on the way, which the user must pass
        shown = prefixes(env.get("PATH", os.defpath), table.programs())
        env = {**env, "PATH": os.pathsep.join((env.get("PATH", os.defpath), *(f"{prefix}/bin" for prefix in shown)))}
        become(user.uid, user.gid, read=[*_runtime(argv), *shown], write=[home], argv=argv, env=env)
    except (HonkError, OSError) as error:
        sys.stderr.write(f"honk: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(2)


def _runtime(argv: Sequence[str]) -> list[Path]:
    """Every place that our own code is loaded from."""
    package = Path(__file__).resolve().parents[2]
    places = [Path(sys.prefix), Path(sys.base_prefix), package, *map(Path, argv[:1])]
    standing = str(Path.cwd())
    places += [Path(entry) for entry in sys.path if entry not in ("", standing, "/")]
    found = [place for place in places if place.exists()]
    if not package.stat().st_mode & 0o005 == 0o005 or not (package / "honk" / "__init__.py").stat().st_mode & 0o004:
        raise PlatformError(
            f"Honk is installed in {package} for root's eyes only (umask 077), so it cannot run without root's rights. "
            f"Run `chmod -R a+rX {package}`, or install it again with umask 022. Nothing was begun."
        )
    return found
