"""A judge's way to the model: a loopback socket that the gateway serves for the length of one call."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from honk.base.digests import new_secret
from honk.gateway import Gateway, Grant
from honk.judge.claude import OpenModel, Route


def through(gateway: Gateway) -> OpenModel:
    """Routes whose calls the gateway meters with the run, under the purpose "judge"."""

    @asynccontextmanager
    async def opened(run_id: str, budget_usd: float) -> AsyncIterator[Route]:
        grant = Grant(run_id=run_id, purpose="judge", token=new_secret(), budget_usd=budget_usd)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(8)
            listener.setblocking(False)
            async with gateway.serve_model(listener, grant):
                yield Route(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", token=grant.token)

    return opened
