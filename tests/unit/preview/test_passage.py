"""What passes between a browser and a preview."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.preview.passage import (
    Elsewhere,
    Place,
    answered_headers,
    asked_headers,
    is_from_its_own_page,
    is_service_worker,
    may_be_set,
    own_cookies,
    policy_of,
    without_reports,
)

PLACE = Place(origin="https://plabel.previews.example.net", port=8000)


def told(**headers: str) -> dict[bytes, bytes]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return dict(answered_headers(raw, PLACE))


def asked(**headers: str) -> dict[bytes, bytes]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return dict(asked_headers(raw, PLACE))


def test_a_preview_learns_nothing_of_ours() -> None:
    found = asked(
        Host="plabel.previews.example.net", Cookie="honk_preview=s; a=1; __Host-honk_session=x; honk_session=y; b=2",
        Authorization=f"Bearer {'a' * 43}", X_Forwarded_For="10.0.0.1", X_Forwarded_Proto="https", Forwarded="for=x",
        X_Real_IP="10.0.0.1", Via="x", X_CSRF_Token="t", Connection="keep-alive, x-secret", X_Secret="s",
        Keep_Alive="5", TE="trailers", Upgrade="h2c", Proxy_Authorization="p", Transfer_Encoding="chunked",
        Content_Length="5", Expect="100-continue", Referer="https://honk.example.org/tasks/secret",
        Origin="https://honk.example.org", Accept="text/html",
    )  # fmt: skip
    assert found == {b"host": b"localhost:8000", b"cookie": b"a=1; b=2", b"accept": b"text/html"}


def test_an_app_s_own_words_reach_it_as_its_own() -> None:
    own = "https://plabel.previews.example.net"
    found = asked(Origin=own, Referer=f"{own}/songs?a=1", Authorization="Bearer a.jwt.token", Cookie="sid=1")
    assert found == {
        b"host": b"localhost:8000", b"origin": b"http://localhost:8000", b"cookie": b"sid=1",
        b"referer": b"http://localhost:8000/songs?a=1", b"authorization": b"Bearer a.jwt.token",
    }  # fmt: skip


def test_a_sibling_s_origin_is_not_taken_for_its_own() -> None:
    assert b"origin" not in asked(Origin="https://plabel.previews.example.net.evil.example")
    assert b"referer" not in asked(Referer="https://plabel.previews.example.network/")


@pytest.mark.parametrize(
    "name",
    [
        "Strict-Transport-Security", "Clear-Site-Data", "Service-Worker-Allowed", "Alt-Svc", "Refresh", "Link", "NEL",
        "Report-To", "Reporting-Endpoints", "WWW-Authenticate", "Access-Control-Allow-Origin", "X-Accel-Redirect",
        "Access-Control-Allow-Credentials", "Set-Login", "Connection", "Transfer-Encoding", "Upgrade", "Server",
        "Content-Security-Policy-Report-Only", "Accept-CH", "SourceMap", "Proxy-Authenticate",
    ],
)  # fmt: skip
def test_what_speaks_for_more_than_this_host_is_dropped(name: str) -> None:
    assert name.lower().encode() not in told(**{name: "x"})


def test_ours_stand_on_every_answer_whatever_it_says() -> None:
    found = answered_headers(
        [(b"X-Frame-Options", b"ALLOWALL"), (b"Referrer-Policy", b"unsafe-url"), (b"X-Robots-Tag", b"all"),
         (b"Cache-Control", b"public"), (b"X-Content-Type-Options", b"x"), (b"Permissions-Policy", b"camera=*")],
        PLACE,
    )  # fmt: skip
    assert len(found) == len(dict(found))
    by_name = dict(found)
    assert by_name[b"x-frame-options"] == b"DENY"
    assert by_name[b"referrer-policy"] == b"no-referrer"
    assert by_name[b"cache-control"] == b"no-store"
    assert by_name[b"x-robots-tag"].startswith(b"noindex")
    assert b"frame-ancestors 'none'" in by_name[b"content-security-policy"]


def test_an_app_s_own_policy_makes_ours_narrower_and_reports_to_nobody() -> None:
    found = answered_headers(
        [(b"Content-Security-Policy", b"script-src 'self'; report-uri https://evil.example")], PLACE
    )
    assert [value for name, value in found if name == b"content-security-policy"][1:] == [b"script-src 'self'"]
    assert without_reports("report-to x; report-uri /y") == ""
    assert without_reports("img-src 'none', report-uri https://evil.example;, report-to x") == "img-src 'none'", (
        "a comma begins another policy"
    )


def test_a_page_speaks_to_its_own_host_alone() -> None:
    policy = policy_of(PLACE)
    assert "connect-src 'self' wss://plabel.previews.example.net data: blob:" in policy
    assert "form-action 'self'" in policy
    assert "https://" not in policy


@pytest.mark.parametrize(
    "cookie",
    [
        "a=1; Domain=previews.example.net", "a=1; path=/; domain=.example.net", "a=1;DOMAIN =x", "honk_preview=forged",
        "__Host-honk_preview=forged; Secure; Path=/", "honk_session=x", "HONK_session=x", "a=1\x00; b",
        "a=" + "x" * 9000,
    ],
)  # fmt: skip
def test_cookies_for_others_and_those_of_ours_are_refused(cookie: str) -> None:
    assert not may_be_set(cookie.encode("latin-1"))
    assert b"set-cookie" not in told(**{"Set-Cookie": cookie.replace("\x00", "\x01")})


def test_an_app_s_own_cookies_pass_but_not_without_end() -> None:
    assert may_be_set(b"sid=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=5")
    many = [(b"Set-Cookie", b"a%d=1" % number) for number in range(200)]
    assert sum(name == b"set-cookie" for name, _ in answered_headers(many, PLACE)) == 50


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/songs?a=1#b", b"/songs?a=1#b"), ("songs", b"songs"), ("?a=1", b"?a=1"),
        ("http://localhost:8000/in", b"/in"), ("http://127.0.0.1:8000", b"/"),
        ("https://plabel.previews.example.net/x", b"/x"),
        ("https://plabel.previews.example.net//evil.example", b"/evil.example"),
    ],
)  # fmt: skip
def test_redirects_within_its_own_host_pass_as_paths(location: str, path: bytes) -> None:
    assert told(Location=location)[b"location"] == path


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/", "//evil.example", "http://localhost:9000/", "javascript:alert(1)", "/\\evil.example",
        "\\\\evil.example", "https:evil.example", "http://localhost:8000@evil.example/", "/\x09/evil.example", "data:x",
        "https://other.previews.example.net/", "http://[::1", "///evil.example",
    ],
)  # fmt: skip
def test_redirects_to_other_hosts_are_not_followed(location: str) -> None:
    with pytest.raises(Elsewhere):
        told(Location=location)


@given(st.text(max_size=40))
def test_no_location_leads_away(text: str) -> None:
    try:
        found = told(Location=text)[b"location"].decode()
    except (Elsewhere, UnicodeEncodeError):
        return
    assert not found.startswith(("//", "/\\", "\\"))
    assert ":" not in found.split("/")[0].split("?")[0].split("#")[0]


def test_another_site_leads_people_here_and_sends_nothing() -> None:
    def site(method: str, **headers: str) -> bool:
        return is_from_its_own_page(method, [(f"sec-fetch-{k}".encode(), v.encode()) for k, v in headers.items()])

    assert site("GET", site="cross-site", mode="navigate")
    assert site("POST", site="same-origin", mode="cors")
    assert site("GET")
    assert not site("POST", site="same-site", mode="navigate")
    assert not site("GET", site="same-site", mode="no-cors")
    assert not site("GET", site="cross-site", mode="websocket")
    assert is_service_worker([(b"Service-Worker", b"script")])


def test_cookies_without_ours_may_be_none() -> None:
    assert own_cookies(b"honk_preview=1; ;") == b""
