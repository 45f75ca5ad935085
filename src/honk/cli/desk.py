"""The one place where the command line asks for the house: everything heavy is imported here, when it is needed."""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from honk.base.errors import PlatformError

if TYPE_CHECKING:
    from honk.app import App
    from honk.config import Settings
    from honk.gateway import Upstream

T = TypeVar("T")
CALLER_DIRECTORY = "HONK_PORTER_CWD"
"""Where the person stands, written down before root's rights are given up."""


def open_desk(
    settings: "Settings", upstream: "Upstream | None" = None, *, reads_only: bool = False
) -> AbstractAsyncContextManager["App"]:
    """The front desk; the state folder is ours until the end of the context.

    `upstream` replaces the model's service of the settings. Who only reads may look while another Honk works.

    Raises:
        PlatformError: root's rights were not given up, and nothing here may have them.
    """
    if os.geteuid() == 0:
        raise PlatformError("Honk would have worked as root. It does not; nothing was begun.")
    from honk.bootstrap import open_app

    return open_app(settings, upstream=upstream, reads_only=reads_only)


def own_desk() -> AbstractAsyncContextManager["App"]:
    """The front desk as the installation's settings say."""
    from honk.config import read_settings

    return open_desk(read_settings())


def reading_desk() -> AbstractAsyncContextManager["App"]:
    """The front desk for a look, also while another Honk works in the same state folder."""
    from honk.config import read_settings

    return open_desk(read_settings(), reads_only=True)


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end; an interrupt that nobody inside answers ends it with the usual code."""
    from honk.cli.exit_codes import CANCELLED

    try:
        return asyncio.run(main)
    except KeyboardInterrupt:
        raise SystemExit(CANCELLED) from None


def person_path(path: Path | None) -> Path:
    """An absolute path as the person meant it; where they stand, for None.

    Links are not resolved: the program may by now lack the right to look.
    """
    standing = Path(os.environ.get(CALLER_DIRECTORY) or Path.cwd())
    return standing / path if path is not None else standing
