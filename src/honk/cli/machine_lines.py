"""Events and results as JSON, one object a line: for programs. Pure."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from honk.store import TaskEvent

if TYPE_CHECKING:
    from honk.app import RunResult
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
