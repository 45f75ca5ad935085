"""Advice at the tool call: says no early, with a hint, to what the sandbox would refuse anyway. Pure.

This is no boundary. The kernel and the gateway are; a command that hides from these words still reaches nothing.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

_SEPARATORS = ";&|()\n"
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)([A-Za-z_]\w*)\1(.*?\n)(?:.*?\n)?\s*\2(?=\s|$)", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_WRAPPERS = frozenset({"env", "command", "exec", "nohup", "time", "xargs", "timeout", "nice", "setsid", "builtin"})
_GIT_OPTIONS_WITH_VALUE = frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace"})

_NO_NETWORK = (
    "There is no network in here. What is needed is in the work tree or installed; "
    "a new dependency goes into the manifest, and Honk installs it for the verification."
)
_PUBLISHES = (
    "Honk itself verifies, commits and proposes what you leave in the work tree. End your turn when it is ready."
)
_NO_RIGHTS = "There are no other rights in here. Work as the user you are, below the work tree."
_HINTS: Mapping[str, str] = (
    dict.fromkeys(("curl", "wget", "nc", "ncat", "netcat", "telnet", "ssh", "scp", "sftp", "rsync", "ftp"), _NO_NETWORK)
    | dict.fromkeys(("gh", "glab", "hub"), _PUBLISHES)
    | dict.fromkeys(("sudo", "su", "doas", "pkexec", "docker", "podman", "systemctl", "mount", "nsenter"), _NO_RIGHTS)
)
_GIT_HINTS: Mapping[tuple[str, ...], str] = {
    ("push",): _PUBLISHES,
    ("send-pack",): _PUBLISHES,
    ("fetch",): _NO_NETWORK,
    ("pull",): _NO_NETWORK,
    ("clone",): _NO_NETWORK,
    ("remote", "add"): _PUBLISHES,
    ("remote", "set-url"): _PUBLISHES,
    ("credential",): _PUBLISHES,
}


def objection(tool: str, arguments: Mapping[str, object]) -> str | None:
    """Why this call is refused, as a hint for the agent; None lets it pass.

    The same call gets the same answer, so the guard and the log cannot disagree.
    """
    command = arguments.get("command")
    if tool != "Bash" or not isinstance(command, str):
        return None
    for words in _commands(command):
        if (hint := _hint(words)) is not None:
            return hint
    return None


def _hint(words: Sequence[str]) -> str | None:
    program = words[0].rsplit("/", 1)[-1]
    if program != "git":
        return _HINTS.get(program)
    subcommand = tuple(_git_words(words[1:]))[:2]
    return _GIT_HINTS.get(subcommand) or _GIT_HINTS.get(subcommand[:1])


def _git_words(words: Sequence[str]) -> Iterator[str]:
    """The subcommand and what follows, without the options that stand before it."""
    rest = iter(words)
    for word in rest:
        if word in _GIT_OPTIONS_WITH_VALUE:
            next(rest, None)
        elif not word.startswith("-"):
            yield word


def _commands(text: str) -> Iterator[list[str]]:
    """The simple commands of a shell text, as far as words can tell; none where its quotes do not match."""
    lexer = shlex.shlex(_HEREDOC.sub(r"\3", text.replace("\\\n", " ")), posix=True, punctuation_chars=_SEPARATORS)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    words: list[str] = []
    try:
        for word in lexer:
            if set(word) <= set(_SEPARATORS):
                if found := _unwrapped(words):
                    yield found
                words = []
            else:
                words.append(word)
    except ValueError:
        return
    if found := _unwrapped(words):
        yield found


def _unwrapped(words: Sequence[str]) -> list[str]:
    """The command itself, without assignments, wrappers and their options before it; nothing for a comment."""
    rest = list(words)
    while rest and (rest[0] in _WRAPPERS or _ASSIGNMENT.match(rest[0])):
        is_wrapper = rest.pop(0) in _WRAPPERS
        while is_wrapper and rest and (rest[0].startswith("-") or rest[0].isdecimal()):
            rest.pop(0)
    return [] if rest and rest[0].startswith("#") else rest
