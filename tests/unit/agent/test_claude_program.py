"""What the program is called with."""

import importlib.util
import uuid
from pathlib import Path
from typing import Any

import pytest

from honk.agent import AgentMissing, Job, ToolAnswer
from honk.agent.claude import ClaudeAgent
from honk.agent.claude_program import command_line, environment, installed
from honk.testing.rooms import DirectorySandbox


async def green() -> ToolAnswer:
    return ToolAnswer(text="green", is_error=False)


def job(**fields: Any) -> Job:
    base: dict[str, Any] = {
        "session_id": str(uuid.UUID(int=7)),
        "is_resumed": False,
        "prompt": "--version",
        "guidance": "",
        "sandbox": DirectorySandbox(Path("tree")),
        "model": "claude-sonnet-4-5",
        "token": "t0ken",
        "model_url": "http://127.0.0.1:8081",
        "turns": 9,
        "idle_seconds": 400.0,
        "output_bytes": 1 << 20,
        "config_dir": Path("state"),
        "verify": green,
    }
    return Job(**base | fields)


def test_nothing_is_taken_from_the_repository_or_the_agent_s_own_settings() -> None:
    line = command_line(job(), resumes=False)
    assert "--setting-sources=" in line
    assert "--strict-mcp-config" in line
    assert "--disable-slash-commands" in line
    assert "--permission-mode=dontAsk" in line
    assert not any("WebFetch" in word or "WebSearch" in word for word in line)


def test_no_word_of_others_is_a_word_of_the_command_line() -> None:
    line = command_line(job(guidance="--dangerously-skip-permissions", model="--resume"), resumes=False)
    assert "--model=--resume" in line
    assert "--dangerously-skip-permissions" not in line
    assert "--version" not in line


def test_the_session_is_ours_and_resumes_under_the_same_id() -> None:
    assert command_line(job(), resumes=False)[-1] == "--session-id=00000000-0000-0000-0000-000000000007"
    assert command_line(job(), resumes=True)[-1] == "--resume=00000000-0000-0000-0000-000000000007"


def test_a_command_ends_before_the_idle_limit() -> None:
    assert environment(job(idle_seconds=400))["BASH_MAX_TIMEOUT_MS"] == "300000"
    assert environment(job(idle_seconds=400))["BASH_DEFAULT_TIMEOUT_MS"] == "120000"
    assert environment(job(idle_seconds=4))["BASH_DEFAULT_TIMEOUT_MS"] == "3000"


def test_the_environment_holds_the_run_s_token_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONK_CANARY", "sings")
    env = environment(job())
    assert env["ANTHROPIC_API_KEY"] == "t0ken"
    assert "HONK_CANARY" not in env
    assert "sings" not in env.values()


def test_an_agent_that_is_not_installed_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(AgentMissing, match=r"pip install 'honk\[claude\]'"):
        ClaudeAgent().mounts()


def test_the_program_is_shown_read_only() -> None:
    [mount] = ClaudeAgent().mounts()
    assert mount.source == installed()
    assert mount.target == "/opt/claude/claude"
    assert not mount.is_writable
