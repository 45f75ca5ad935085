"""The agent `acp:...`: any program of the Agent Client Protocol inside the sandbox, the protocol's library outside."""

import asyncio
import importlib.metadata
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from honk.agent import AgentMissing, Capabilities, Job, Session
from honk.agent.acp_memory import recalled
from honk.agent.acp_program import Program, environment, located
from honk.agent.acp_tools import TOOLS_PORT
from honk.base.censor import Censor
from honk.sandbox import Mount

if TYPE_CHECKING:
    from honk.agent.acp_session import AcpSession


class AcpAgent:
    """Makes sessions of one program.

    What it can do is told by the program itself, once it runs. Without sessions that can be loaded a resumed job begins
    anew, told that it does; without tools over HTTP it is sent back while the checks are red all the same.
    """

    def __init__(
        self,
        command_line: str,
        *,
        env: Mapping[str, str] | None = None,
        folders: Sequence[Path] = (),
        start_seconds: float = 120.0,
        censor: Censor | None = None,
    ) -> None:
        """`env` is given to the program, with the run's own values in the places of their marks; `folders` are shown to
        it, read-only, where they are. `start_seconds`: for the program to have a session open."""
        self._command_line = command_line
        self._env, self._folders, self._start_seconds = dict(env or {}), tuple(folders), start_seconds
        self._censor = censor or Censor()

    @property
    def name(self) -> str:
        return f"acp:{self._command_line}"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(can_resume=True, can_be_messaged=True, has_tools=True, ports=(TOOLS_PORT,))

    def mounts(self) -> tuple[Mount, ...]:
        return self._program().mounts

    async def start(self, job: Job) -> Session:
        """See the port.

        Raises:
            AgentMissing: the program, or the protocol's library, is not installed.
            SandboxLost: the sandbox is gone.
        """
        program = self._program()
        earlier = await recalled(job)
        process = await job.sandbox.spawn(program.argv, env=environment(program.name, job, self._env))
        try:
            sessions = await asyncio.to_thread(_sessions)
        except BaseException:
            await asyncio.shield(process.kill())
            raise
        session = sessions(
            job, process, program.name, earlier=earlier, start_seconds=self._start_seconds, censor=self._censor
        )
        session.begin()
        return session

    def told(self) -> str:
        """The program and where it is, and the library.

        Raises:
            AgentMissing: one of them is not installed.
        """
        program = self._program()
        where = next(
            (str(mount.source) for mount in program.mounts if mount.target == program.argv[0]), program.argv[0]
        )
        return f"{where} over agent-client-protocol {importlib.metadata.version('agent-client-protocol')}"

    def _program(self) -> Program:
        if importlib.util.find_spec("acp") is None:
            raise AgentMissing(
                "The library of the Agent Client Protocol is not installed here, so no agent `acp:...` can work; "
                "nothing was begun. Install it with `pip install 'honk[acp]'`."
            )
        return located(self._command_line, self._folders)


def _sessions() -> "type[AcpSession]":
    """The class, imported on first use: its library takes most of a second to load, in which the program starts."""
    from honk.agent.acp_session import AcpSession

    return AcpSession
