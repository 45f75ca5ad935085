"""The agent `claude`: Claude Code inside the sandbox, its library outside."""

import asyncio
from typing import TYPE_CHECKING

from honk.agent import AGENT_CONFIG, Capabilities, Job, Session
from honk.agent.claude_program import PROGRAM, command_line, environment, installed
from honk.agent.prompt import resume_prompt
from honk.base.censor import Censor
from honk.sandbox import Mount

if TYPE_CHECKING:
    from honk.agent.claude_session import ClaudeSession

_FIND = 'find "$1/projects" -mindepth 2 -maxdepth 2 -type f -name "$2.jsonl" 2>/dev/null | head -n 1'
_READABLE = 'grep "^{.*\\"sessionId\\":\\"$2\\".*}$" "$1" | grep -qE "\\"type\\":\\"(user|assistant)\\""'
"""A file that was only just begun holds no words, or none but the program's own: it refuses to resume from that, and to
begin a session beside it."""
_ASIDE = 'mv -f "$1" "$1.damaged"'


class ClaudeAgent:
    """Makes sessions of Claude Code."""

    def __init__(self, *, censor: Censor | None = None) -> None:
        self._censor = censor or Censor()

    @property
    def name(self) -> str:
        return "claude"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(can_resume=True, can_be_messaged=True, has_tools=True)

    def mounts(self) -> tuple[Mount, ...]:
        return (Mount(source=installed(), target=PROGRAM),)

    async def start(self, job: Job) -> Session:
        """Begin, or go on with the job's session if its conversation is there and can be read.

        A damaged conversation is put aside, and the session begins anew with the whole prompt: what was done
        is in the work tree. A job that is not a resumed one but finds its session adds its prompt to it.
        """
        installed()
        has_talked = await _has_conversation(job)
        prompt = (job.onward or resume_prompt()) if has_talked and job.is_resumed else job.prompt
        program = await job.sandbox.spawn(command_line(job, resumes=has_talked), env=environment(job))
        try:
            sessions = await asyncio.to_thread(_sessions)
        except BaseException:
            await asyncio.shield(program.kill())
            raise
        session = sessions(job, program, prompt=prompt, censor=self._censor)
        session.begin()
        return session


def _sessions() -> "type[ClaudeSession]":
    """The class, imported on first use: its library takes half a second to load, as long as the program to start."""
    from honk.agent.claude_session import ClaudeSession

    return ClaudeSession


async def _has_conversation(job: Job) -> bool:
    """Whether the session can be resumed. Looked at inside the sandbox: the agent wrote these files."""
    found = await job.sandbox.run(["sh", "-c", _FIND, "sh", AGENT_CONFIG, job.session_id], timeout_seconds=30)
    path = found.text.strip()
    if not path:
        return False
    readable = await job.sandbox.run(["sh", "-c", _READABLE, "sh", path, job.session_id], timeout_seconds=30)
    if readable.exit_code == 0:
        return True
    await job.sandbox.run(["sh", "-c", _ASIDE, "sh", path], timeout_seconds=30)
    return False
