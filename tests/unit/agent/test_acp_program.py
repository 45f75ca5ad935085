"""How a program of the Agent Client Protocol is found, and what it is given."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from honk.agent import AgentError, AgentMissing, Job
from honk.agent.acp_program import environment, located, words_of
from honk.sandbox import Mount


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of machine code that only this user's PATH knows."""
    tool = tmp_path / "bin" / "opencode.exe"
    tool.parent.mkdir()
    tool.write_bytes(b"\x7fELF...")
    tool.chmod(0o755)
    (tmp_path / "bin" / "opencode").symlink_to(tool)
    monkeypatch.setenv("PATH", str(tool.parent))
    return tool


def job(model: str = "sonnet") -> Job:
    fields: dict[str, Any] = dict.fromkeys(("session_id", "prompt", "guidance"), "")
    return Job(
        **fields, model=model, token="t0k", model_url="http://127.0.0.1:8081", is_resumed=False, sandbox=None,
        turns=9, idle_seconds=9, output_bytes=9, config_dir=Path(), verify=None,
    )  # type: ignore[arg-type]  # fmt: skip


def test_a_known_program_needs_no_arguments_and_an_unknown_one_gets_none() -> None:
    assert words_of("opencode") == ("opencode", "acp")
    assert words_of("/srv/opencode.exe") == ("/srv/opencode.exe", "acp")
    assert words_of("opencode acp --print-logs") == ("opencode", "acp", "--print-logs")
    assert words_of("my-agent 'one word'") == ("my-agent", "one word")


@pytest.mark.parametrize("line", ["", "  ", "agent 'never closed"])
def test_a_line_that_names_no_program_is_refused(line: str) -> None:
    with pytest.raises(AgentError):
        words_of(line)


def test_one_file_of_machine_code_is_shown_wherever_it_lies(tool: Path) -> None:
    program = located("opencode")
    assert program.argv == ("/opt/agent/opencode", "acp")
    assert program.mounts == (Mount(source=tool, target="/opt/agent/opencode"),)


def test_what_stands_in_a_folder_that_is_shown_needs_no_mount_of_its_own(tool: Path) -> None:
    program = located("opencode", (tool.parent,))
    assert program.argv == (str(tool.parent / "opencode"), "acp")
    assert program.mounts == (Mount(source=tool.parent, target=str(tool.parent)),)


def test_a_program_of_the_system_is_there_already() -> None:
    assert located("sh -x", (Path("/usr/lib"),)).mounts == ()
    assert located("sh -x").argv[0] in ("/usr/bin/sh", "/bin/sh")


def test_the_repository_s_own_is_looked_for_inside_only() -> None:
    assert located("./tools/agent").argv == ("./tools/agent",)
    assert located("/workspace/tools/agent").argv == ("/workspace/tools/agent",)


@pytest.mark.parametrize(("mode", "says"), [(0o644, "may not be run"), (0o755, "is a script")])
def test_a_file_that_is_no_program_is_never_shown(mode: int, says: str, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("sk-ant-of-somebody")
    secret.chmod(mode)
    with pytest.raises(AgentMissing, match=says):
        located(str(secret))


def test_what_it_is_given_is_of_this_run_and_of_the_operator_s_words() -> None:
    os.environ["HONK_CANARY"] = "sings"
    own = {"A": "{model_url}/v1?{token}&{model}", "ANTHROPIC_MODEL": "mine", "B": "{state}/b {unknown}"}
    given = environment("my-agent", job(), own)
    del os.environ["HONK_CANARY"]
    assert given["A"] == "http://127.0.0.1:8081/v1?t0k&claude-sonnet-5-5"
    assert (given["ANTHROPIC_MODEL"], given["B"]) == ("mine", "/home/agent/.claude/b {unknown}")
    assert "sings" not in given.values()
    assert not any(name.startswith("OPENCODE") for name in given)


def test_opencode_is_told_its_model_as_data() -> None:
    model = 'x","provider":{"evil":1},"y":"'
    told = json.loads(environment("opencode", job(model), {})["OPENCODE_CONFIG_CONTENT"])
    assert told["model"] == f"anthropic/{model}"
    assert list(told["provider"]) == ["anthropic"]
    assert told["provider"]["anthropic"]["options"] == {"baseURL": "http://127.0.0.1:8081/v1", "apiKey": "t0k"}
