"""The gateway to Anthropic's Messages API, or to whatever speaks it."""

import asyncio
import hmac
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial

import aiohttp
from aiohttp import web

from honk.base.clock import monotonic_seconds
from honk.domain.breaker import UNREACHABLE
from honk.domain.money import BROKEN_OFF
from honk.gateway import Gatekeeper, GatewayError, Grant, Ledger, RegistryLog, Upstream
from honk.gateway.admission import MAX_BODY_BYTES, Question, Refusal, admit
from honk.gateway.far_side import FarSide, passed_down
from honk.gateway.metering import EventParser, Meter
from honk.gateway.package_door import PackageDoor
from honk.gateway.pricing import PRICES, Price, Usage
from honk.gateway.registry import PackageRoute
from honk.gateway.serving import Patience, read_body, serve
from honk.gateway.till import Reserved, Till, out_of_turns

_GENERATE, _COUNT = "/v1/messages", "/v1/messages/count_tokens"
_PINNED = {path + query: path for path in (_GENERATE, _COUNT) for query in ("", "?beta=true")}
_LARGE_BYTES = 4 << 20
_LARGE_AT_ONCE, _SMALL_AT_ONCE = 2, 24
"""Of one run: what a hostile one can make us hold in memory is bounded by these."""
_MAX_ERROR_BYTES = 1 << 20
_MAX_ANSWER_BYTES = 64 << 20
DEFAULT_MAX_OUTPUT_TOKENS = 32_000


class AnthropicGateway:
    """Serves runs, holds the key, keeps every run within its money. One per worker; the ledger is shared by all.

    A token is good on the socket it was granted for, until the context ends. Paths are compared as they were sent, so
    no other spelling passes. A refusal carries `x-should-retry: false`: the agent stops at once and shows the sentence.
    """

    def __init__(
        self,
        upstream: Upstream,
        ledger: Ledger,
        *,
        packages: PackageRoute | PackageDoor | None = None,
        prices: Mapping[str, Price] = PRICES,
        max_output_tokens: int = DEFAULT_MAX_OUTPUT_TOKENS,
        patience: Patience | None = None,
        trust_env_proxy: bool = False,
        gatekeeper: Gatekeeper | None = None,
        clock: Callable[[], float] = monotonic_seconds,
    ) -> None:
        """`max_output_tokens`: the most one answer may write; a broken stream keeps a reservation that rests on it."""
        self._packages = packages
        self._prices = prices
        self._patience = patience or Patience()
        self._clock = clock
        self._gatekeeper = gatekeeper
        self._till = Till(ledger, max_output_tokens=max_output_tokens)
        self._far_side = FarSide(upstream, self._patience, trust_env_proxy=trust_env_proxy)

    def serve_model(self, listener: socket.socket, grant: Grant) -> AbstractAsyncContextManager[None]:
        """Serve the model API on the socket until the context ends; calls under way then are broken off."""
        route = _ModelRoute(
            grant,
            far_side=self._far_side,
            till=self._till,
            prices=self._prices,
            patience=self._patience,
            gatekeeper=self._gatekeeper,
            clock=self._clock,
        )
        return serve(listener, route.answer, self._patience)

    def serve_registry(self, listener: socket.socket) -> AbstractAsyncContextManager[RegistryLog]:
        """Serve the package index, read-only, on the socket until the context ends. Only for set-up sandboxes.

        Raises:
            GatewayError: no package index is configured.
        """
        if self._packages is None:
            raise GatewayError(
                "No package index is known, so the project's environment cannot be built. Name one in honk.toml."
            )
        return self._packages.serve(listener)

    async def close(self) -> None:
        """Close the connections to the far side. Idempotent."""
        await self._far_side.close()
        if self._packages is not None:
            await self._packages.close()


