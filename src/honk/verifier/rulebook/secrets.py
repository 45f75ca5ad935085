"""Secrets in added lines: tokens of known form, and literals that look random under a telling name. Pure.

The secret itself is never repeated.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from honk.domain.change import Edit
from honk.domain.evidence import Finding
from honk.verifier import paths
from honk.verifier.guard import Changed
from honk.verifier.rulebook.asked import Asked
from honk.verifier.rulebook.lines import added
from honk.verifier.rulebook.manifests import is_lock
from honk.verifier.rulebook.said import note, person, veto
from honk.verifier.rulebook.text_tests import is_test_path

_TOKENS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAGE-SECRET-KEY-1[0-9A-Z]{40,}")),
    ("a cloud access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a forge token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,}|glpat-[\w-]{20,})\b")),
    ("a chat token", re.compile(r"\b(?:xox[abposr]|xapp)-[\w-]{20,}|/services/T\w{8,}/B\w{8,}/\w{20,}")),
    ("a model key", re.compile(r"\bsk-(?:ant-|proj-)?[\w-]{32,}|\bhf_[A-Za-z]{34}\b|\bgsk_\w{48,}")),
    ("a payment key", re.compile(r"\b(?:[sr]k_live|whsec)_[0-9A-Za-z]{20,}")),
    ("a cloud key", re.compile(r"\bAIza[\w-]{35}\b|\bAccountKey=[\w+/]{60,}|\bdop_v1_[0-9a-f]{60,}")),
    ("a package token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b|\bpypi-Ag[\w-]{50,}|\bdckr_pat_[\w-]{20,}")),
    ("a mail token", re.compile(r"\bSG\.[\w-]{20,}\.[\w-]{40,}|\bkey-[0-9a-f]{32}\b")),
    ("a signed web token", re.compile(r"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}")),
)
_NAMED = re.compile(
    r"(?i)(?P<name>passwd|password|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|auth[_-]?key)"
    r"[\w\"'\]-]{0,40}\s{0,20}(?::|=|:=|=>|,)\s{0,20}(?P<quote>[\"'`])(?P<value>[^\"'`\s]{16,200})(?P=quote)"
)
_IN_ADDRESS = re.compile(r"\b[a-z][a-z+]{2,12}://[^\s:/@\"']{1,80}:(?P<value>[^\s@/\"'{}$<>]{8,200})@[\w.-]+")
_PLACEHOLDER = re.compile(
    r"(?i)example|change.?me|placeholder|dummy|fake|sample|redacted|x{4,}|\*{3,}|your[_-]|my[_-]|test|todo|insert|foo|bar|"
    r"^\$|\$\{|\{\{|%\(|<|^env[.:]|process\.env|os\.environ|not.?a|secret.?(?:manager|key|name)$|local|default|0123456789|abcdef|12345678"
)
_HEADER_ALONE = re.compile(r"PRIVATE KEY-----[\"'`]")
"""What a test of ours looks for: the first line of a key, and no key."""
_SHORTEST = 20
_MIN_BITS = 3.5
_MIN_DISTINCT = 4


def secrets(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """A token of known form is a veto. What only looks random under a telling name waits for a person."""
    for entry in changed:
        if entry.file.edit is Edit.DELETED:
            continue
        path = entry.file.path
        locks = is_lock(path)
        for number, line in added(entry):
            if len(line) < _SHORTEST:
                continue
            if (what := _token(line)) is not None:
                if _is_beside_the_code(path) and _HEADER_ALONE.search(line):
                    continue
                yield veto("secret", f"{path}:{number} adds {what}", path, number)
            elif not locks and _is_random_under_a_name(line):
                say = note if _is_beside_the_code(path) else person
                yield say("likely secret", f"{path}:{number} adds what looks like a secret", path, number)


def _token(line: str) -> str | None:
    for what, pattern in _TOKENS:
        for match in pattern.finditer(line):
            found = match.group()
            if "PRIVATE KEY" in found or (len(set(found[5:])) >= _MIN_DISTINCT and "EXAMPLE" not in found):
                return what
    return None


def _is_random_under_a_name(line: str) -> bool:
    values = [match["value"] for pattern in (_NAMED, _IN_ADDRESS) for match in pattern.finditer(line)]
    return any(not _PLACEHOLDER.search(value) and _looks_random(value) for value in values)


def _looks_random(value: str) -> bool:
    """Digits among letters, no words and no path, and as mixed as chance makes it."""
    has_mix = re.search(r"\d", value) and re.search(r"[A-Za-z]", value)
    is_words = re.fullmatch(r"[A-Za-z]+(?:[-_./ :][A-Za-z]+\d*)+", value) or value.startswith(("/", "./", "http"))
    return bool(has_mix) and not is_words and bits(value) >= min(_MIN_BITS, math.log2(len(value)) * 0.8)


def bits(value: str) -> float:
    """Shannon entropy of a text, in bits per character."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)


def _is_beside_the_code(path: str) -> bool:
    """Tests, their fixtures and prose are full of made-up secrets."""
    parts = PurePosixPath(path)
    return (
        paths.is_test_file(path)
        or paths.is_beside_tests(path)
        or (is_test_path(path) and parts.suffix != ".rs")
        or parts.suffix in (".md", ".rst", ".txt", ".snap")
        or any(part in ("fixtures", "testdata", "__mocks__", "examples", "docs") for part in parts.parts)
    )
