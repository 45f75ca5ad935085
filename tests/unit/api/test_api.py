"""What the API takes, answers and refuses."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from api_room import OWNER_TOKEN, REPOSITORY, ApiRoom, serving_api

from honk.base.clock import now
from honk.base.records import load
from honk.team import RunResult
from honk.testing.store_rules import EXAMINATION

ADA = {"authorization": "Bearer ada"}
WANTED = {"repository_id": "fake", "prompt": "Mend the titles"}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiRoom]:
    with serving_api(tmp_path_factory.mktemp("home")) as room:
        yield room


@pytest.fixture
def ada(room: ApiRoom) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=room.url, headers=ADA) as client:
        yield client


def test_a_request_becomes_a_task_that_can_be_read(ada: httpx2.Client) -> None:
    asked = ada.post("/tasks", json=WANTED)
    assert asked.status_code == 201
    task_id = asked.json()["task_id"]
    assert asked.headers["location"] == f"/api/tasks/{task_id}"
    events = ada.get(f"/tasks/{task_id}/events").text
    assert events.startswith("retry: 2000\n\nid: 1\nevent: ")
    assert events.endswith("event: end\ndata: {}\n\n")
    task = ada.get(f"/tasks/{task_id}").json()
    assert (task["status"], task["outcome"], task["asker"]) == ("finished", "no_change", "Ada")
    assert ada.get(f"/tasks/{task_id}/result").json()["reason"] == "Nothing was to be done."
    assert ada.get(f"/tasks/{task_id}/reports").json() == []
    assert ada.get(f"/tasks/{task_id}/diff").content == b""
    assert ada.get(f"/tasks/{task_id}/blobs").json() == {"keys": []}


def test_an_event_stream_goes_on_where_its_reader_was(ada: httpx2.Client) -> None:
    task_id = ada.post("/tasks", json=WANTED).json()["task_id"]
    whole = ada.get(f"/tasks/{task_id}/events").text
    ids = [int(line[4:]) for line in whole.splitlines() if line.startswith("id: ")]
    again = ada.get(f"/tasks/{task_id}/events", headers={"last-event-id": str(ids[-2])}).text
    assert [line for line in again.splitlines() if line.startswith("id: ")] == [f"id: {ids[-1]}"]
    seen = ada.get(f"/tasks/{task_id}/events", headers={"last-event-id": str(ids[-1])}).text
    assert seen == "retry: 2000\n\nevent: end\ndata: {}\n\n"


def test_the_same_key_is_the_same_request_and_of_one_person_only(ada: httpx2.Client, room: ApiRoom) -> None:
    key = {"idempotency-key": "once"}
    first, again = (ada.post("/tasks", json=WANTED, headers=key).json()["task_id"] for _ in range(2))
    assert first == again
    other = ada.post("/tasks", json={**WANTED, "prompt": "Mend something else"}, headers=key)
    assert other.status_code == 409
    assert first in other.json()["detail"]
    owner = httpx2.post(f"{room.url}/tasks", json=WANTED, headers={**key, "authorization": f"Bearer {OWNER_TOKEN}"})
    assert owner.json()["task_id"] != first


def test_a_list_comes_in_pages_and_by_wishes(ada: httpx2.Client) -> None:
    made = [ada.post("/tasks", json={**WANTED, "prompt": f"Count {n} sheep"}).json()["task_id"] for n in range(5)]
    seen, cursor = [], None
    while True:
        page = ada.get("/tasks", params={"limit": 2, "words": "sheep", **({"cursor": cursor} if cursor else {})}).json()
        seen += [one["task_id"] for one in page["tasks"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == made[::-1]
    assert ada.get("/tasks", params={"status": "running"}).json() == {"tasks": [], "next": None}
    assert ada.get("/tasks", params={"cursor": "x"}).status_code == 409


def test_who_may_not_is_told_why_and_learns_nothing(ada: httpx2.Client, room: ApiRoom) -> None:
    task_id = ada.post("/tasks", json=WANTED).json()["task_id"]
    eve = {"authorization": "Bearer eve"}
    for path in (
        f"/tasks/{task_id}",
        f"/tasks/{task_id}/events",
        f"/tasks/{task_id}/diff",
        f"/tasks/{task_id}/blobs/x",
    ):
        refused = httpx2.get(room.url + path, headers=eve)
        assert refused.status_code == 404
        assert refused.headers["content-type"] == "application/problem+json"
    assert httpx2.get(f"{room.url}/repositories", headers=eve).json() == []
    assert httpx2.get(f"{room.url}/tasks", headers=eve).json()["tasks"] == []
    assert httpx2.post(f"{room.url}/tasks", json=WANTED, headers=eve).status_code == 403
    rita = {"authorization": "Bearer rita"}
    assert httpx2.get(f"{room.url}/tasks/{task_id}", headers=rita).status_code == 200
    refused = httpx2.post(f"{room.url}/tasks/{task_id}/stop", headers=rita)
    assert refused.status_code == 403
    assert "you must be requester" in refused.json()["detail"]


def test_a_stranger_is_told_how_to_come_in(room: ApiRoom) -> None:
    for headers in (
        {},
        {"authorization": "Bearer nobody"},
        {"authorization": "Basic ada"},
        {"cookie": "honk_session=x"},
    ):
        refused = httpx2.get(f"{room.url}/tasks", headers=headers)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert "honk token new" in refused.json()["detail"]


def test_a_browser_s_session_needs_its_own_word_to_change_anything(room: ApiRoom) -> None:
    cookie = {"cookie": "honk_session=ada"}
    (found,) = httpx2.get(f"{room.url}/repositories", headers=cookie).json()
    assert (found["repository_id"], found["name"]) == (REPOSITORY.repository_id, REPOSITORY.name)
    for more, status in (({}, 403), ({"x-csrf-token": "csrf-eve"}, 403), ({"x-csrf-token": "csrf-ada"}, 201)):
        assert httpx2.post(f"{room.url}/tasks", json=WANTED, headers={**cookie, **more}).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {}, {**WANTED, "prompt": " "}, {**WANTED, "base": "--upload-pack=x"},
        {**WANTED, "base": "a\0b"}, {**WANTED, "repositry": "fake"}, {**WANTED, "repository_id": ""}, [], "x", None,
        {**WANTED, "prompt": "\ud800"}, {**WANTED, "prompt": "x" * 70_000},
    ],
)  # fmt: skip
def test_what_is_not_as_described_is_refused_in_words(ada: httpx2.Client, body: object) -> None:
    refused = ada.post("/tasks", content=json.dumps(body), headers={"content-type": "application/json"})
    assert refused.status_code == 422
    assert refused.json()["detail"].count("Nothing was ")
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("more", [{"repository_id": "r9"}, {"prompt": "\x1b[31m"}])
def test_what_cannot_be_carried_out_is_refused_in_words(ada: httpx2.Client, more: dict[str, str]) -> None:
    refused = ada.post("/tasks", json={**WANTED, **more})
    assert refused.status_code == 409
    assert "Nothing was begun" in refused.json()["detail"]


def test_a_body_that_is_too_large_is_not_read(ada: httpx2.Client) -> None:
    def much() -> Iterator[bytes]:
        for _ in range(1024):
            yield b"x" * 1024

    assert ada.post("/tasks", content=b"x" * (1 << 20)).status_code == 413
    with socket.create_connection((ada.base_url.host, ada.base_url.port), 10) as wire:
        wire.sendall(b"POST /tasks HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (1 << 30))
        assert wire.recv(12) == b"HTTP/1.1 413", "refused by what was announced"
    streamed = ada.post("/tasks", content=much())
    assert streamed.status_code == 413
    assert "Nothing of it was kept" in streamed.json()["detail"]


def test_the_longest_request_fits_however_json_escapes_it(ada: httpx2.Client) -> None:
    body = json.dumps({**WANTED, "prompt": "\U0010aa99" * 65_536})
    assert len(body) > 768 << 10
    asked = ada.post("/tasks", content=body, headers={"content-type": "application/json"})
    assert asked.status_code != 413


def test_a_path_that_is_none_is_a_problem_as_well(ada: httpx2.Client) -> None:
    for method, path, status in (("GET", "/nowhere", 404), ("DELETE", "/tasks", 405)):
        refused = ada.request(method, path)
        assert refused.status_code == status
        assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["allow"] == "GET, POST"


def test_a_kept_file_is_saved_and_never_shown(ada: httpx2.Client, room: ApiRoom, tmp_path: Path) -> None:
    task_id = ada.post("/tasks", json=WANTED).json()["task_id"]
    ada.get(f"/tasks/{task_id}/events")
    log = b"<script>alert(1)</script>\x1b[31m"
    room.does(room.house.blobs.put("verifier/x.html", log))
    room.does(room.house.blobs.put("verifier/other.log", b"of somebody else"))
    room.does(room.house.events.append(task_id, "change", {"diff_blob": "verifier/x.html"}))
    got = ada.get(f"/tasks/{task_id}/blobs/verifier/x.html")
    assert got.content == log
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"] == 'attachment; filename="verifier-x-html"'
    assert got.headers["x-content-type-options"] == "nosniff"
    for key in ("verifier/other.log", "../honk.db", "..%2fhonk.db", "/etc/passwd"):
        assert ada.get(f"/tasks/{task_id}/blobs/{key}").status_code == 404


def test_words_to_a_task_are_kept_and_said_once(ada: httpx2.Client) -> None:
    task_id = ada.post("/tasks", json=WANTED).json()["task_id"]
    ada.get(f"/tasks/{task_id}/events")
    key = {"idempotency-key": "m1"}
    first, again = (ada.post(f"/tasks/{task_id}/messages", json={"text": "And <b>this</b>"}, headers=key) for _ in "12")
    assert first.status_code == 201
    assert first.json()["has_begun"]
    assert first.json()["task_id"] == again.json()["task_id"] != task_id
    assert ada.get(f"/tasks/{first.json()['task_id']}").json()["follows"] == task_id


def test_what_a_task_does_not_wait_for_cannot_be_answered(ada: httpx2.Client) -> None:
    task_id = ada.post("/tasks", json=WANTED).json()["task_id"]
    ada.get(f"/tasks/{task_id}/events")
    assert ada.get(f"/tasks/{task_id}/standing").json()["parked"] is None
    assert ada.post(f"/tasks/{task_id}/answer", json={"question_id": "q", "text": "yes"}).status_code == 409


def test_a_program_grants_no_more_money(ada: httpx2.Client) -> None:
    task_id = ada.post("/tasks", json=WANTED).json()["task_id"]
    refused = ada.post(f"/tasks/{task_id}/extend")
    assert (refused.status_code, "A token cannot" in refused.json()["detail"]) == (403, True)


def test_an_ended_task_of_a_withdrawn_repository_is_not_gone_on_with(ada: httpx2.Client, room: ApiRoom) -> None:
    task_id = ada.post("/tasks", json=WANTED).json()["task_id"]
    ada.get(f"/tasks/{task_id}/events")
    (offered,) = room.does(room.house.repositories.offered())
    room.does(room.house.repositories.withdraw("fake"))
    refused = ada.post(f"/tasks/{task_id}/messages", json={"text": "And this"})
    room.does(room.house.repositories.offer(offered, now()))
    assert (refused.status_code, "Nothing was begun" in refused.json()["detail"]) == (409, True)


def test_a_price_is_told_before_the_start(ada: httpx2.Client) -> None:
    told = ada.get("/repositories/fake/price").json()
    assert told["cap_usd"] == 5.0
    assert "cap $5.00" in told["words"]


def test_a_path_that_is_no_unicode_is_told_all_the_same(ada: httpx2.Client, room: ApiRoom) -> None:
    task_id = ada.post("/tasks", json=WANTED).json()["task_id"]
    ada.get(f"/tasks/{task_id}/events")
    run = room.does(room.house.runs.latest_run(task_id))
    room.does(room.house.runs.save_run(replace(run, examination=EXAMINATION)))
    room.does(room.house.events.append(task_id, "finding", {"path": "caf\udce9.py"}))
    found = replace(EXAMINATION.findings[0], path="caf\udce9.py")
    room.does(room.house.runs.save_run(replace(run, examination=replace(EXAMINATION, findings=(found,)))))
    result = ada.get(f"/tasks/{task_id}/result")
    assert load(RunResult, result.text).findings[0].path == "caf\udce9.py"
    assert ada.get(f"/tasks/{task_id}/reports").json()[0]["tests"]["passed"] == 2
    assert "udce9" in ada.get(f"/tasks/{task_id}/events", headers={"last-event-id": "1"}).text


def test_what_is_told_of_the_installation_is_for_administrators(ada: httpx2.Client, room: ApiRoom) -> None:
    events = room.house.events
    room.does(events.append("installation", "frozen", {"who": "Ada", "why": "keys\nleaked"}))
    room.does(events.append("installation", "breaker", {"state": "open", "text": "Everything waits: the forge."}))
    told = ada.get("/announcements").json()
    assert [(one["kind"], one["words"]) for one in told[-2:]] == [
        ("frozen", "Ada froze everything: keys leaked"), ("breaker", "Everything waits: the forge."),
    ]  # fmt: skip
    assert ada.get("/announcements", params={"after": told[-2]["sequence"]}).json() == told[-1:]
    for name in ("eve", "rita"):
        refused = ada.get("/announcements", headers={"authorization": f"Bearer {name}"})
        assert (refused.status_code, "administrators" in refused.json()["detail"]) == (403, True)


def test_the_audit_log_is_for_administrators(ada: httpx2.Client, room: ApiRoom) -> None:
    task_id = ada.post("/tasks", json=WANTED).json()["task_id"]
    assert ada.get(f"/tasks/{task_id}/events").text.endswith("event: end\ndata: {}\n\n")
    rows = ada.get("/audit/entries").json()
    last = json.loads(rows[-1]["record"])
    assert (last["act"], last["subject"], last["came_of"]) == ("read", f"task:{task_id}", "done")
    assert last["who"] == {"name": "Ada", "person_id": "ada", "door": "api"}
    assert ada.get(f"/audit/entries?after={rows[-1]['sequence']}").json() == []
    head = {"sequence": rows[-1]["sequence"], "digest": rows[-1]["digest"]}
    assert ada.get("/audit/head").json() == head
    checked = ada.get("/audit/check").json()
    assert (checked["is_whole"], checked["head"], checked["unended"]) == (True, head, [])
    ada.get(f"/tasks/{task_id}/events")
    assert ada.get("/audit/head").json() == head, "the same reading within a few minutes is one"
    for path in ("entries", "head", "check"):
        refused = httpx2.get(f"{room.url}/audit/{path}", headers={"authorization": "Bearer rita"})
        assert (refused.status_code, "administrators" in refused.json()["detail"]) == (403, True)
