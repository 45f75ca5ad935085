"""A team's server: a request in the console becomes a pull request, and the server starts and ends cleanly."""

import json
import os
import re
import signal
from pathlib import Path

import pytest
from desk import CALC, OLD, RIGHT, git, make_repository
from server import Server, make_certificate, serving
from small_collector import collecting, sent
from yarl import URL

from honk.testing import scripts

pytestmark = [pytest.mark.slow, pytest.mark.claude, pytest.mark.anyio]
CALC_PY = "/workspace/calc.py"


async def test_a_request_in_the_console_becomes_a_pull_request_and_a_trace(home: Path, calc: Path) -> None:
    straight = {"default": scripts.straight(CALC_PY, old=OLD, new=RIGHT)}
    async with (
        collecting() as collector,
        serving(home, straight, calc, HONK_TELEMETRY__OTLP_ENDPOINT=collector.url) as server,
    ):
        assert server.browser is not None
        async with server.browser.get("/") as answer:
            assert "Nothing runs right now." in await answer.text()
        (repository,) = await server.json("GET", "/api/repositories")
        task_id = await server.ask_in_console(repository_id=repository["repository_id"], prompt="Make add() add")
        told = await server.follow(task_id)
        assert told[-1]["kind"] == "outcome"
        assert told[-1]["body"]["outcome"] == "opened"
        task = await server.json("GET", f"/api/tasks/{task_id}")
        assert (task["status"], task["outcome"]) == ("finished", "opened")
        assert git(calc, "branch", "--list", "honk/*").strip()
        assert git(calc, "log", "-1", "--format=%an", git(calc, "branch", "--list", "honk/*").strip()) == "Owner"
        async with server.browser.get("/metrics") as answer:
            figures = await answer.text()
        assert 'honk_tasks_ended_total{outcome="opened"} 1.0' in figures
        assert 'honk_model_calls_total{answer="answered",purpose="judge"} 1.0' in figures
        assert await server.json("GET", "/readyz") == {"is_ready": True, "problems": []}
        await sent(collector, 1)
        assert {f"task {task_id}", "agent", "verify", "verifier unittest"} <= {one["name"] for one in collector.spans()}
        assert "Make add() add" not in json.dumps(collector.sent)
        assert await server.stop(signal.SIGINT) == 0


async def test_a_stranger_sees_nothing_and_a_link_is_good_once(home: Path, calc: Path) -> None:
    async with serving(home, {}, calc) as server:
        assert server.browser is not None
        async with server.browser.get(URL(server.way_in).relative()) as again:
            assert again.status == 403
            assert "lets nobody in" in await again.text()
        server.browser.cookie_jar.clear()
        for path in ("/", "/api/tasks", "/api/repositories", "/tasks/x", "/tasks/x/stream", "/api/tasks/x/events"):
            async with server.browser.get(path) as answer:
                assert answer.status == 401, path
        async with server.browser.post("/tasks", data={"repository_id": "x", "prompt": "y"}) as answer:
            assert answer.status == 401


async def test_a_server_that_may_not_listen_begins_nothing(home: Path, calc: Path, tmp_path: Path) -> None:
    async with serving(home, {}, calc) as server:
        port = server.url.rsplit(":", 1)[1]
        for words, why in (
            (("--host", "0.0.0.0"), "in the clear"),
            (("--port", port), "Address already in use"),
            (("--host", "203.0.113.9"), "in the clear"),
        ):
            code, said = await server.refused("serve", *words)
            assert (code, why in said) == (2, True), said


@pytest.mark.acceptance
async def test_a_server_speaks_tls_with_a_certificate_of_its_own(home: Path, calc: Path, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    settings = {"HONK_SERVE__TLS_CERTIFICATE": str(certificate), "HONK_SERVE__TLS_KEY": str(key)}
    async with serving(home, {}, calc, trusted=certificate, **settings) as server:
        assert server.url.startswith("https://127.0.0.1:")
        assert await server.json("GET", "/healthz") == {"status": "ok"}
    key.write_text("no key")
    code, said = await Server(home=home, model=server.model, settings=settings).refused("serve", "--port", "0")
    assert (code, "cannot be used" in said) == (2, True), said


@pytest.mark.acceptance
async def test_the_doctor_proves_the_names_under_which_people_reach_the_server(home: Path, calc: Path) -> None:
    async with serving(home, {}, calc) as server:
        port = server.url.rsplit(":", 1)[1]
        named = {
            "HONK_SERVE__PUBLIC_URL": f"http://localhost:{port}",
            "HONK_SERVE__PREVIEW_DOMAIN": "previews.example.net",
            "HONK_SERVE__PORT": port,
        }
        owner = Server(home=home, model=server.model, settings=named)
        links: list[str] = []
        opened: list[int] = []

        async def hears(line: str) -> None:
            assert server.browser is not None
            if found := re.search(r"http://(\S+?)(/reached/\S+)", line):
                links.append(found[0])
                server.browser.cookie_jar.clear()
                async with server.browser.get(found[2], headers={"Host": found[1]}) as answer:
                    opened.append(answer.status)

        code, said = await owner.heard("doctor", "--phone", hears=hears)
        assert (code, opened) == (0, [200, 200]), said
        assert f"reached as localhost:{port}" in said
        assert re.search(r"reached as doctor-\w+\.previews\.example\.net", said)
        assert server.browser is not None
        async with server.browser.get(f"/reached/{links[0].rsplit('/', 1)[1]}") as answer:
            assert answer.status == 404, "a link is dead when nobody waits for it"
        assert os.listdir(home / "reached") == []


CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: sums-service, title: Sums}
spec: {type: service, owner: "group:default/reckoners"}
---
not: ours
"""


async def test_a_repository_says_what_it_is_and_whose(home: Path, tmp_path: Path) -> None:
    """Row 22: the component's name leads to its repository, and its owner is asked to look."""
    calc = make_repository(tmp_path / "calc", {**CALC, "catalog-info.yaml": CATALOG})
    async with serving(home, {"default": scripts.straight(CALC_PY, old=OLD, new=RIGHT)}, calc) as server:
        repositories = await server.json("GET", "/api/repositories")
        (found,) = [one for one in repositories if "sums-service" in one["components"]]
        words = "Make add() of the sums-service add"
        task_id = await server.ask_in_console(repository_id=found["repository_id"], prompt=words)
        told = await server.follow(task_id)
        assert told[-1]["body"]["outcome"] == "opened"
        told = json.loads((await server.honk("pr", "list", "--json")).splitlines()[0])
        assert told["reviewers"] == ["reckoners"]
