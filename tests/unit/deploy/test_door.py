"""The one way out of a deployment's sandbox: what two parsers could read in two ways is refused."""

import asyncio
import socket
from collections.abc import Sequence

import pytest

from honk.deploy.door import Door, Refused, Target, asked_for, may_dial, target_of

TARGETS = [target_of("deploy.example.org:443"), target_of("[2606:4700::1111]:443"), target_of("203.0.113.7:22")]


@pytest.mark.parametrize(
    "text",
    [
        "", "deploy.example.org", "deploy.example.org:", "deploy.example.org:0", "deploy.example.org:65536",
        "deploy.example.org:0443", "Deploy.example.org:443", "deploy.example.org.:443", ".example.org:443",
        "deploy..example.org:443", "*.example.org:443", "deploy example.org:443", "deploy.example.org\n:443",
        "dépl.example.org:443", "user@deploy.example.org:443", "2130706433:80", "0x7f.1:80", "127.1:80",
        "0177.0.0.1:80",
        "169.254.169.254:80", "[::ffff:169.254.169.254]:80", "::1:80", "[::0001]:80", "0.0.0.0:80", "224.0.0.1:80",
        "a.example:٤٤٣", "-a.example:1", "http://a.example:80",
    ],
)  # fmt: skip
def test_a_grant_that_could_be_read_in_two_ways_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no "):
        target_of(text)


def test_a_grant_is_kept_as_a_request_must_name_it() -> None:
    for text in ("deploy.example.org:443", "localhost:8080", "127.0.0.1:8080", "[::1]:22", "xn--bcher-kva.example:443"):
        assert target_of(text).authority == text


