"""Findings in one line each. Pure."""

from honk.domain.evidence import Finding, Severity


def veto(rule: str, message: str, path: str, line: int | None = None) -> Finding:
    """Nobody publishes this."""
    return Finding(rule=rule, severity=Severity.VETO, message=message, path=path, line=line)


def person(rule: str, message: str, path: str, line: int | None = None) -> Finding:
    """A person looks first."""
    return Finding(rule=rule, severity=Severity.NEEDS_HUMAN, message=message, path=path, line=line)


def note(rule: str, message: str, path: str, line: int | None = None) -> Finding:
    """Told, and held against nobody."""
    return Finding(rule=rule, severity=Severity.NOTE, message=message, path=path, line=line)
