"""`full_disk_server.py FOLDER`: a small disk gets full under a server at work. Its run stands still, its pages come,
what is asked is refused with what to do; and once there is room, everything goes on by itself."""

import asyncio
import sys
import tempfile
from pathlib import Path

from desk import CALC, OLD, RIGHT, git, make_repository
from full_disk import Filler
from server import Server, rows, serving, until

SLOW = f"command:sh -c \"cat >/dev/null; sleep 4; sed -i 's/{OLD}/{RIGHT}/' calc.py\""
SETTINGS = {"HONK_AGENT": SLOW, "HONK_RETENTION__MIN_FREE_MIB": "40", "HONK_RETENTION__HALT_FREE_MIB": "24"}
ATTEMPT = "select 1 from honk_event where kind = 'attempt'"


async def page(server: Server, path: str) -> str:
    assert server.browser is not None
    async with server.browser.get(path) as answer:
        assert answer.status == 200, (path, answer.status, await answer.text())
        return await answer.text()


async def stands_still(server: Server) -> None:
    """Until it says that the disk is full."""
    async with asyncio.timeout(30):
        while "The disk is full" not in await page(server, "/health"):
            await asyncio.sleep(0.2)


async def refuses(server: Server) -> None:
    """What would have to be written down, with what to do."""
    (repository,) = await server.json("GET", "/api/repositories")
    assert server.browser is not None
    wanted = {"repository_id": repository["repository_id"], "prompt": "One more"}
    async with server.browser.post("/api/tasks", json=wanted) as answer:
        words = (await answer.json())["detail"]
        assert (answer.status, "honk gc" in words) == (507, True), (answer.status, words)


async def main(disk: Path) -> None:
    filler = Filler(disk)
    with tempfile.TemporaryDirectory() as elsewhere:
        repo = make_repository(Path(elsewhere) / "calc", CALC)
        async with serving(disk / "honk", {}, repo, **SETTINGS) as server:
            first = await server.ask("Make add() add, once")
            await until(lambda: rows(server.home, ATTEMPT))
            filler.strike()
            await stands_still(server)
            for path in ("/", f"/tasks/{first}", "/scorecard", f"/api/tasks/{first}", "/healthz"):
                await page(server, path)
            await refuses(server)
            filler.make_room()
            assert (await server.follow(first))[-1]["body"]["outcome"] == "opened"
            second = await server.ask("Make add() add, again")
            assert (await server.follow(second))[-1]["body"]["outcome"] == "opened"
        counted = "select task_id, count(*) from honk_event where kind = 'outcome' group by task_id"
        assert dict(rows(server.home, counted)) == {first: 1, second: 1}
        assert len(git(repo, "branch", "--list", "honk/*").split()) == 2


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
