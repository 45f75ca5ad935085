"""The one place where the command line asks for the house: everything heavy is imported here, when it is needed."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from honk.base.errors import PlatformError

if TYPE_CHECKING:
    from honk.app import App
    from honk.cli.progress import View
    from honk.config import Settings
    from honk.gateway import Upstream
    from honk.workflows.claim import Claim

T = TypeVar("T")
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
    if os.geteuid() == 0:
        raise PlatformError("Honk would have worked as root. It does not; nothing was begun.")
    from honk.bootstrap import open_app
    from honk.workflows.claim import Claim

    return open_app(settings, upstream=upstream, claim=claim or Claim.WORK, waits=waits)


def working_desk(view: "View", settings: "Settings") -> AbstractAsyncContextManager["App"]:
    """The front desk for a run. Where another Honk is at work in the same state folder we wait our turn, and say so."""
    from honk.cli.facts import Line, Tone

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
