"""What goes between root's trusted side and the child that works: datagrams of JSON, at most one open file with each.

Pure but for the two functions that touch the socket.
"""

import array
import json
import os
import socket
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from honk.domain.task import Person
from honk.workspace import Advance, RepositoryFacts, SourceError
from honk.workspace.source import SHA

MAX_MESSAGE_BYTES = 100_000
MAX_HAVE = 500
_FIELDS: Mapping[str, frozenset[str]] = {
    "describe": frozenset({"path", "base"}),
    "export": frozenset({"root", "sha", "have"}),
    "import_branch": frozenset({"root", "branch", "sha"}),
    "snapshot": frozenset({"root", "sha"}),
    "advance": frozenset({"root", "branch", "old_sha", "new_sha"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One of the five calls, with arguments that have the right shape. None where the call has no such argument."""

    number: int
    call: str
    root: Path
    """The path that was asked about, for `describe`."""
    base: str | None = None
    branch: str = ""
    sha: str = ""
    old_sha: str = ""
    have: tuple[str, ...] = ()

    @property
    def wants_file(self) -> bool:
        return self.call != "describe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The commit that was made of a work tree."""

    sha: str


class Malformed(Exception):
    """The other side does not speak the protocol: the conversation ends."""


def parse_request(message: bytes) -> Request:
    """Exactly what the protocol allows, or nothing.

    Raises:
        Malformed: anything else.
    """
    value = _json_object(message)
    number, call, arguments = value.get("number"), value.get("call"), value.get("arguments")
    if set(value) != {"number", "call", "arguments"} or type(number) is not int or not isinstance(arguments, dict):
        raise Malformed("not a request")
    if not isinstance(call, str) or call not in _FIELDS or set(arguments) != _FIELDS[call]:
        raise Malformed("not a call with its arguments")
    have = arguments.get("have", [])
    if not isinstance(have, list) or len(have) > MAX_HAVE:
        raise Malformed("not a list of commits")
    base = arguments.get("base")
    return Request(
        number=number,
        call=call,
        root=_path(arguments.get("path", arguments.get("root"))),
        base=None if base is None else _text(base),
        branch=_text(arguments.get("branch", "")),
        sha=_sha(arguments["sha" if "sha" in arguments else "new_sha"]) if call != "describe" else "",
        old_sha=_sha(arguments["old_sha"]) if "old_sha" in arguments else "",
        have=tuple(_sha(one) for one in have),
    )


def request_message(number: int, call: str, **arguments: Any) -> bytes:
    """The bytes of a request."""
    return _encoded({"number": number, "call": call, "arguments": arguments})


def answer_message(number: int, result: RepositoryFacts | Advance | Snapshot | None) -> bytes:
    """The bytes of an answer. Of too many paths with uncommitted work the last are left out."""
    value = asdict(result) if result is not None else {}
    while isinstance(result, RepositoryFacts) and len(_encoded(_plain(number, value))) > MAX_MESSAGE_BYTES:
        result = replace(result, uncommitted=result.uncommitted[: len(result.uncommitted) // 2])
        value = asdict(result)
    return _encoded(_plain(number, value))


def refusal_message(number: int, words: str) -> bytes:
    """The bytes of an error's answer."""
    return _encoded({"number": number, "error": words[:8000]})


def parse_answer(message: bytes) -> tuple[int, dict[str, Any] | SourceError]:
    """Number and result of an answer.

    Raises:
        Malformed: it is none.
    """
    value = _json_object(message)
    number = value.get("number")
    if type(number) is not int:
        raise Malformed("not an answer")
    if "error" in value:
        return number, SourceError(str(value["error"]))
    result = value.get("result")
    if not isinstance(result, dict):
        raise Malformed("not an answer")
    return number, result


def facts_of(value: Mapping[str, Any]) -> RepositoryFacts:
    """The facts out of an answer."""
    return RepositoryFacts(
        **{
            **value,
            "root": Path(value["root"]),
            "uncommitted": tuple(value["uncommitted"]),
            "asker": Person(**value["asker"]),
            "notes": tuple(value["notes"]),
        }
    )


def receive(sock: socket.socket) -> tuple[bytes, int | None]:
    """One message and the file that came with it; no bytes at the end. Files that were not asked for are closed.

    Raises:
        Malformed: too long, or with more than one file.
    """
    room = socket.CMSG_SPACE(4 * array.array("i").itemsize)
    message, ancillary, flags, _ = sock.recvmsg(MAX_MESSAGE_BYTES + 1, room, socket.MSG_CMSG_CLOEXEC)
    files = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            files.frombytes(content[: len(content) - len(content) % files.itemsize])
    if len(message) > MAX_MESSAGE_BYTES or flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or len(files) > 1:
        for descriptor in files:
            os.close(descriptor)
        raise Malformed("a message of the wrong size")
    return message, files[0] if files else None


def is_plain_file(descriptor: int) -> bool:
    """Whether it is a regular file: nothing that blocks, nothing that acts."""
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def _plain(number: int, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"number": number, "result": value}


def _encoded(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, default=str).encode()


def _json_object(message: bytes) -> dict[str, Any]:
    try:
        value = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("not an object")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 4096 or "\0" in value:
        raise Malformed("not a text")
    return value


def _path(value: object) -> Path:
    path = Path(_text(value))
    if not path.is_absolute():
        raise Malformed("not an absolute path")
    return path


def _sha(value: object) -> str:
    text = _text(value)
    if not SHA.fullmatch(text):
        raise Malformed("not the name of a commit")
    return text
