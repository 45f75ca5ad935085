"""How the Claude Code program is found, called and kept quiet. Pure but for looking whether it is installed."""

import importlib.metadata
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from honk.agent import AGENT_CONFIG, AgentMissing, Job
from honk.agent.prompt import standing_orders
from honk.sandbox import WORKSPACE

PROGRAM = "/opt/claude/claude"
SERVER = "honk"
"""Name of our in-process MCP server: its tools are `mcp__honk__verify` and `mcp__honk__conclude`."""
_TOOLS = ("Read", "Edit", "Write", "Bash", "Glob", "Grep")
_QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "CLAUDE_CODE_DISABLE_CRON": "1",
    "CLAUDE_CODE_ENTRYPOINT": "sdk-py",
}
_PATIENCE = {
    "CLAUDE_CODE_MAX_RETRIES": "4",
    "API_TIMEOUT_MS": "300000",
    "CLAUDE_ENABLE_BYTE_WATCHDOG": "1",
    "CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": "60000",
    "MCP_TOOL_TIMEOUT": "3600000",
}


def version() -> str:
    """The library's version and its program's.

    Raises:
        AgentMissing: it is not installed.
    """
    stated = installed().with_name("claude.version")
    program = stated.read_text().strip().removesuffix(" (Claude Code)") if stated.is_file() else "unknown"
    return f"claude-agent-sdk {importlib.metadata.version('claude_agent_sdk')} with Claude Code {program}"


def installed() -> Path:
    """The program as it came with its library.

    Raises:
        AgentMissing: it is not installed, or the wheel is one without the program.
    """
    spec = importlib.util.find_spec("claude_agent_sdk")
    program = Path(spec.origin).parent / "_bundled" / "claude" if spec is not None and spec.origin else None
    if program is None or not program.is_file():
        raise AgentMissing(
            "Claude Code is not installed here, so the agent `claude` cannot work; nothing was begun. "
            "It is proprietary and comes from its maker: install it with `pip install 'honk[claude]'`, "
            "or choose another agent with --agent command:..."
        )
    return program


def environment(job: Job) -> dict[str, str]:
    """All that the program is given; nothing of ours is inherited."""
    longest = max(1, int(job.idle_seconds * 750))
    return {
        **_QUIET,
        **_PATIENCE,
        "ANTHROPIC_BASE_URL": job.model_url,
        "ANTHROPIC_API_KEY": job.token,
        "CLAUDE_CONFIG_DIR": AGENT_CONFIG,
        # A command must end, or be ended, before its silence looks like the agent's.
        "BASH_MAX_TIMEOUT_MS": str(longest),
        "BASH_DEFAULT_TIMEOUT_MS": str(min(120_000, longest)),
        # Ours is the count that decides; its own must not come first.
        "CLAUDE_CODE_STOP_HOOK_BLOCK_CAP": str(job.stop_blocks + 8),
    }


def command_line(job: Job, *, resumes: bool) -> Sequence[str]:
    """The program with settings that take nothing from the repository or from its own state but the conversation."""
    orders = standing_orders(job.guidance, has_tools=True, workspace=job.sandbox.inside(WORKSPACE))
    session = f"--resume={job.session_id}" if resumes else f"--session-id={job.session_id}"
    return (
        PROGRAM,
        "--print",
        "--verbose",
        "--input-format=stream-json",
        "--output-format=stream-json",
        "--include-partial-messages",  # a sign of life while the model writes a long answer
        "--setting-sources=",
        "--strict-mcp-config",
        f'--mcp-config={{"mcpServers":{{"{SERVER}":{{"type":"sdk","name":"{SERVER}","alwaysLoad":true}}}}}}',
        "--disable-slash-commands",
        "--permission-mode=dontAsk",
        f"--tools={','.join(_TOOLS)}",
        f"--allowedTools={','.join((*_TOOLS, f'mcp__{SERVER}'))}",
        f"--model={job.model}",
        f"--max-turns={max(1, job.turns)}",
        f"--append-system-prompt={orders}",
        session,
    )
