"""Nothing listens to a network in the clear, and no preview shares cookies with the console."""

import pytest

from honk.domain.exposure import (
    checked_preview_domain,
    checked_public_url,
    is_loopback,
    near_address,
    why_not_listen,
)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"])
def test_this_machine_alone_may_be_served_in_the_clear(host: str) -> None:
    assert is_loopback(host)
    assert why_not_listen(host, has_tls=False, behind_proxy=False) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "honk.example.org", "localhost.example.org"])
def test_a_network_needs_tls_or_a_proxy_that_is_declared(host: str) -> None:
    assert "in the clear" in (why_not_listen(host, has_tls=False, behind_proxy=False) or "")
    assert why_not_listen(host, has_tls=True, behind_proxy=False) is None
    assert why_not_listen(host, has_tls=False, behind_proxy=True) is None


@pytest.mark.parametrize("url", ["https://honk.example.org", "https://honk.example.org:8443", "http://localhost:8300"])
def test_an_origin_is_an_origin(url: str) -> None:
    assert checked_public_url(url) == url
    assert checked_public_url(f"{url}/") == url


@pytest.mark.parametrize(
    "url",
    [
        "honk.example.org", "http://honk.example.org", "https://honk.example.org/honk", "https://a:b@honk.example.org",
        "https://honk.example.org?x", "javascript:alert(1)", "https://", "ftp://honk.example.org",
    ],
)  # fmt: skip
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"origin|no place|not https"):
        checked_public_url(url)


def test_previews_have_a_domain_of_their_own() -> None:
    console = "https://honk.example.org"
    assert checked_preview_domain("", console) == ""
    assert checked_preview_domain("Previews.Example.net", console) == "previews.example.net"
    assert checked_preview_domain("previews.example.org", console) == "previews.example.org"
    for shared in ("honk.example.org", "example.org", "previews.honk.example.org"):
        with pytest.raises(ValueError, match="share cookies"):
            checked_preview_domain(shared, console)
    for wrong in ("a b.example", "*.example.net", "-x.example", "previews..net", "https://x"):
        with pytest.raises(ValueError, match="no domain"):
            checked_preview_domain(wrong, console)


def test_this_machine_reaches_a_server_on_all_addresses_by_its_own() -> None:
    for listening, near in (("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.0.0.7", "10.0.0.7"), ("::1", "::1")):
        assert near_address(listening) == near
