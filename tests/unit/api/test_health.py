"""What watches over a server is told the truth, and strangers are told nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import httpx2
import pytest
from api_room import ApiRoom, serving_api
from starlette.requests import Request

from honk.api.health import is_near
from honk.api.metrics import Metrics, Standing
from honk.domain.money import BROKEN_OFF, ModelCall
from honk.domain.task import OutcomeName, Status

HOSTILE = 'x"}\n</script>ada@example.org'


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiRoom]:
    with serving_api(tmp_path_factory.mktemp("home")) as room:
        yield room


def test_a_server_at_work_lives_and_is_ready(room: ApiRoom) -> None:
    assert httpx2.get(f"{room.url}/healthz").json() == {"status": "ok"}
    told = httpx2.get(f"{room.url}/readyz")
    assert (told.status_code, told.json()) == (200, {"is_ready": True, "problems": []})


def test_a_locked_database_is_said_to_be_locked(room: ApiRoom) -> None:
    with closing(sqlite3.connect(room.home / "honk.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = httpx2.get(f"{room.url}/readyz", timeout=20)
        afar = httpx2.get(f"{room.url}/readyz", timeout=20, headers={"x-forwarded-for": "203.0.113.9"})
    assert told.status_code == afar.status_code == 503
    assert str(room.home) not in afar.text
    assert "Another program keeps the database locked" in told.json()["problems"][0]


def test_the_figures_tell_what_happened_and_of_whom_nothing(room: ApiRoom) -> None:
    wanted = {"repository_id": "fake", "prompt": HOSTILE}
    task_id = httpx2.post(f"{room.url}/tasks", json=wanted, headers={"authorization": "Bearer ada"}).json()["task_id"]
    httpx2.get(f"{room.url}/tasks/{task_id}/events", headers={"authorization": "Bearer ada"})
    told = httpx2.get(f"{room.url}/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    assert 'honk_tasks{outcome="no_change",status="finished"} 1.0' in told.text
    assert 'honk_http_seconds_count{method="POST",path="/tasks",status="2xx"} 1.0' in told.text
    assert 'path="/tasks/{task_id}/events",status="2xx"' in told.text
    for secret in (task_id, "example.org", "ada", "script", "Ada"):
        assert secret not in told.text


def test_the_figures_are_for_this_machine_or_an_administrator(room: ApiRoom) -> None:
    through = {"x-forwarded-for": "203.0.113.9"}
    assert httpx2.get(f"{room.url}/metrics", headers=through).status_code == 401
    for name, status in (("rita", 403), ("ada", 200)):
        asked = httpx2.get(f"{room.url}/metrics", headers={**through, "authorization": f"Bearer {name}"})
        assert asked.status_code == status


@pytest.mark.parametrize(
    ("host", "near"), [("127.0.0.1", True), ("::1", True), ("10.0.0.1", False), ("", False), ("a.test", False)]
)
def test_near_is_this_machine_only(host: str, near: bool) -> None:
    assert is_near(Request({"type": "http", "headers": [], "client": (host, 1)})) is near


def test_figures_count_what_is_heard() -> None:
    metrics = Metrics()
    metrics.event("outcome", {"outcome": "opened"})
    metrics.event("report", {"result": "passed", "summary": HOSTILE})
    metrics.event("stage", {"stage": "verify", "state": "finished", "seconds": 2.5})
    metrics.event("stage", {"stage": "verify", "state": "started"})
    call = ModelCall(call_id="c", run_id="r", purpose="agent", model=HOSTILE, reserved_usd=1.0, cost_usd=0.25,
                     input_tokens=7, status=BROKEN_OFF, seconds=1.5)  # fmt: skip
    metrics.call(call)
    standing = Standing(tasks={(Status.FINISHED, OutcomeName.OPENED): 3}, running=1, queued=2, parked=4, slots=8,
                        free_disk_bytes=5)  # fmt: skip
    page = metrics.page(standing).decode()
    for line in (
        'honk_tasks_ended_total{outcome="opened"} 1.0', 'honk_verifications_total{result="passed"} 1.0',
        'honk_stage_seconds_sum{stage="verify"} 2.5', 'honk_model_cost_usd_total{purpose="agent"} 0.25',
        'honk_model_calls_total{answer="broken_off",purpose="agent"} 1.0', 'honk_model_tokens_total{kind="input"} 7.0',
        f'honk_gateway_faults_total{{status="{BROKEN_OFF}"}} 1.0', 'honk_runs{standing="parked"} 4.0',
        'honk_tasks{outcome="opened",status="finished"} 3.0', "honk_slots 8.0",
    ):  # fmt: skip
        assert line in page
    assert "script" not in page
