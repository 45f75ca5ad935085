"""Remembers, in the agent's own state, by which name a program knows a session of ours.

Written and read inside the sandbox: the agent may write there too. One that puts another name in its place resumes
another of its own conversations, and nothing else.
"""

import re

from honk.agent import AGENT_CONFIG, Job

_FOLDER = f"{AGENT_CONFIG}/sessions"
_WRITE = 'mkdir -p "$1" && cat > "$1/$2.new" && mv -f "$1/$2.new" "$1/$2"'
_NAME = re.compile(r"[\x21-\x7e]{1,512}")


async def recalled(job: Job) -> str | None:
    """The program's name for the job's session; None where there is none that could be one."""
    found = await job.sandbox.run(
        ["head", "-c", "600", f"{_FOLDER}/{job.session_id}"], timeout_seconds=30, max_output_bytes=1 << 12
    )
    name = found.text.strip()
    return name if found.exit_code == 0 and _NAME.fullmatch(name) else None


async def remember(job: Job, name: str) -> None:
    """Write it down.

    Raises:
        DiskFull: there is no room in the sandbox.
        SandboxLost: the sandbox is gone.
    """
    if _NAME.fullmatch(name):
        argv = ["sh", "-c", _WRITE, "sh", _FOLDER, job.session_id]
        await job.sandbox.run(argv, stdin=name.encode(), timeout_seconds=30)
