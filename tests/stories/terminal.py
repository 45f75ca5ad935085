"""A person's terminal, with `honk` in it."""

import asyncio
import fcntl
import os
import pty
import re
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

HONK = str(Path(sys.executable).with_name("honk"))
SECONDS = 120


def environment(home: Path, **more: str) -> dict[str, str]:
    """Of somebody who has nothing set but where Honk keeps its state."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(home.parent), "HONK_HOME": str(home), "HONK_SERVE__PORT": "0", **more}


@dataclass
class Terminal:
    """What a program says is read as it comes, as a terminal does: one that is not read stands still."""

    process: asyncio.subprocess.Process
    master: int
    said: str = ""
    is_over: bool = False
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, pattern: str) -> re.Match[str]:
        """Wait until it stands there."""
        async with asyncio.timeout(SECONDS):
            while (found := re.search(pattern, self.said, re.DOTALL)) is None:
                assert not self.is_over, f"it ended before {pattern!r}:\n{self.said}"
                self.grown.clear()
                await self.grown.wait()
            return found

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def read(self) -> None:
        try:
            self.said += os.read(self.master, 1 << 16).decode("utf-8", "replace")
        except OSError:
            self.is_over = True
            asyncio.get_running_loop().remove_reader(self.master)
        self.grown.set()


@asynccontextmanager
async def terminal(home: Path, *words: str) -> AsyncIterator[Terminal]:
    """`honk` with these words. At the end it is gone, whatever happened."""
    master, slave = pty.openpty()
    attributes = termios.tcgetattr(slave)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, b"\x28\x00\x78\x00\x00\x00\x00\x00")
    process = await asyncio.create_subprocess_exec(
        HONK, *words, env=environment(home, TERM="xterm"), stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    person = Terminal(process, master)
    asyncio.get_running_loop().add_reader(master, person.read)
    try:
        yield person
    finally:
        asyncio.get_running_loop().remove_reader(master)
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(master)
