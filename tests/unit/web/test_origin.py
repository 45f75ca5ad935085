"""Which hosts are ours, which requests are foreign, and where nobody is led."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honk.web.origin import host_of, is_host_ours, safe_path, why_foreign

PUBLIC = "https://honk.example.org"
TEXT = st.text(alphabet="aZ1/\\:.@[]%#?\t\n \u0130\u2028é", max_size=12)


@pytest.mark.parametrize(
    "header",
    ["localhost", "LOCALHOST:8300", "127.0.0.1:1", "[::1]:8300", "honk.example.org", "honk.example.org:443",
     "Honk.Example.org.", "192.0.2.7:8300"],
)  # fmt: skip
def test_our_own_names_are_ours(header: str) -> None:
    assert is_host_ours(header, PUBLIC, "192.0.2.7")


@pytest.mark.parametrize(
    "header",
    ["", "evil.example", "honk.example.org.evil.example", "evil.example:8300", "localhost.evil.example", "192.0.2.8",
     "127.0.0.1.nip.example", "me@localhost", "localhost:80:80", "localhost:x", "[::1", "foo.localhost", "localhost/x",
     "localhost, evil.example", "[::1%A]", "local\thost", " ", "evil.example#localhost", "evil.example?localhost", "0"],
)  # fmt: skip
def test_no_other_name_is(header: str) -> None:
    assert not is_host_ours(header, PUBLIC, "192.0.2.7")


def test_without_a_public_url_no_name_is_ours_by_chance() -> None:
    assert not is_host_ours("", "", "192.0.2.7")
    assert not is_host_ours("honk.example.org", "", "192.0.2.7")


@settings(deadline=None)
@given(TEXT)
def test_whatever_a_host_header_says_it_is_only_words(header: str) -> None:
    assert host_of(header) == host_of(header).lower()
    is_host_ours(header, PUBLIC, "192.0.2.7")


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({}, True),
        ({"origin": "http://localhost:8300"}, True),
        ({"origin": PUBLIC}, True),
        ({"origin": PUBLIC, "sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": "null"}, False),
        ({"origin": "http://localhost:9000"}, False),
        ({"origin": "https://localhost:8300"}, False),
        ({"origin": "http://honk.example.org"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "https://honk.example.org.evil.example"}, False),
        ({"origin": ""}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": PUBLIC, "sec-fetch-site": "cross-site"}, False),
    ],
)
def test_another_site_s_requests_are_foreign(headers: dict[str, str], is_ours: bool) -> None:
    assert (why_foreign({"host": "localhost:8300", **headers}, "http", PUBLIC) is None) == is_ours


@pytest.mark.parametrize("path", ["/", "/tasks/abc", "/tasks?q=a%20b", "/tasks/a#b"])
def test_paths_of_ours_are_led_to(path: str) -> None:
    assert safe_path(path) == path


@pytest.mark.parametrize(
    "path",
    ["", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
     "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", " //evil.example", "evil.example", "/\r\nX: y",
     "/\u2028", "/еvil"],
)  # fmt: skip
def test_nobody_is_led_anywhere_else(path: str) -> None:
    assert safe_path(path) == "/"


@settings(deadline=None)
@given(TEXT)
def test_wherever_one_is_led_is_here(text: str) -> None:
    path = safe_path(text)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert path.isprintable()
