"""pre-commit: the hooks that a repository brings itself, over all its files. Remote ones are named, not run. Pure.

pre-commit fetches a hook's repository and builds an environment for it; neither is to be had in a clean room. A local
hook of language system, script or python is a program of the environment or of the tree, and is run as pre-commit does.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from honk.base import yaml
from honk.verifier import Command
from honk.verifier.ecosystems import Ecosystem, Found, Setting

CONFIG = ".pre-commit-config.yaml"
TIMEOUT_SECONDS = 300.0
_LANGUAGES = frozenset({"system", "script", "unsupported", "unsupported_script", "python"})
_KINDS = {
    "file": "", "text": "", "python": r"\.pyi?$", "pyi": r"\.pyi$", "javascript": r"\.[cm]?js$", "jsx": r"\.jsx$",
    "ts": r"\.[cm]?ts$", "tsx": r"\.tsx$", "json": r"\.json$", "yaml": r"\.ya?ml$", "toml": r"\.toml$",
    "markdown": r"\.(md|markdown)$", "rst": r"\.rst$", "shell": r"\.(sh|bash)$", "rust": r"\.rs$", "go": r"\.go$",
    "java": r"\.java$", "c": r"\.[ch]$", "c++": r"\.(cc|cpp|cxx|hpp|hh|h)$", "css": r"\.css$", "html": r"\.html?$",
}  # fmt: skip
"""What pre-commit calls a file's type, by its name."""
_PRELUDE = r"""
list=$(mktemp); bad=0; lacking=0
state() { git -c core.fsmonitor=false diff | cksum; }
chosen() { if [ -n "$1" ]; then grep -zP -e "$1"; else cat; fi; }
spared() { if [ -n "$1" ]; then grep -zvP -e "$1"; else cat; fi; }
there() { xargs -0 -r sh -c 'for f; do [ -f "$f" ] && printf "%s\\0" "$f"; done; true' sh; }
hook() {
  name=$1 files=$2 kind=$3 other=$4 none=$5 always=$6 pass=$7; shift 7
  git -c core.fsmonitor=false ls-files -z -c -o --exclude-standard | sort -zu | chosen "$files" | chosen "$kind" |
    chosen "$other" | spared "$none" | there > "$list"
  [ -s "$list" ] || [ "$always" = 1 ] || { echo "hook $name: no files"; return; }
  command -v "$1" > /dev/null || { echo "hook $name: $1 is not here"; lacking=1; return; }
  was=$(state); code=0
  if [ "$pass" = 1 ]; then xargs -0 "$@" < "$list" || code=$?; else "$@" < /dev/null || code=$?; fi
  [ "$code" != 0 ] || [ "$was" = "$(state)" ] || { echo "hook $name: files were modified"; code=1; }
  [ "$code" = 0 ] || { echo "hook $name failed (exit code $code)"; bad=1; }
}
"""
_END = '[ "$bad" = 0 ] || exit 1\n[ "$lacking" = 0 ] || exit 127\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hook:
    """One hook that can be run here, as arguments of `hook`."""

    words: tuple[str, ...]


def detect(files: Sequence[str], contents: Mapping[str, bytes], setting: Setting) -> Found:
    """One command for all local hooks, in their order."""
    if CONFIG not in contents:
        return Found()
    try:
        tables = yaml.loads(contents[CONFIG].decode("utf-8", "replace"))
    except ValueError as error:
        return Found(unrun=(f"pre-commit: {CONFIG} cannot be read: {error}",))
    found = list(_hooks(tables)) if isinstance(tables, dict) else []
    unrun = tuple(one for one in found if isinstance(one, str))
    hooks = [one for one in found if isinstance(one, _Hook)]
    if not hooks:
        return Found(unrun=unrun)
    script = _PRELUDE + "".join(f"hook {shlex.join(hook.words)}\n" for hook in hooks) + _END
    known = set(files)
    own = {word.removeprefix("./") for hook in hooks for word in hook.words[7:]} & known
    command = Command(
        name="pre-commit",
        argv=("/bin/sh", "-c", script),
        chosen_by=CONFIG,
        is_required=True,
        timeout_seconds=TIMEOUT_SECONDS,
        guarded=tuple(sorted(own)),
    )
    return Found(linters=(command,), unrun=unrun)


