"""A small collector, and a server that tells it of each task that has ended."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import ValidationError
from small_collector import collecting, sent

from honk.app import App
from honk.bootstrap_telemetry import tracing_of
from honk.config import Settings
from honk.config_telemetry import TelemetrySettings
from honk.domain.limits import Limits
from honk.domain.task import Brief, Outcome, OutcomeName, Status
from honk.insight.collector import Collector
from honk.insight.kept import Kept
from honk.store import Run, TaskEvent
from honk.testing.store import FakeEvents
from honk.testing.store_rules import a_task
from honk.workflows.tracing import Tracing

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECRET = f"sk-ant-{'a' * 16}"


def ended(task_id: str) -> Kept:
    outcome = Outcome(name=OutcomeName.FAILED, reason=f"a secret plan with {SECRET}")
    said = TaskEvent(task_id=task_id, sequence=1, kind="said", body={"text": "a secret plan", "words": 3}, at=NOON)
    return Kept(
        task=replace(a_task(task_id), created_at=NOON, status=Status.FINISHED, outcome=outcome),
        briefs=(Brief(version=1, goal="mend it"),),
        run=Run(run_id=f"{task_id}-1", task_id=task_id, limits=Limits(), started_at=NOON, finished_at=NOON),
        attempts=(), events=(said,), calls=(), pull_requests=(), approvals=(), blobs=(),
    )  # fmt: skip


async def kept(task_id: str) -> Kept:
    if task_id == "broken":
        raise KeyError(task_id)
    return ended(task_id)


def a_server(tmp_path: Path, events: FakeEvents, **wanted: Any) -> Any:
    app = SimpleNamespace(sights=SimpleNamespace(endings=lambda: events.watch(frozenset({"outcome"}))), kept=kept)
    settings = Settings(home=tmp_path, telemetry=TelemetrySettings(**wanted))
    return tracing_of(settings, cast(App, app))


async def test_each_task_that_ends_is_told_without_a_word_of_anybody(tmp_path: Path) -> None:
    (tmp_path / "collector").write_text("Bearer made-up\n")
    (tmp_path / "collector").chmod(0o600)
    events = FakeEvents()
    async with collecting() as collector:
        headers = {"authorization": "file:collector"}
        async with a_server(tmp_path, events, otlp_endpoint=collector.url, otlp_headers=headers):
            await asyncio.sleep(0)
            await events.append("t1", "said", {})
            await events.append("broken", "outcome", {})
            await events.append("t1", "outcome", {})
            await sent(collector, 1)
            await events.append("t2", "outcome", {})
            await sent(collector, 2)
    assert [one[0] for one in collector.sent] == ["Bearer made-up"] * 2
    task, run = collector.spans()
    assert (task["name"], task["status"], run["parentSpanId"]) == (
        "task t1", {"code": 2, "message": "error"}, task["spanId"],
    )  # fmt: skip
    text = json.dumps(collector.sent)
    assert "secret plan" not in text
    assert '"honk.outcome"' in text
    assert '"honk.words"' in text


async def test_with_words_what_looks_like_a_secret_is_struck_out(tmp_path: Path) -> None:
    events = FakeEvents()
    async with (
        collecting() as collector,
        a_server(tmp_path, events, otlp_endpoint=collector.url + "/v1/traces", words=True),
    ):
        await asyncio.sleep(0)
        await events.append("t1", "outcome", {})
        await sent(collector, 1)
    text = json.dumps(collector.sent)
    assert "secret plan" in text
    assert SECRET not in text


@pytest.mark.parametrize(("statuses", "tries", "taken"), [((503, 429), 3, 1), ((503,) * 3, 3, 0), ((400,), 1, 0)])
async def test_a_collector_that_is_down_is_asked_again_and_then_let_be(
    statuses: tuple[int, ...], tries: int, taken: int
) -> None:
    events = FakeEvents()
    async with collecting(*statuses) as collector:
        tracing = Tracing(
            endings=lambda: events.watch(frozenset({"outcome"})), kept=kept, clean=str, pauses=(0.0, 0.0),
            push=Collector(endpoint=collector.url + "/v1/traces").push,
        )  # fmt: skip
        async with tracing.on():
            await asyncio.sleep(0)
            await events.append("t1", "outcome", {})
            async with asyncio.timeout(5):
                while collector.tries < tries:
                    await asyncio.sleep(0)
            await events.append("t2", "outcome", {})
            await sent(collector, taken + 1)
    assert (collector.tries, len(collector.sent)) == (tries + 1, taken + 1)


async def test_nobody_at_the_address_ends_nothing(tmp_path: Path) -> None:
    events = FakeEvents()
    async with a_server(tmp_path, events, otlp_endpoint="http://127.0.0.1:9"):
        await asyncio.sleep(0)
        await events.append("t1", "outcome", {})
        await asyncio.sleep(0.05)


async def test_off_there_is_nothing(tmp_path: Path) -> None:
    def nobody() -> AsyncIterator[frozenset[str]]:
        raise AssertionError("somebody listens")

    app = SimpleNamespace(sights=SimpleNamespace(endings=nobody), kept=kept)
    async with tracing_of(Settings(home=tmp_path), cast(App, app)):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"otlp_endpoint": "collector:4318"},
        {"otlp_endpoint": "http://collector:4318", "words": True},
        {"otlp_endpoint": "http://collector:4318", "otlp_headers": {"authorization": "env:X"}},
    ],
)
def test_what_would_carry_words_in_the_clear_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TelemetrySettings(**wrong)
