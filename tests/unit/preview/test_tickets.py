"""Tickets open one host, for one use, for a while."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from honk.preview.hosts import Hosts, hosts_of
from honk.preview.tickets import Ticket, Use, label_of, read, written

KEY = b"k" * 32
LABEL = label_of(KEY, "t1", "a" * 40)
TICKET = Ticket(use=Use.ENTER, label=LABEL, person_id="ada", until=100.0, nonce="n")


def test_a_ticket_is_good_for_its_host_its_use_and_its_time() -> None:
    text = written(KEY, TICKET)
    assert read(KEY, text, Use.ENTER, LABEL, 99.0) == TICKET
    assert read(KEY, text, Use.ENTER, LABEL, 100.0) is None
    assert read(KEY, text, Use.PASS, LABEL, 99.0) is None
    assert read(KEY, text, Use.ENTER, label_of(KEY, "t2", "a" * 40), 99.0) is None
    assert read(b"x" * 32, text, Use.ENTER, LABEL, 99.0) is None
    head, _, mac = text.partition(".")
    other = written(KEY, replace(TICKET, person_id="eve")).partition(".")[0]
    assert read(KEY, f"{other}.{mac}", Use.ENTER, LABEL, 99.0) is None
    assert read(KEY, head, Use.ENTER, LABEL, 99.0) is None


@given(st.text(max_size=80))
def test_what_we_did_not_write_is_nobody_s(text: str) -> None:
    assert read(KEY, text, Use.ENTER, LABEL, 0.0) is None


def test_a_label_is_bound_to_task_and_commit_and_is_a_host_s_name() -> None:
    assert label_of(KEY, "t1", "a" * 40) == LABEL
    assert (
        len({LABEL, label_of(KEY, "t1", "b" * 40), label_of(KEY, "t2", "a" * 40), label_of(b"x", "t1", "a" * 40)}) == 4
    )
    assert LABEL.isalnum()
    assert len(LABEL) == 33


def test_a_host_is_a_preview_s_by_its_domain_alone() -> None:
    hosts = Hosts(domain="previews.example.net", scheme="https")
    assert hosts.label_in(f"{LABEL}.previews.example.net") == LABEL
    assert hosts.label_in(f"{LABEL.upper()}.Previews.Example.net.:443") == LABEL
    assert hosts.label_in("x.previews.example.net") == ""
    assert hosts.label_in(f"a.{LABEL}.previews.example.net") == ""
    for other in (
        "previews.example.net",
        "honk.example.org",
        f"{LABEL}.previews.example.net.evil.example",
        "",
        "[::1]:80",
    ):
        assert hosts.label_in(other) is None
    assert Hosts(domain="").label_in(f"{LABEL}.localhost") is None


def test_without_a_domain_previews_live_on_this_machine_or_nowhere() -> None:
    near = hosts_of("", "", listens_on="127.0.0.1", port=8300, is_secure=False)
    assert near.origin_of(LABEL) == f"http://{LABEL}.localhost:8300"
    far = hosts_of("", "https://honk.example.org", listens_on="127.0.0.1", port=8300, is_secure=True)
    assert far.domain == ""
    assert hosts_of("", "", listens_on="10.0.0.5", port=8300, is_secure=True).domain == ""
    own = hosts_of("p.example.net", "https://honk.example.org", listens_on="127.0.0.1", port=8300, is_secure=True)
    assert own.origin_of(LABEL) == f"https://{LABEL}.p.example.net"
    odd = hosts_of("p.example.net", "https://honk.example.org:8443", listens_on="::", port=8300, is_secure=True)
    assert odd.origin_of(LABEL) == f"https://{LABEL}.p.example.net:8443"
