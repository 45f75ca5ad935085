"""The one place where the command line asks for the house: everything heavy is imported here, when it is needed."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from honk.base.errors import PlatformError, UsageError

if TYPE_CHECKING:
    from honk.app import App
    from honk.cli.progress import View
    from honk.client import Server, TaskDesk
    from honk.config import Settings
    from honk.gateway import Upstream
    from honk.workflows.claim import Claim

T = TypeVar("T")
SERVER_VARIABLE = "HONK_SERVER"
TOKEN_VARIABLE = "HONK_TOKEN"  # noqa: S105 - a variable's name
TOKEN_FILE_VARIABLE = "HONK_TOKEN_FILE"  # noqa: S105
CALLER_DIRECTORY = "HONK_PORTER_CWD"
"""Where the person stands, written down before root's rights are given up."""


def open_desk(
    settings: "Settings",
    upstream: "Upstream | None" = None,
    *,
    claim: "Claim | None" = None,
    waits: "Callable[[str], None] | None" = None,
) -> AbstractAsyncContextManager["App"]:
    """The front desk, to work at unless something else is claimed; see `bootstrap.open_app`.

    `upstream` replaces the model's service of the settings.

    Raises:
        PlatformError: root's rights were not given up, and nothing here may have them.
    """
    refuse_root()
    from honk.bootstrap import open_app
    from honk.workflows.claim import Claim

    return open_app(settings, upstream=upstream, claim=claim or Claim.WORK, waits=waits)


def refuse_root() -> None:
    """Raises PlatformError where root's rights were not given up, and nothing here may have them."""
    if os.geteuid() == 0:
        raise PlatformError("Honk would have worked as root. It does not; nothing was begun.")


def working_desk(view: "View", settings: "Settings") -> AbstractAsyncContextManager["App"]:
    """The front desk for a run. Where another Honk is at work in the same state folder we wait our turn, and say so.

    Raises:
        UsageError: it is a server, whose turn does not end.
    """
    from honk.base.whereabouts import server_of
    from honk.cli.facts import Line, Tone

    if server_of(settings.home) is not None:
        raise UsageError(
            f"A server works in {settings.home}, and goes on with every task by itself. Nothing was begun. See one by "
            "honk task follow TASK; for anything else end the server first."
        )

    def waits(who: str) -> None:
        words = f"waiting for {who}, which works in {settings.home}. Nothing is begun yet; Ctrl-C gives up."
        view.tell(Line(text=words, tone=Tone.UNSURE))

    return open_desk(settings, waits=waits)


def own_desk() -> AbstractAsyncContextManager["App"]:
    """The front desk for what nobody else may work or act beside."""
    from honk.config import read_settings
    from honk.workflows.claim import Claim

    return open_desk(read_settings(), claim=Claim.ALL)


def acting_desk() -> AbstractAsyncContextManager["App"]:
    """The front desk for an act on a pull request, also while another Honk works in the same state folder."""
    from honk.config import read_settings
    from honk.workflows.claim import Claim

    return open_desk(read_settings(), claim=Claim.ACT)


def reading_desk() -> AbstractAsyncContextManager["App"]:
    """The front desk for a look, also while another Honk works in the same state folder."""
    from honk.config import read_settings
    from honk.workflows.claim import Claim

    return open_desk(read_settings(), claim=Claim.LOOK)


def server_named(option: str | None) -> "Server | None":
    """The server of another machine that the person named, by the option or by HONK_SERVER; None for this one.

    Raises:
        UsageError: nothing lets us in there.
    """
    if not (url := option or os.environ.get(SERVER_VARIABLE, "")):
        return None
    from honk.client import Server

    return Server(url=url, token=token_given())


def token_given() -> str:
    """From HONK_TOKEN, or from the file that HONK_TOKEN_FILE names.

    Raises:
        UsageError: there is none, or others may read it.
    """
    if token := os.environ.get(TOKEN_VARIABLE, "").strip():
        return token
    if not (named := os.environ.get(TOKEN_FILE_VARIABLE, "")):
        raise UsageError(
            f"Nothing lets you in there: set {TOKEN_VARIABLE} to a token, or {TOKEN_FILE_VARIABLE} to a file with one "
            "(mode 600). On the server: honk token new. Nothing was done."
        )
    path = Path(named)
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise UsageError(f"{path} may be read by others, so it is not used. Close it: chmod 600 {path}")
        return path.read_text().strip()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}. Nothing was done.") from error


def server_beside(settings: "Settings") -> "Server | None":
    """The server that works in this state folder; None where none does."""
    from honk.base.whereabouts import server_of

    if (found := server_of(settings.home)) is None:
        return None
    from honk.client import Server

    certificate = Path(settings.serve.tls_certificate) if settings.serve.tls_certificate else None
    return Server(url=found.address, token=found.token, certificate=certificate)


@asynccontextmanager
async def task_desk(option: str | None, *, works: bool = False) -> "AsyncIterator[TaskDesk]":
    """Where tasks are: at the server that is named, else at the one of this state folder, else in the folder itself.
    `works`: something is to be done, for which nobody else may be at work in the folder.

    Raises:
        UsageError: nothing lets us in, or somebody else is at work here.
    """
    far = server_named(option)
    if far is None:
        from honk.config import read_settings

        settings = read_settings()
        far = server_beside(settings)
    if far is not None:
        from honk.client.http import open_far_desk

        async with open_far_desk(far) as desk:
            yield desk
        return
    from honk.bootstrap import limits_of
    from honk.cli.near_desk import NearDesk
    from honk.workflows.claim import Claim

    async with open_desk(settings, claim=Claim.WORK if works else Claim.LOOK) as app:
        yield NearDesk(app, limits_of(settings))


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end; an interrupt that nobody inside answers ends it with the usual code."""
    from honk.cli.exit_codes import CANCELLED

    try:
        return asyncio.run(main)
    except KeyboardInterrupt:
        raise SystemExit(CANCELLED) from None


def person_here() -> str:
    """Who gives a command on this machine, for the record."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def person_path(path: Path | None) -> Path:
    """An absolute path as the person meant it; where they stand, for None.

    Links are not resolved: the program may by now lack the right to look.
    """
    standing = Path(os.environ.get(CALLER_DIRECTORY) or Path.cwd())
    return standing / path if path is not None else standing
