"""How a program that speaks the Agent Client Protocol is found, shown in the sandbox, and told where its model is."""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from honk.agent import AGENT_CONFIG, AgentMissing, Job
from honk.agent.command_line import words_in
from honk.sandbox import WORKSPACE, Mount

_SHOWN_AT = "/opt/agent"
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_FULL_NAMES = {"opus": "claude-opus-5-5", "sonnet": "claude-sonnet-5-5", "haiku": "claude-haiku-5-5"}
"""Claude Code's short names of models: other programs, and the service, know the full ones only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program, ready to be started inside."""

    name: str
    argv: tuple[str, ...]
    mounts: tuple[Mount, ...]


def words_of(command_line: str) -> tuple[str, ...]:
    """The program and its arguments; a program that is known may stand alone.

    Raises:
        AgentError: the command line is empty, or its quotes do not match.
    """
    words = words_in(command_line, "acp:PROGRAM ARGUMENTS")
    known = _KNOWN.get(_name_of(words[0]))
    return (*words, *known.arguments) if known and len(words) == 1 else tuple(words)


def located(command_line: str, folders: Sequence[Path] = ()) -> Program:
    """The program as the sandbox can run it: where it stands, if that is shown inside; mounted, if it is one file.

    A relative path and one below the work tree are the repository's own, and looked for inside only.

    Raises:
        AgentError: the command line cannot be read.
        AgentMissing: there is no such program, or the sandbox cannot show it; says what to do.
    """
    first, *rest = words_of(command_line)
    shown = tuple(Mount(source=folder, target=str(folder)) for folder in folders if not _is_below(folder, _USR))
    if first.startswith(f"{WORKSPACE}/") or ("/" in first and not first.startswith("/")):
        return Program(name=_name_of(first), argv=(first, *rest), mounts=shown)
    found = shutil.which(first, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}")
    if found is None or not os.access(found, os.R_OK):
        raise AgentMissing(
            f"The agent's program {first} is not installed here, or may not be run. Nothing was begun. Install it so "
            "that the user whom Honk runs as finds it on PATH, or name its whole path."
        )
    for path in (Path(found).absolute(), Path(found).resolve()):
        if any(_is_below(path, folder) for folder in (*_USR, *folders)):
            return Program(name=_name_of(first), argv=(str(path), *rest), mounts=shown)
    if not _is_one_file(Path(found)):
        raise AgentMissing(
            f"The agent's program {found} is a script, and the sandbox does not show what it is made of. Nothing was "
            "begun. Install it below /usr, or name its folder, and its interpreter's, as acp.folders in honk.toml."
        )
    target = f"{_SHOWN_AT}/{_name_of(first)}"
    mount = Mount(source=Path(found).resolve(), target=target)
    return Program(name=_name_of(first), argv=(target, *rest), mounts=(mount, *shown))


def environment(name: str, job: Job, own: Mapping[str, str]) -> dict[str, str]:
    """All that the program is given: what programs for this API know, what this one needs, what the operator says.

    In the operator's words `{model_url}`, `{token}`, `{model}` and `{state}` stand for those of the run.
    """
    model = _FULL_NAMES.get(job.model, job.model)
    known = _KNOWN.get(name)
    named = {"{model_url}": job.model_url, "{token}": job.token, "{model}": model, "{state}": AGENT_CONFIG}
    return {
        "ANTHROPIC_BASE_URL": job.model_url,
        "ANTHROPIC_API_KEY": job.token,
        "ANTHROPIC_MODEL": model,
        "HONK_AGENT_STATE": AGENT_CONFIG,
        # Conversations outlive the sandbox, configuration that the agent wrote for itself does not.
        "XDG_DATA_HOME": f"{AGENT_CONFIG}/data",
        "XDG_STATE_HOME": f"{AGENT_CONFIG}/state",
        **(known.environment(job, model) if known else {}),
        **{key: _filled(value, named) for key, value in own.items()},
    }


def _filled(text: str, named: Mapping[str, str]) -> str:
    for mark, value in named.items():
        text = text.replace(mark, value)
    return text


_USR = (Path("/usr"), Path("/bin"), Path("/sbin"))


def _is_below(path: Path, folders: Path | Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in ((folders,) if isinstance(folders, Path) else folders))


def _is_one_file(path: Path) -> bool:
    """Whether it is machine code, which needs nothing beside it but the system's libraries."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _name_of(word: str) -> str:
    return word.rsplit("/", 1)[-1].removesuffix(".exe")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What one program wants beside its name."""

    arguments: tuple[str, ...]
    environment: Callable[[Job, str], Mapping[str, str]]


def _opencode(job: Job, model: str) -> Mapping[str, str]:
    """OpenCode: its model is the gateway's, nobody is asked, nothing is fetched, the repository configures nothing."""
    settings = {
        "model": f"anthropic/{model}",
        "small_model": f"anthropic/{model}",
        "enabled_providers": ["anthropic"],
        "provider": {
            "anthropic": {
                "options": {"baseURL": f"{job.model_url}/v1", "apiKey": job.token},
                "models": {model: {"name": model, "tool_call": True, "limit": {"context": 200_000, "output": 32_000}}},
            }
        },
        "permission": {"*": "allow"},
        "agent": {"title": {"disable": True}},
        "experimental": {"mcp_timeout": 3_600_000},
        "share": "disabled",
        "autoupdate": False,
    }
    off = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "PROJECT_CONFIG", "CLAUDE_CODE", "EXTERNAL_SKILLS", "SHARE")
    return {
        "OPENCODE_CONFIG_CONTENT": json.dumps(settings),
        **{f"OPENCODE_DISABLE_{name}": "1" for name in off},
        "OPENCODE_PURE": "1",
        # Where memory is limited per process, its address space is: these would take gigabytes of it and use little.
        "BUN_JSC_useWasmFastMemory": "0",
        "BUN_JSC_jitMemoryReservationSize": str(128 << 20),
        "BUN_JSC_structureHeapSizeInKB": str(128 << 10),
    }


_KNOWN: Mapping[str, _Known] = {"opencode": _Known(arguments=("acp",), environment=_opencode)}
