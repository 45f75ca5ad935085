"""Which changed paths only an owner lets pass: what runs on a push, guards the gate, tells agents what to do, or ships.
Pure; by the base's own `.honk.toml`, never by the change's."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from honk.base import toml
from honk.domain.change import ChangedFile
from honk.domain.evidence import Finding
from honk.domain.needs import Guarded
from honk.verifier import paths
from honk.verifier.rules import FOR_A_PERSON

RULES = frozenset(
    {"continuous integration", "hooks", "ownership", "Honk's own configuration", "agent settings", "build scripts"}
)
"""Of those that wait for a person anyway: these wait for an owner."""
DEPLOY = "deployment"
_DEPLOY_FILES = ("deploy/", "deployment/", "deploy.*", "deploy-*", "*/deploy", "Procfile", "fly.toml", "render.yaml")
_MOST_WORDS = 500
_SHELL = re.compile(r"[\s;&|()<>{}`'\"$=,:]+")


def guarded_of(
    files: Sequence[ChangedFile], findings: Iterable[Finding], honk_toml: bytes | None, globs: Sequence[str]
) -> tuple[Guarded, ...]:
    """Each path once, in order; `globs` are the repository's own."""
    named = commanded_paths(honk_toml)
    found: dict[str, str] = {}
    for file in files:
        for path in dict.fromkeys((file.old_path or file.path, file.path)):
            if (rule := _rule_of(path, named, tuple(globs))) is not None:
                found.setdefault(path, rule)
    for finding in findings:
        if finding.rule in RULES and finding.path is not None:
            found.setdefault(finding.path, finding.rule)
    return tuple(Guarded(path=path, rule=rule) for path, rule in sorted(found.items()))


def _rule_of(path: str, named: frozenset[str], globs: tuple[str, ...]) -> str | None:
    low = path.lower()  # on some systems a name in other letters is the same file
    for rule, patterns in FOR_A_PERSON:
        if rule in RULES and _fits(low, patterns):
            return rule
    if _fits(low, _DEPLOY_FILES) or any(low == one or low.startswith(f"{one}/") for one in named):
        return DEPLOY
    return "guarded by this repository" if _fits(low, globs) else None


def _fits(low: str, globs: Sequence[str]) -> bool:
    return paths.matches(low, tuple(glob.lower() for glob in globs)) is not None


def commanded_paths(honk_toml: bytes | None) -> frozenset[str]:
    """What the commands that ship it name, as paths in lower case; words that are none match nothing. Not those that
    show it: a preview has no secret, and what it runs is the very thing to be changed."""
    try:
        tables = toml.loads((honk_toml or b"").decode())
    except ValueError:
        return frozenset()
    words = [word for text in _texts(tables.get("deploy")) for word in _words(text)][:_MOST_WORDS]
    plain = {part.removeprefix("./").rstrip("/").lower() for word in words for part in (word, word.partition("=")[2])}
    return frozenset(plain - {"", ".", ".."})


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _words(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    bare = [word for word in _SHELL.split(text) if word]  # "sh a.sh; b.sh" names a.sh, with no semicolon
    return list(dict.fromkeys((*_files(words), *_files(bare))))


def _files(words: Sequence[str]) -> list[str]:
    """A module that Python is told to run is a file, or a package's `__main__`: never the whole package."""
    found: list[str] = []
    for before, word in zip(("", *words), words, strict=False):
        module = word.replace(".", "/")
        found += (f"{module}.py", f"{module}/__main__.py") if before == "-m" else (word,)
    return found
