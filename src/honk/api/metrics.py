"""Figures for Prometheus. No words of a task and no person stand in a label, and no label has many values."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from honk.domain.money import ANSWERED, BROKEN_OFF, ModelCall
from honk.domain.task import OutcomeName, Status
from honk.team import Team

MEDIA_TYPE = CONTENT_TYPE_LATEST
STAGES = (0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1800, 3600)
CALLS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_ANSWERS = {ANSWERED: "answered", BROKEN_OFF: "broken_off"}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What is so just now, rather than what was counted."""

    tasks: Mapping[tuple[Status, OutcomeName | None], int]
    running: int
    queued: int
    parked: int
    slots: int
    free_disk_bytes: int


class Metrics:
    """Counts from this process's start. An `Ear` of the store."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        told = self._registry
        self._events = Counter("honk_events", "Facts told of tasks.", ["kind"], registry=told)
        self._ended = Counter("honk_tasks_ended", "Tasks that ended.", ["outcome"], registry=told)
        self._deployments = Counter("honk_deployments", "Deployments that came to this.", ["state"], registry=told)
        self._verified = Counter("honk_verifications", "Reports of verifiers.", ["result"], registry=told)
        self._stages = Histogram(
            "honk_stage_seconds", "What stages of runs took.", ["stage"], buckets=STAGES, registry=told
        )
        self._calls = Counter("honk_model_calls", "Calls to models.", ["purpose", "answer"], registry=told)
        self._call_seconds = Histogram("honk_model_call_seconds", "What they took.", ["purpose"], registry=told)
        self._usd = Counter("honk_model_cost_usd", "What they cost, as far as it is known.", ["purpose"], registry=told)
        self._tokens = Counter("honk_model_tokens", "What they were billed for.", ["kind"], registry=told)
        self._faults = Counter(
            "honk_gateway_faults", "Calls that were refused or broke off.", ["status"], registry=told
        )
        self._http = Histogram(
            "honk_http_seconds",
            "To the first byte of an answer.",
            ["method", "path", "status"],
            buckets=CALLS,
            registry=told,
        )
        self._tasks = Gauge("honk_tasks", "Tasks that are kept.", ["status", "outcome"], registry=told)
        self._now = Gauge("honk_runs", "Runs just now.", ["standing"], registry=told)
        self._slots = Gauge("honk_slots", "Runs that may go on at once.", registry=told)
        self._disk = Gauge("honk_free_disk_bytes", "Where the state folder lies.", registry=told)

    def event(self, kind: str, body: Mapping[str, object]) -> None:
        """A fact of a task; only our own words of it become labels."""
        self._events.labels(kind).inc()
        if kind == "outcome":
            self._ended.labels(str(body.get("outcome"))).inc()
        elif kind == "deployment":
            self._deployments.labels(str(body.get("state"))).inc()
        elif kind == "report":
            self._verified.labels(str(body.get("result"))).inc()
        elif kind == "stage" and isinstance(seconds := body.get("seconds"), int | float):
            self._stages.labels(str(body.get("stage"))).observe(seconds)

    def call(self, call: ModelCall) -> None:
        """A settled call. Its model is not a label: it is a word of the sandbox."""
        self._calls.labels(call.purpose, _ANSWERS.get(call.status, "refused")).inc()
        self._call_seconds.labels(call.purpose).observe(call.seconds)
        self._usd.labels(call.purpose).inc(call.cost_usd or 0.0)
        for kind in ("input", "output", "cache_read", "cache_write"):
            self._tokens.labels(kind).inc(getattr(call, f"{kind}_tokens"))
        if call.status != ANSWERED:
            self._faults.labels(str(call.status)).inc()

    def answered(self, method: str, path: str, status: int, seconds: float) -> None:
        """An HTTP answer has begun."""
        self._http.labels(method if method in _METHODS else "other", path, f"{status // 100}xx").observe(seconds)

    def page(self, standing: Standing) -> bytes:
        """Everything, as Prometheus reads it."""
        self._tasks.clear()
        for (status, outcome), count in standing.tasks.items():
            self._tasks.labels(status, outcome or "").set(count)
        for name in ("running", "queued", "parked"):
            self._now.labels(name).set(getattr(standing, name))
        self._slots.set(standing.slots)
        self._disk.set(standing.free_disk_bytes)
        return generate_latest(self._registry)


async def standing_of(team: Team) -> Standing:
    """What is so just now."""
    now, tasks = await team.standing(), await team.app.counts()
    return Standing(
        tasks=tasks,
        running=now.running,
        queued=now.queued,
        parked=sum(count for (status, _), count in tasks.items() if status is Status.WAITING),
        slots=now.slots,
        free_disk_bytes=now.free_disk_bytes,
    )


class Timed:
    """Around the whole application. Paths are told as they are described, never as they were called."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began = perf_counter()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = perf_counter() - began
                self._metrics.answered(scope["method"], path_of(scope), message["status"], seconds)
            await send(message)

        await self._app(scope, receive, told)


def path_of(scope: Scope) -> str:
    """The route's own path, below what it is mounted at; "other" where there is no route."""
    known = getattr(scope.get("route"), "path", None)
    return f"{scope.get('root_path', '')}{known}" if known else "other"
