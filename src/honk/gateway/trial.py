"""One cheap call to the model's service, to tell whether the key works before a run depends on it."""

import socket

import aiohttp

from honk.base.digests import new_secret
from honk.base.ids import new_id
from honk.gateway import Gateway, GatewayError, Grant, Upstream

TIMEOUT_SECONDS = 20.0
PROBE_USD = 1.0
"""More than the gateway can set aside for a question of one token; what it costs is a hundredth of a cent."""


async def try_upstream(upstream: Upstream, model: str) -> str:
    """A sentence about the answer to a one-token question; it costs less than a hundredth of a cent.

    Raises:
        GatewayError: no answer, or a refusal; says what to do.
    """
    body = {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "ping"}]}
    headers = {"anthropic-version": "2023-06-01", **upstream.headers}
    url = f"{upstream.base_url.rstrip('/')}/v1/messages"
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, json=body, headers=headers) as got,
        ):
            status = got.status
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise GatewayError(f"{upstream.base_url} did not answer: {error!r}. Check the network.") from error
    if status in (401, 403):
        raise GatewayError(f"{upstream.base_url} refused the key ({status}). Give another one.")
    if status != 200:
        raise GatewayError(f"{upstream.base_url} answered {status} for the model {model}.")
    return f"{model} answered at {upstream.base_url}"


async def is_answering(gateway: Gateway, model: str) -> bool:
    """Whether the service answers the model's one-token question, through the gateway, which writes its cost down."""
    token = new_secret()
    grant = Grant(run_id=f"probe-{new_id()}", purpose="probe", token=token, budget_usd=PROBE_USD)
    body = {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "ping"}]}
    headers = {"anthropic-version": "2023-06-01", "x-api-key": token}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(2)
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/messages"
        try:
            async with (
                gateway.serve_model(listener, grant),
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
                session.post(url, json=body, headers=headers) as got,
            ):
                return got.status == 200
        except (TimeoutError, aiohttp.ClientError, OSError):
            return False
