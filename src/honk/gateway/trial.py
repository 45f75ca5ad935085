"""One cheap call to the model's service, to tell whether the key works before a run depends on it."""

import aiohttp

from honk.gateway import GatewayError, Upstream

TIMEOUT_SECONDS = 20.0


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