class _ModelRoute:
    """One run's socket."""

    def __init__(
        self,
        grant: Grant,
        *,
        far_side: FarSide,
        till: Till,
        prices: Mapping[str, Price],
        patience: Patience,
        gatekeeper: Gatekeeper | None,
        clock: Callable[[], float],
    ) -> None:
        self._grant = grant
        self._gatekeeper = gatekeeper
        self._far_side = far_side
        self._till = till
        self._prices = prices
        self._patience = patience
        self._clock = clock
        self._turns = 0
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)
        self._small = asyncio.Semaphore(_SMALL_AT_ONCE)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to any request; what is not known is refused."""
        if not self._is_bearer(request.headers):
            return _refuse(Refusal(status=401, kind="authentication_error", message="This token opens nothing here."))
        if request.method == "HEAD" and request.raw_path == "/api/hello":
            return web.Response()
        path = _PINNED.get(request.raw_path)
        if request.method != "POST" or path is None:
            return _refuse(
                Refusal(status=403, kind="permission_error", message="Honk's gateway passes calls to the model only.")
            )
        length = request.content_length
        async with self._large if length is None or length > _LARGE_BYTES else self._small:
            return await self._call(request, path)

    async def _call(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        try:
            raw = await read_body(request, MAX_BODY_BYTES, self._patience)
        except TimeoutError:
            return _refuse(Refusal(status=408, kind="timeout_error", message="The request was not sent in time."))
        if raw is None:
            return _refuse(Refusal(status=413, kind="request_too_large", message="The request is larger than 32 MiB."))
        asked = admit(raw if path == _GENERATE else _as_question(raw), self._prices)
        if isinstance(asked, Refusal):
            return _refuse(asked)
        if self._gatekeeper is not None and (why := self._gatekeeper.objection()) is not None:
            return _refuse(Refusal(status=403, kind="permission_error", message=why))
        try:
            return await (self._generate(request, asked) if path == _GENERATE else self._count(request, asked))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return _refuse(_unreachable(error))

    def _is_bearer(self, headers: Mapping[str, str]) -> bool:
        bearer = headers.get("authorization", "")
        shown = (headers.get("x-api-key", ""), bearer[7:] if bearer[:7].lower() == "bearer " else "")
        token = self._grant.token.encode()
        return bool(token) and any(hmac.compare_digest(one.encode("utf-8", "replace"), token) for one in shown)

    async def _count(self, request: web.BaseRequest, question: Question) -> web.StreamResponse:
        """Counting costs nothing and is no turn."""
        async with self._far_side.post(_COUNT + "?beta=true", question.to_count(), request.headers) as response:
            if response.status != 200:
                return await self._failed(response)
            return web.Response(body=await _read(response, _MAX_ERROR_BYTES), headers=passed_down(response.headers))

    async def _generate(self, request: web.BaseRequest, question: Question) -> web.StreamResponse:
        # A turn is taken before it is known to be answered, so that calls side by side cannot pass the limit together.
        if question.is_turn:
            if self._grant.turns is not None and self._turns >= self._grant.turns:
                return _refuse(out_of_turns(self._grant.turns))
            self._turns += 1
        answered = False
        try:
            reserved = await self._till.reserve(self._grant, question, lambda: self._counted(request, question))
            if isinstance(reserved, Refusal):
                return _refuse(reserved)
            answer = await self._ask(request, question, reserved)
            answered = answer.status == 200
            return answer
        finally:
            if question.is_turn and not answered:
                self._turns -= 1

    async def _counted(self, request: web.BaseRequest, question: Question) -> int | None:
        try:
            async with self._far_side.post(_COUNT + "?beta=true", question.to_count(), request.headers) as response:
                told = json.loads(await _read(response, _MAX_ERROR_BYTES)) if response.status == 200 else {}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None
        tokens = told.get("input_tokens") if isinstance(told, dict) else None
        return tokens if isinstance(tokens, int) and tokens > 0 else None

    async def _ask(self, request: web.BaseRequest, question: Question, reserved: Reserved) -> web.StreamResponse:
        """Make the paid call. Whatever happens to it, the ledger is told."""
        meter, status, began = Meter(), 0, self._clock()
        usage: Usage | None = None
        body = question.with_max_tokens(reserved.max_tokens)
        try:
            async with self._far_side.post(_GENERATE + "?beta=true", body, request.headers) as response:
                status = response.status
                self._tell(status, question)
                if status != 200:
                    usage = Usage()  # errors are not billed
                    return await self._failed(response)
                if response.content_type == "text/event-stream":
                    known = partial(self._till.note, reserved, question)
                    return await self._stream(request, response, meter, known)
                return await self._whole(response, meter)
        except aiohttp.ClientConnectorError:
            usage = Usage()  # nothing was sent
            self._tell(UNREACHABLE, question)
            raise
        except (aiohttp.ClientError, TimeoutError, OSError):
            if status == 0:
                self._tell(UNREACHABLE, question)
            raise
        finally:
            if meter.is_complete:
                usage = meter.usage
            elif meter.has_begun:
                usage, status = meter.so_far, BROKEN_OFF
            await self._till.settle(reserved, question, usage, status=status, seconds=self._clock() - began)

    def _tell(self, status: int, question: Question) -> None:
        if self._gatekeeper is not None:
            self._gatekeeper.answered(status, question.model, self._grant.run_id)

    async def _stream(
        self,
        request: web.BaseRequest,
        response: aiohttp.ClientResponse,
        meter: Meter,
        known: Callable[[Usage], Awaitable[None]],
    ) -> web.StreamResponse:
        """Pass events on as they come, and read them on the side. A stream that breaks, breaks for the client too.

        `known` hears, once, what the answer's beginning tells of its cost.
        """
        answer = web.StreamResponse(headers=passed_down(response.headers))
        await answer.prepare(request)
        parser = EventParser()
        try:
            async for chunk in response.content.iter_any():
                had_begun = meter.has_begun
                for event in parser.feed(chunk):
                    meter.event(event)
                if meter.has_begun and not had_begun and not meter.is_complete:
                    await known(meter.so_far)
                await answer.write(chunk)
        except (aiohttp.ClientError, TimeoutError, OSError):
            if request.transport is not None:
                request.transport.abort()
            return answer
        await answer.write_eof()
        return answer

    async def _whole(self, response: aiohttp.ClientResponse, meter: Meter) -> web.Response:
        body = await _read(response, _MAX_ANSWER_BYTES)
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            message = None
        if isinstance(message, dict):
            meter.message(message)
        return web.Response(body=body, headers=passed_down(response.headers))

    async def _failed(self, response: aiohttp.ClientResponse) -> web.Response:
        """An error of the service, for the client. A refused key or account is final and is said in our words."""
        if response.status in (401, 403):
            return _refuse(_key_refused(response.status))
        if response.status == 402:
            return _refuse(_WANTS_PAYMENT)
        if response.status < 400:
            return _refuse(_odd(response.status))
        body = self._far_side.clean(await _read(response, _MAX_ERROR_BYTES))
        return web.Response(status=response.status, body=body, headers=passed_down(response.headers))


def _as_question(raw: bytes) -> bytes:
    """A body to be counted, which names no ceiling, as one that could be asked."""
    try:
        body = json.loads(raw.decode())
    except (ValueError, RecursionError):
        return raw
    return json.dumps({**body, "max_tokens": 1}).encode() if isinstance(body, dict) else raw


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, which may not be larger than the limit.

    Raises:
        aiohttp.ClientPayloadError: it is.
    """
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise aiohttp.ClientPayloadError("the answer is too large")
    return bytes(body)


def _refuse(refusal: Refusal) -> web.Response:
    headers = {"x-should-retry": "true" if refusal.can_retry else "false"}
    return web.Response(status=refusal.status, body=refusal.body(), content_type="application/json", headers=headers)


def _key_refused(status: int) -> Refusal:
    return Refusal(
        status=status,
        kind="authentication_error" if status == 401 else "permission_error",
        message=f"The model's service refused Honk's key (HTTP {status}). No retry will help: the operator must give "
        "Honk a valid key that may use this model.",
    )


_WANTS_PAYMENT = Refusal(
    status=402,
    kind="billing_error",
    message="The model's service asks for payment (HTTP 402). No retry will help: the operator must put the account "
    "in order, or give Honk the key of another one.",
)


def _odd(status: int) -> Refusal:
    return Refusal(
        status=502,
        kind="api_error",
        message=f"The model's service answered with HTTP {status}, which Honk does not follow. Check its base URL.",
    )


def _unreachable(error: Exception) -> Refusal:
    """Only the kind of the error is told: its text can name addresses that are nobody's business in a sandbox."""
    return Refusal(
        status=502,
        kind="api_error",
        message=f"The model's service cannot be reached ({type(error).__name__}).",
        can_retry=True,
    )
