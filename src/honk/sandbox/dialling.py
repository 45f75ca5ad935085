"""Connects to a server inside a sandbox: both families of the loopback, since servers differ in which they take."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

_LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


async def dial(
    fresh_socket: Callable[[socket.AddressFamily], Awaitable[socket.socket | None]], port: int, timeout_seconds: float
) -> socket.socket | None:
    """A connected socket that does not block; None where nothing takes the connection in time.

    `fresh_socket` makes an unconnected one in the network that is meant. Cancellation leaves no socket open.
    """
    loop = asyncio.get_running_loop()
    for family, address in _LOOPBACKS:
        made = await fresh_socket(family)
        if made is None:
            continue
        made.setblocking(False)
        try:
            async with asyncio.timeout(timeout_seconds):
                await loop.sock_connect(made, (address, port))
            return made
        except (OSError, TimeoutError):
            made.close()
        except BaseException:
            made.close()
            raise
    return None
