"""What no request passes, whatever route it is for."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from asking import ask
from fastapi.routing import APIRoute
from front_room import NOON, Front, NoTeam, front, house
from starlette.routing import Mount

from honk.cli.serve import Behind, doors
from honk.config import ServeSettings, Settings
from honk.domain.people import OWNER
from honk.entrance import Entrance, csrf_of
from honk.team import Team
from honk.web.threshold import FORM_BYTES, SAFE

__all__ = ["front", "house"]
pytestmark = pytest.mark.anyio


def routed(app: Any) -> Any:
    """The application that has the routes, in whatever stands around it."""
    while not hasattr(app, "routes"):
        app = app._app
    return app


def unsafe_routes(routes: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    for route in routes:
        if (included := getattr(route, "original_router", None)) is not None:
            yield from unsafe_routes(included.routes, prefix)
        elif isinstance(route, Mount):
            yield from unsafe_routes(route.routes, prefix + route.path)
        elif isinstance(route, APIRoute):
            for method in sorted(route.methods - SAFE):
                yield method, prefix + re.sub(r"\{[^}]*\}", "x", route.path)


async def test_no_unsafe_route_is_reached_without_the_session_s_token(front: Front) -> None:
    await front.enter()
    found = list(unsafe_routes(routed(front.app).routes))
    assert ("POST", "/tasks") in found
    assert ("POST", "/api/tasks") in found
    assert ("POST", "/leave") in found
    for method, path in found:
        if path == "/enter":
            continue
        kind = {"content-type": "application/json"} if path.startswith("/api") else {}
        for token in ({}, {"x-csrf-token": "0" * 64}, {"x-csrf-token": ""}, {"x-csrf-token": "é"}):
            answer = await front.ask(method, path, headers={**kind, **token}, body=b"")
            assert answer.status == 403, (method, path, token)


async def test_another_site_reaches_no_unsafe_route_even_with_the_token(front: Front) -> None:
    await front.enter()
    for method, path in unsafe_routes(routed(front.app).routes):
        for foreign in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "same-site"}):
            headers = {"x-csrf-token": csrf_of(front.session), **foreign}
            answer = await front.ask(method, path, headers=headers)
            assert answer.status == 403, (method, path)
            assert "Nothing was done" in answer.text
            assert csrf_of(front.session) not in answer.text


async def test_a_rebound_name_reaches_nothing(front: Front) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE", "FOO"):
        for path in ("/", "/tasks", "/api/tasks", "/healthz", "/enter", "/static/honk.css"):
            answer = await front.ask(method, path, host="evil.example:8300")
            assert answer.status == 421, (method, path)
            assert "access-control-allow-origin" not in answer.headers


async def test_a_long_body_is_refused_before_it_is_read(front: Front) -> None:
    await front.enter()
    token = {"x-csrf-token": csrf_of(front.session)}
    for path, lengths in (
        ("/tasks", (str(10**6), str(10**9), str(FORM_BYTES + 1), "9" * 400, "-1", "x", "1e3")),
        ("/enter", (str(10**6), str(10**9))),
        ("/nowhere", (str(10**6), str(10**9))),
        ("/api/tasks", (str(10**6), str(10**9), "9" * 400)),
    ):
        for length in lengths:
            answer = await front.ask("POST", path, headers={**token, "content-length": length}, body=iter([b"x"]))
            assert (answer.status, answer.bytes_read) == (413, 0), (path, length)


async def test_nothing_of_a_pack_is_read_before_it_is_known_who_sends_it(front: Front) -> None:
    path = f"/api/tasks/x/give?sha={'0' * 40}&words=mine"
    for headers in ({}, {"authorization": "Bearer honk_forged"}):
        sent = {"content-type": "application/octet-stream", **headers}
        answer = await front.ask("POST", path, headers=sent, body=iter([b"x" * 65536] * 100))
        assert (answer.status, answer.bytes_read) == (401, 0)


async def test_a_body_of_no_told_length_is_read_as_far_as_the_limit(front: Front) -> None:
    part = b"x" * 65536
    answer = await front.ask("POST", "/tasks", headers={"transfer-encoding": "chunked"}, body=iter([part] * 16384))
    assert answer.status == 413
    assert answer.bytes_read <= FORM_BYTES + len(part)


async def test_only_forms_and_json_are_understood_each_at_its_door(front: Front) -> None:
    await front.enter()
    token = {"x-csrf-token": csrf_of(front.session)}
    form = "application/x-www-form-urlencoded"
    for path, kinds, status in (
        ("/tasks", ("application/json", "text/plain", "multipart/form-data; boundary=x", "", "application/xml"), 415),
        ("/api/tasks", (form, "text/plain", "multipart/form-data; boundary=x", "", "application/jsonx"), 422),
    ):
        for kind in kinds:
            answer = await front.ask("POST", path, headers={**token, "content-type": kind}, body=b"{}")
            assert answer.status == status, (path, kind)
    many = "&".join(f"a{number}=1" for number in range(300)).encode()
    for body in (many, b"a=\xff"):
        assert (await front.ask("POST", "/tasks", headers={**token, "content-type": form}, body=body)).status == 400


async def test_every_answer_is_closed_to_scripts_frames_and_caches(front: Front) -> None:
    await front.enter()
    for method, path in (("GET", "/enter"), ("GET", "/nowhere"), ("POST", "/tasks")):
        headers = (await front.ask(method, path)).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers
    assert "cache-control" not in (await front.ask("GET", "/static/honk.css")).headers


async def test_a_form_of_an_earlier_sign_in_comes_back_with_its_words(front: Front) -> None:
    await front.enter()
    old, words = csrf_of(front.session), 'Fix the "crash" on <empty> titles & more'
    await front.enter()
    answer = await front.ask("POST", "/tasks", form={"csrf": old, "repository_id": "r1", "prompt": words})
    assert answer.status == 403
    assert 'action="/tasks"' in answer.text
    assert words in html.unescape(answer.text)
    assert words not in answer.text
    assert csrf_of(front.session) in answer.text
    assert old not in answer.text


async def test_a_browser_that_comes_back_too_late_loses_no_words(front: Front) -> None:
    await front.enter()
    front.moment = NOON + timedelta(days=4)
    form = {"csrf": csrf_of(front.session), "repository_id": "r1", "prompt": "Fix the crash on empty titles"}
    answer = await front.ask("POST", "/tasks", form=form)
    assert answer.status == 401
    assert "Your words are kept on this page" in answer.text
    assert form["prompt"] in answer.text
    assert form["csrf"] not in answer.text
    answer = await front.ask("GET", "/")
    assert answer.status == 401
    assert "Sign in first" in answer.text


async def test_a_token_comes_alone_and_a_cookie_beside_it_counts_for_nothing(front: Front) -> None:
    await front.enter()
    for shown in ("Bearer honk_wrong", "Bearer", "", "Basic eDp5", f"Bearer {front.session}"):
        headers = {"authorization": shown, "content-type": "application/json"}
        body = json.dumps({"repository_id": "r", "prompt": "p"}).encode()
        assert (await front.ask("POST", "/api/tasks", headers=headers, body=body)).status == 401, shown
        assert (await front.ask("GET", "/", headers={"authorization": shown})).status == 401, shown


async def test_to_open_a_link_does_nothing_and_to_press_its_button_signs_in_once(front: Front) -> None:
    await front.people.add(OWNER, NOON)
    key = await front.ways_in.new_link(OWNER)
    for _ in range(3):
        page = await ask(front.app, "GET", f"/enter?key={key}")
        assert (page.status, page.cookies) == (200, {})
        assert key in page.text
    answer = await ask(front.app, "POST", "/enter", {"origin": "http://127.0.0.1:8300"}, form={"key": key})
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert re.fullmatch(r"[\w-]{43}; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax", answer.cookies["honk_session"])
    for _ in range(2):
        again = await ask(front.app, "POST", "/enter", form={"key": key})
        assert (again.status, again.cookies) == (403, {})
        assert "lets nobody in" in again.text
    assert (await ask(front.app, "GET", f"/enter?key={key}")).status == 403


async def test_a_link_leads_on_to_pages_of_ours_only(front: Front) -> None:
    await front.people.add(OWNER, NOON)
    for wanted, led in (("/tasks/abc", "/tasks/abc"), ("//evil.example", "/"), ("https://evil.example", "/")):
        key = await front.ways_in.new_link(OWNER)
        answer = await ask(front.app, "POST", "/enter", form={"key": key, "next": wanted})
        assert answer.headers["location"] == led


@pytest.mark.parametrize("key", ["", "x", "é" * 50, "x" * 100_000, "' OR 1=1 --", "\x00"])
async def test_a_forged_link_is_an_honest_page(front: Front, key: str) -> None:
    answer = await ask(front.app, "POST", "/enter", form={"key": key})
    assert answer.status in (403, 422)
    assert answer.cookies == {}


async def test_signing_in_takes_a_new_session_whatever_the_browser_brings(front: Front) -> None:
    await front.enter()
    planted, key = front.session, await front.ways_in.new_link(OWNER)
    answer = await ask(front.app, "POST", "/enter", {"cookie": f"honk_session={planted}"}, form={"key": key})
    fresh = answer.cookies["honk_session"].split(";")[0]
    assert fresh != planted
    assert await front.ways_in.member_of_session(planted) is None
    assert await front.ways_in.member_of_session(fresh) is not None


async def test_signing_out_ends_the_session_and_on_request_all_of_them(front: Front) -> None:
    await front.enter()
    other = await front.ways_in.enter(OWNER)
    answer = await front.ask("POST", "/leave", form={"csrf": csrf_of(front.session)})
    assert answer.status == 303
    assert await front.ways_in.member_of_session(front.session) is None
    assert await front.ways_in.member_of_session(other) is not None
    front.session = await front.ways_in.enter(OWNER)
    await front.ask("POST", "/leave", form={"csrf": csrf_of(front.session), "everywhere": "yes"})
    assert await front.ways_in.member_of_session(other) is None


async def test_under_tls_the_cookie_is_bound_to_the_host(front: Front, tmp_path: Any) -> None:
    await front.people.add(OWNER, NOON)
    public = "https://honk.example.org"
    settings = Settings(home=tmp_path, serve=ServeSettings(public_url=public))
    entrance = Entrance(ways_in=front.ways_in, is_secure=True)
    app = doors(Behind(team=cast(Team, NoTeam()), settings=settings, entrance=entrance))
    key = await front.ways_in.new_link(OWNER)
    answer = await ask(app, "POST", "/enter", {"origin": public}, form={"key": key}, host="honk.example.org")
    cookie = answer.cookies["__Host-honk_session"]
    assert re.fullmatch(r"[\w-]{43}; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax; Secure", cookie)
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    planted = await ask(app, "GET", "/", {"cookie": f"honk_session={cookie.split(';')[0]}"})
    assert planted.status == 401


async def test_who_left_is_out_at_once(front: Front) -> None:
    guest = replace(OWNER, person_id="p2", email="p2@example.test")
    await front.people.add(guest, NOON)
    front.session = await front.ways_in.enter(guest)
    secret, _ = await front.ways_in.new_token(guest, "ci")
    key = await front.ways_in.new_link(guest)
    await front.people.leave("p2", NOON)
    assert (await front.ask("GET", "/")).status == 401
    assert (await ask(front.app, "GET", "/api/tasks", {"authorization": f"Bearer {secret}"})).status == 401
    assert (await ask(front.app, "POST", "/enter", form={"key": key})).status == 403