def _hooks(config: Mapping[str, object]) -> Iterator[_Hook | str]:
    """Each hook, or why it is not run."""
    repos = config.get("repos")
    for repo in repos if isinstance(repos, list) else []:
        if not isinstance(repo, dict) or not isinstance(hooks := repo.get("hooks"), list):
            continue
        for hook in (hook for hook in hooks if isinstance(hook, dict)):
            if repo.get("repo") == "local":
                yield from _local(hook, config)
            else:
                yield f"pre-commit hook {_text(hook.get('id'))[:60]} of {_text(repo.get('repo'))[:120]} ({CONFIG})"


def _local(hook: Mapping[str, object], config: Mapping[str, object]) -> Iterator[_Hook | str]:
    name, language = _text(hook.get("id"))[:60], _text(hook.get("language")) or "system"
    stages = hook.get("stages", config.get("default_stages"))
    if isinstance(stages, list) and not {"pre-commit", "commit"} & {_text(stage) for stage in stages}:
        return
    try:
        given = hook.get("args")
        words = (*shlex.split(_text(hook.get("entry"))), *map(_text, given if isinstance(given, list) else ()))
        kinds = [*_kinds(hook.get("types")), _any(_kinds(hook.get("types_or")))]
        patterns = [*filter(None, (_pattern(hook.get("files")), _pattern(config.get("files")), *kinds))]
        spared = [*filter(None, (_pattern(hook.get("exclude")), _pattern(config.get("exclude"))))]
        none = _any(spared) if spared else ""
        if not words or language not in _LANGUAGES or hook.get("additional_dependencies") or len(patterns) > 3:
            raise ValueError(f"language {language}")
    except ValueError as error:
        yield f"pre-commit hook {name} ({CONFIG}): {error}"
        return
    if language in ("script", "unsupported_script"):
        words = (f"./{words[0].removeprefix('./')}", *words[1:])
    flags = ("1" if hook.get("always_run") else "0", "0" if hook.get("pass_filenames") is False else "1")
    yield _Hook(words=(name, *(*patterns, "", "", "")[:3], none, *flags, *words))


def _kinds(types: object) -> list[str]:
    """Patterns of names for types of files.

    Raises:
        ValueError: a type that no name tells.
    """
    wanted = [_text(one) for one in types] if isinstance(types, list) else []
    if unknown := [one for one in wanted if one not in _KINDS]:
        raise ValueError(f"files of type {unknown[0]}")
    return [_KINDS[one] for one in wanted]


def _text(value: object) -> str:
    """Plain values alone: what aliases build may be endless when it is written out."""
    return str(value) if isinstance(value, str | int | float) else ""


def _any(patterns: Sequence[str]) -> str:
    """One pattern for what any of them fits; empty where one fits all, or there is none."""
    return "|".join(f"(?:{pattern})" for pattern in patterns) if all(patterns) else ""


def _pattern(value: object) -> str:
    """In one line, as grep wants it.

    Raises:
        ValueError: it is none, or is written over lines with remarks in them.
    """
    text = value.strip() if isinstance(value, str) else ""
    try:
        re.compile(text)
    except (re.error, RecursionError) as error:
        raise ValueError(f"its pattern is none: {error}") from error
    if "\n" not in text:
        return text
    if "(?x)" not in text or "#" in text:
        raise ValueError("its pattern is of several lines")
    return re.sub(r"\s+", "", text).replace("(?x)", "")


ECOSYSTEM = Ecosystem(
    name="pre-commit",
    needed=lambda files: (CONFIG,) if CONFIG in files else (),
    detect=detect,
    is_test_file=lambda path: False,
    is_check_file=lambda path: path == CONFIG,
    is_shared_check_file=lambda path: False,
    mend=lambda path, before, after: after,
    linters=frozenset({"pre-commit"}),
)