def head(first: str, *lines: str) -> bytes:
    return "\r\n".join((first, *lines, "", "")).encode("utf-8")


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: deploy.example.org:443",), ("host: deploy.example.org",), (), ("User-Agent: curl/8", "Accept: */*"),
    ],
)  # fmt: skip
def test_what_is_granted_passes(lines: tuple[str, ...]) -> None:
    assert asked_for(head("CONNECT deploy.example.org:443 HTTP/1.1", *lines), TARGETS) is TARGETS[0]


@pytest.mark.parametrize(
    "first",
    [
        "GET http://deploy.example.org:443/ HTTP/1.1",
        "connect deploy.example.org:443 HTTP/1.1",
        "CONNECT  deploy.example.org:443 HTTP/1.1",
        "CONNECT deploy.example.org:443  HTTP/1.1",
        "CONNECT\tdeploy.example.org:443 HTTP/1.1",
        "CONNECT deploy.example.org:443 HTTP/2.0",
        "CONNECT deploy.example.org:443",
        "CONNECT deploy.example.org HTTP/1.1",
        "CONNECT deploy.example.org:80 HTTP/1.1",
        "CONNECT deploy.example.org:0443 HTTP/1.1",
        "CONNECT deploy.example.org:443/ HTTP/1.1",
        "CONNECT deploy.example.org:443@sink.example:443 HTTP/1.1",
        "CONNECT deploy.example.org:443#sink.example HTTP/1.1",
        "CONNECT sink.example#deploy.example.org:443 HTTP/1.1",
        "CONNECT user@deploy.example.org:443 HTTP/1.1",
        "CONNECT deploy.example.org.:443 HTTP/1.1",
        "CONNECT Deploy.Example.org:443 HTTP/1.1",
        "CONNECT deploy.example.org\0.sink.example:443 HTTP/1.1",
        "CONNECT deploy.example.org%00.sink.example:443 HTTP/1.1",
        "CONNECT deploy.example.org.sink.example:443 HTTP/1.1",
        "CONNECT dеploy.example.org:443 HTTP/1.1",
        "CONNECT 203.0.113.7:443 HTTP/1.1",
        "CONNECT 3405803783:22 HTTP/1.1",
        "CONNECT 0xcb007107:22 HTTP/1.1",
        "CONNECT [::ffff:203.0.113.7]:22 HTTP/1.1",
        "CONNECT 2606:4700::1111:443 HTTP/1.1",
        "PRI * HTTP/2.0",
        "",
    ],
)
def test_what_is_not_granted_to_the_letter_is_refused(first: str) -> None:
    with pytest.raises(Refused):
        asked_for(head(first), TARGETS)


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: sink.example",),
        ("Host: deploy.example.org:443", "Host: sink.example"),
        ("Host: deploy.example.org", "Host: deploy.example.org"),
        ("Host : deploy.example.org",),
        (" folded: deploy.example.org",),
        ("Content-Length: 5",),
        ("Transfer-Encoding: chunked",),
        ("Upgrade: h2c",),
        ("X: a\nHost: sink.example",),
        ("X: a\rHost: sink.example",),
        ("X: \0",),
        ("no colon",),
    ],
)
def test_a_head_that_says_more_than_it_must_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        asked_for(head("CONNECT deploy.example.org:443 HTTP/1.1", *lines), TARGETS)


@pytest.mark.parametrize(
    ("address", "is_private", "may"),
    [
        ("8.8.8.8", False, True),
        ("10.0.0.8", False, False),
        ("10.0.0.8", True, True),
        ("127.0.0.1", False, False),
        ("127.0.0.1", True, False),
        ("::1", True, False),
        ("::ffff:10.0.0.8", False, False),
        ("::ffff:127.0.0.1", True, False),
        ("64:ff9b::10.0.0.8", False, False),
        ("64:ff9b::127.0.0.1", True, False),
        ("64:ff9b::8.8.8.8", False, True),
        ("64:ff9b:1::10.0.0.8", False, False),
        ("::ffff:0:10.0.0.8", False, False),
        ("2002:a00:8::1", False, False),
        ("2002:a9fe:a9fe::", True, False),
        ("2606:4700::1111", False, True),
        ("fec0::1", False, False),
        ("169.254.169.254", True, False),
        ("fe80::1%eth0", True, False),
        ("100.64.0.1", False, False),
        ("0.0.0.0", True, False),
        ("224.0.0.1", True, False),
    ],
)
def test_where_a_name_may_lead(address: str, is_private: bool, may: bool) -> None:
    assert may_dial(address, Target(host="a.example", port=1, is_private=is_private)) is may


def test_an_address_that_was_granted_goes_where_it_says() -> None:
    assert may_dial("127.0.0.1", target_of("127.0.0.1:80"))


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


async def ask(port: int, request: bytes, more: bytes = b"") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request + more)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"heard " + await reader.read())
    writer.close()


@pytest.mark.anyio
async def test_bytes_pass_both_ways_behind_an_open_door() -> None:
    far = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = far.sockets[0].getsockname()[1]
    listener = listening()
    near = listener.getsockname()[1]
    door = Door(targets=[target_of(f"127.0.0.1:{port}")])
    async with far, door.serve(listener):
        answer = await ask(near, head(f"CONNECT 127.0.0.1:{port} HTTP/1.1"), b"hello")
        refused = await ask(near, head(f"CONNECT localhost:{port} HTTP/1.1"), b"hello")
    assert answer == b"HTTP/1.1 200 Connection established\r\n\r\nheard hello"
    assert refused.startswith(b"HTTP/1.1 403 ")
    assert door.notes[0] == f"passed: 127.0.0.1:{port}"
    assert "not among the granted hosts" in door.notes[1]


@pytest.mark.anyio
async def test_a_name_that_turns_to_a_private_address_is_not_dialled() -> None:
    async def rebound(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1", "10.0.0.1", "169.254.169.254"]

    listener = listening()
    near = listener.getsockname()[1]
    door = Door(targets=TARGETS, resolve=rebound)
    async with door.serve(listener):
        answer = await ask(near, head("CONNECT deploy.example.org:443 HTTP/1.1"))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert door.notes == ["refused: deploy.example.org:443 leads to no address that may be dialled"]


@pytest.mark.anyio
async def test_a_head_without_an_end_is_not_waited_for_beyond_its_size() -> None:
    listener = listening()
    near = listener.getsockname()[1]
    door = Door(targets=TARGETS)
    async with door.serve(listener):
        answer = await ask(near, b"CONNECT deploy.example.org:443 HTTP/1.1\r\n" + b"X: y\r\n" * 4000)
    assert answer.startswith(b"HTTP/1.1 502 ") or answer == b""
    assert door.notes
