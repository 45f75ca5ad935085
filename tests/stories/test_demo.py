"""The demo plays the whole story in a server: a question and a tap, a reply on the same pull request, a preview, the
merge, its deployment, and the undo of one that production does not bear."""

import asyncio
import re
import signal
import subprocess
from pathlib import Path

import aiohttp
import pytest
from terminal import HONK, SECONDS, environment, terminal

pytestmark = [pytest.mark.slow, pytest.mark.claude, pytest.mark.anyio, pytest.mark.acceptance]


def commits_on_main(said: str) -> list[str]:
    sample = re.search(r"sample repository: (\S+)", said)
    assert sample is not None
    done = subprocess.run(
        ["git", "-C", sample[1], "log", "--format=%s", "main"], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


async def test_with_nobody_there_it_ends_by_itself_and_names_the_outcome(home: Path) -> None:
    made = await asyncio.create_subprocess_exec(
        HONK, "demo", env=environment(home), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    async with asyncio.timeout(SECONDS):
        out, _ = await made.communicate()
    said, at = out.decode(), 0
    assert made.returncode == 0, said
    for told in (
        r"the agent asks: Such playlists are stored already",
        r"Owner answers: Only show them so",
        r"ended: opened, verification passed",
        r"a reply in the thread: Call it “Unnamed playlist” rather",
        r"Pull request (\d+) has a new commit\.",
        r"preview: running",
        r"deployment of [0-9a-f]{10}: deployed",
        r"another request: Show whose a playlist is",
        r"health: it answers 500",
        r"deployment of [0-9a-f]{10}: failed",
        r"Production is back at [0-9a-f]{12}",
        r"pull request #\d+: Undo pull request",
        r"The demo ended: undone\.",
    ):
        found = re.search(told, said[at:])
        assert found is not None, f"{told} in\n{said}"
        at += found.end()
    assert said.count("✓ merged as ") == 2
    assert len(commits_on_main(said)) == 8, "six of the sample's own, and what was merged"
    assert "\x1b" not in said


@pytest.mark.wide  # tests/browser has it with taps instead of typed words
async def test_on_a_terminal_a_person_answers_merges_and_finds_the_console_open(home: Path) -> None:
    async with terminal(home, "demo") as person:
        origin = (await person.until(r"console: (http://127\.0\.0\.1:\d+)"))[1]
        await person.until(r"type its number here")
        person.type("7\n")
        await person.until(r"A number from 1 to 2, please")
        person.type("\n")
        await person.until(r"Merge #\d+ into main\? Type y here")
        person.type("y\n")
        await person.until(r"another request.*Merge #\d+ into main\? Type y here")
        person.type("y\n")
        await person.until(r"Undo #\d+\? Type y here")
        person.type("y\n")
        await person.until(r"The console stays open")
        async with aiohttp.ClientSession() as browser, browser.get(f"{origin}/healthz") as answer:
            assert answer.status == 200
        person.process.send_signal(signal.SIGINT)
        await person.until(r"The demo ended: undone\.")
        async with asyncio.timeout(SECONDS):
            assert await person.process.wait() == 0
        async with aiohttp.ClientSession() as browser:
            with pytest.raises(aiohttp.ClientConnectorError):
                await browser.get(f"{origin}/healthz")
