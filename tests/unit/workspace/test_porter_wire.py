"""The protocol between root's side and the child: exactly its messages, and nothing else."""

import json
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.domain.task import Person
from honk.workspace import RepositoryFacts
from honk.workspace.porter_wire import (
    MAX_MESSAGE_BYTES,
    Malformed,
    answer_message,
    facts_of,
    parse_answer,
    parse_request,
    receive,
    request_message,
)

SHA = "a" * 40


def facts(*uncommitted: str) -> RepositoryFacts:
    return RepositoryFacts(
        repository_id="1", root=Path("/r"), name="r", base_branch="main", base_sha=SHA, uncommitted=uncommitted,
        asker=Person(name="Ada", email="a@b"), notes=("a note",),
    )  # fmt: skip


def test_a_request_comes_out_as_it_went_in() -> None:
    request = parse_request(request_message(7, "export", root="/r/x y", sha=SHA, have=[SHA]))
    assert (request.number, request.call, request.root) == (7, "export", Path("/r/x y"))
    assert (request.sha, request.have) == (SHA, (SHA,))


def test_facts_with_foreign_bytes_come_out_as_they_went_in() -> None:
    told = facts("caf\udce9", "new\nline")
    number, result = parse_answer(answer_message(3, told))
    assert number == 3
    assert isinstance(result, dict)
    assert facts_of(result) == told


def test_too_many_paths_are_cut_to_a_message() -> None:
    message = answer_message(1, facts(*(f"{number}{'x' * 4000}" for number in range(100))))
    assert len(message) <= MAX_MESSAGE_BYTES


@pytest.mark.parametrize(
    "message",
    [
        b"", b"[]", b"nonsense", b"[" * 50_000, json.dumps({"number": 1}).encode(),
        request_message(1, "remove", root="/r"),
        request_message(1, "describe", path="/r", base=None, more=1),
        request_message(1, "describe", path="relative", base=None),
        request_message(1, "describe", path="/r\0", base=None),
        request_message(1, "describe", path=["/r"], base=None),
        request_message(1, "export", root="/r", sha="--all", have=[]),
        request_message(1, "export", root="/r", sha=SHA, have=["HEAD"]),
        request_message(1, "export", root="/r", sha=SHA, have=[SHA] * 501),
        request_message(True, "describe", path="/r", base=None),
        request_message(1, "advance", root="/r", branch="b", old_sha=SHA, sha=SHA),
    ],
)  # fmt: skip
def test_anything_else_is_no_request(message: bytes) -> None:
    with pytest.raises(Malformed):
        parse_request(message)


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_no_bytes_break_the_parser(message: bytes) -> None:
    for parse in (parse_request, parse_answer):
        try:
            parse(message)
        except Malformed:
            continue


def test_more_files_than_one_are_closed_and_refused() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    before = len(os.listdir("/proc/self/fd"))
    with ours, theirs:
        socket.send_fds(theirs, [b"x"], [0, 0, 0])
        with pytest.raises(Malformed):
            receive(ours)
        assert len(os.listdir("/proc/self/fd")) == before
