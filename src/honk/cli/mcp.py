"""honk mcp: Honk's tools for an agent or an editor that speaks the Model Context Protocol."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from honk.cli.steer import OfServer

if TYPE_CHECKING:
    from honk.client import FarDesk

NO_SERVER = (
    "No server works in this state folder, so there is nobody to ask. Start one (honk serve), or name one by --server."
)


def mcp(server: OfServer = None) -> None:
    """Serve Honk's tools to an agent or an editor on standard input and output, until that ends.

    Tools: repositories, start, say, status, diff. They ask the server of this state folder, or the one that is named.
    """
    from honk.cli.desk import run_async, server_named
    from honk.mcp.server import serve_stdio

    server_named(server)  # what is missing is told now, and not to a model

    @asynccontextmanager
    async def open_desk() -> "AsyncIterator[FarDesk]":
        from honk.base.errors import UsageError
        from honk.cli.desk import server_beside
        from honk.client.http import open_far_desk
        from honk.config import read_settings

        found = server_named(server) or server_beside(read_settings())
        if found is None:
            raise UsageError(NO_SERVER)
        async with open_far_desk(found) as desk:
            yield desk

    run_async(serve_stdio(open_desk))
