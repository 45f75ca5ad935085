"""Events and results as JSON, one object a line: for programs. Pure."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from honk.store import TaskEvent

if TYPE_CHECKING:
    from honk.app import RunResult
    from honk.insight.kept import Kept
    from honk.workflows.doctor import Check
    from honk.workflows.verify import VerifyResult


def event_line(event: TaskEvent) -> str:
    """One event."""
    return _line(_fields(event))


def result_line(result: "RunResult") -> str:
    """The last line of `honk run --json`: the result, field by field."""
    return _line(_fields(result))


def verify_line(result: "VerifyResult") -> str:
    """The one line of `honk verify --json`; where only the plan was asked for, nothing was verified."""
    examination = result.examination
    found = _fields(examination) if examination is not None else {"reports": [], "findings": [], "reason": ""}
    checked = {"verification": result.verification, "sha": result.sha, **found}
    environment = {
        "environment": _fields(result.environment),
        "environment_problems": _plain(result.environment_problems),
    }
    return _line({**checked, "plan": _fields(result.plan), **environment})


def check_line(check: "Check") -> str:
    """One check of `honk doctor --json`."""
    return _line(_fields(check))


def record_line(record: Any) -> str:
    """Any of our records: a task, a pull request."""
    return _line(_fields(record))


def kept_lines(kept: "Kept") -> Iterator[str]:
    """The rows of `honk task export`, each with the kind of `record` that it is."""
    parts = (
        ("task", (kept.task,)), ("brief", kept.briefs), ("run", (kept.run,)), ("attempt", kept.attempts),
        ("event", kept.events), ("model_call", kept.calls), ("pull_request", kept.pull_requests),
        ("approval", kept.approvals), ("shipment", kept.shipments), ("deployment", kept.deployments),
        ("undo", kept.undos), ("preview", kept.previews),
    )  # fmt: skip
    for name, records in parts:
        yield from (_line({"record": name, **_fields(one)}) for one in records)


def blob_line(key: str, text: str | None) -> str:
    """A blob of `honk task export`; null where it was deleted since."""
    return _line({"record": "blob", "key": key, "text": text})


def _fields(record: Any) -> dict[str, Any]:
    """A frozen record as plain values."""
    return {one.name: _plain(getattr(record, one.name)) for one in dataclasses.fields(record)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value


def _line(body: Mapping[str, Any]) -> str:
    """ASCII only, so that neither control characters nor an encoding can break a line."""
    return json.dumps(body, ensure_ascii=True, default=_words)


def _words(value: object) -> str:
    """Times as ISO 8601; anything else as it prints itself."""
    return value.isoformat() if isinstance(value, datetime) else str(value)
