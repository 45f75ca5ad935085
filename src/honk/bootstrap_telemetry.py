"""Names what tells others of our work, beside `bootstrap`, which names everything else."""

from contextlib import AbstractAsyncContextManager, nullcontext

from honk.app import App
from honk.base.censor import Censor
from honk.config import Settings
from honk.insight.collector import Collector
from honk.workflows.key import read_secret
from honk.workflows.tracing import Tracing


def tracing_of(settings: Settings, app: App) -> AbstractAsyncContextManager[None]:
    """While it lasts, each ended task is told to the collector; without one, nothing.

    Raises:
        UsageError: a header's secret is not where it is said to be.
    """
    wanted = settings.telemetry
    if not wanted.otlp_endpoint:
        return nullcontext()
    headers = {name: _value(name, value, settings) for name, value in wanted.otlp_headers.items()}
    return Tracing(
        endings=app.sights.endings,
        kept=app.kept,
        push=Collector(endpoint=wanted.otlp_endpoint, headers=headers).push,
        clean=Censor(tuple(headers.values())).clean,
        has_words=wanted.words,
    ).on()


def _value(name: str, value: str, settings: Settings) -> str:
    is_elsewhere = value.startswith(("env:", "file:"))
    return read_secret(value, settings.home, f"telemetry.otlp_headers.{name}") if is_elsewhere else value
