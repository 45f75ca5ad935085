"""The service is killed at each step between the tap and production, and between an undo's tap and its end: merged,
deployed and undone once; or ended with a reason."""

import asyncio
import contextlib
import json
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from desk import OLD, RIGHT, WRONG, git
from live import Live, production
from server import Server, rows, serving, until
from test_crash import DYING
from test_deploy import bare
from test_ship import DOES_AS_ASKED

pytestmark = [pytest.mark.slow, pytest.mark.anyio, pytest.mark.acceptance]
HEALTHY, ENDED = "DeploymentState.CHECKING", "DeploymentState.DEPLOYED"
OF_A_MERGE = (
    "shipments.turn@before",
    "shipments.turn@after",
    "forge.merge@before",
    "forge.merge@after",
    "shipments.turn:ShipmentState.MERGED@before",
    "shipments.turn:ShipmentState.MERGED@after",
    "deployments.begin@before",
    "deployments.begin@after",
    "audit.write:deploy@before",
    "audit.write:deploy@after",
    "deployments.turn:begun_at=datetime@before",
    "deployments.turn:begun_at=datetime@after",
    "deployer.run@before",
    "deployer.run@after",
    "deployments.turn:exit_code=0@before",
    "deployments.turn:exit_code=0@after",
    f"deployments.turn:{HEALTHY}@before",
    f"deployments.turn:{HEALTHY}@after",
    f"deployments.turn:{ENDED}@before",
    f"deployments.turn:{ENDED}@after",
)
OF_AN_UNDO = (
    "deployments.ask@before",
    "deployments.ask@after",
    "deployments.begin:UndoState@before",
    "deployments.begin:UndoState@after",
    "audit.write:rollback@after",
    "deployments.turn:begun_at=datetime@before",
    "deployments.turn:begun_at=datetime@after",
    "deployer.run@before",
    "deployer.run@after",
    "deployments.turn:DeploymentState.ROLLED_BACK@before",
    "deployments.turn:DeploymentState.ROLLED_BACK@after",
    "deployments.turn:UndoState.REVERTING@before",
    "deployments.turn:UndoState.REVERTING@after",
    "tasks.accept@before",
    "tasks.accept@after",
    "deployments.turn:UndoState.DONE@before",
    "deployments.turn:UndoState.DONE@after",
)
UNKNOWN = ("failed", "interrupted")


async def opened(server: Server, name: str, old: str, new: str) -> tuple[str, str]:
    """A task whose pull request is open, and its head."""
    task_id = await server.ask(f"Change add()\n\nRUN: sed -i 's/{old}/{new}/' calc.py", repository=name)
    await server.follow(task_id)
    [(head,)] = rows(server.home, "select head_sha from honk_pull_request where task_id = ?", task_id)
    return task_id, head


async def tap(server: Server, path: str, **fields: str) -> None:
    """A form that is sent by a person whose server may die over it."""
    assert server.browser is not None
    with contextlib.suppress(aiohttp.ClientError):
        async with server.browser.post(path, data=fields) as answer:
            assert answer.status == 200, await answer.text()


async def tap_and_die(server: Server, point: str, path: str, **fields: str) -> None:
    """The server dies at the point, and is started again."""
    await server.stop()
    server.program = (*DYING, point)
    await server.start()
    assert server.process is not None
    await tap(server, path, **fields)
    async with asyncio.timeout(60):
        assert await server.process.wait() == -signal.SIGKILL, point
    await server.stop()  # what it said last is read, and its pipe closed
    server.program = (str(Path(DYING[0]).with_name("honk")),)
    await server.start()


def deployment(home: Path, task_id: str) -> dict[str, Any] | None:
    found = rows(home, "select body from honk_deployment where task_id = ?", task_id)
    assert len(found) < 2
    return json.loads(found[0][0]) if found else None


def is_over(home: Path, task_id: str) -> bool:
    one = deployment(home, task_id)
    return one is not None and one["state"] not in ("waiting", "running", "checking")


def undo_of(home: Path, task_id: str) -> dict[str, Any] | None:
    found = rows(home, "select body from honk_undo where task_id = ?", task_id)
    assert len(found) < 2
    return json.loads(found[0][0]) if found else None


async def merged_and_deployed(server: Server, task_id: str, head: str) -> dict[str, Any]:
    """Tapped, again if the first tap died unheard, and seen to the end."""
    if not rows(server.home, "select 1 from honk_shipment where task_id = ?", task_id):
        await tap(server, f"/tasks/{task_id}/ship", head_sha=head, sentence="I looked at it.")
    await until(lambda: is_over(server.home, task_id), 60)
    one = deployment(server.home, task_id)
    assert one is not None
    return one


def assert_once(live: Live, repo: Path, one: dict[str, Any], point: str) -> None:
    """Merged once; deployed once, or ended with a reason and never run twice."""
    assert git(repo, "rev-list", "--count", "main") == "2", point
    assert git(repo, "rev-parse", "main") == one["merged_sha"], point
    ran = live.deployed.count(one["merged_sha"])
    assert ran <= 1, point
    assert one["reason"], point
    if one["state"] == "deployed":
        assert ran == 1, point
    else:
        assert one["state"] == "interrupted", (point, one)
        assert "it answers 200" in one["health"], (point, one)


async def deaths(tmp_path: Path, points: tuple[str, ...]) -> list[str]:
    """One repository for each death; how each deployment ended."""
    home = tmp_path / "honk"
    names = [f"calc{number}" for number in range(len(points))]
    async with production(tmp_path / "live") as live:
        repos = [bare(tmp_path / name, live.at(name).calc(), name) for name in names]
        live.keep_secret(home)
        settings = {"HONK_DEPLOY": json.dumps(live.grants(*names)), "HONK_AGENT": DOES_AS_ASKED,
                    "HONK_QUOTA__PERSON_MONTH_USD": "10000", "HONK_QUOTA__MONTH_USD": "10000"}  # fmt: skip
        async with serving(home, {}, *repos, **settings) as server:
            ends = []
            for point, name, repo in zip(points, names, repos, strict=True):
                task_id, head = await opened(server, name, OLD, RIGHT)
                path = f"/tasks/{task_id}/ship"
                await tap_and_die(server, point, path, head_sha=head, sentence="I looked at it.")
                one = await merged_and_deployed(server, task_id, head)
                assert_once(live.at(name), repo, one, point)
                ends.append(one["state"])
            assert (await server.honk("audit", "verify")).startswith("whole: "), "no death tears the audit log"
            return ends


async def test_killed_where_it_matters_most_between_tap_and_deployed(tmp_path: Path) -> None:
    """Each step has its turn in the fifty below."""
    ends = {
        "forge.merge@after": "deployed",
        "deployments.begin@after": "deployed",
        "deployments.turn:begun_at=datetime@after": "interrupted",
        "deployments.turn:exit_code=0@after": "deployed",
    }
    assert await deaths(tmp_path, tuple(ends)) == list(ends.values())


async def test_killed_in_the_middle_of_the_command_it_is_not_run_again(tmp_path: Path) -> None:
    home = tmp_path / "honk"
    async with production(tmp_path / "live") as live:
        repo = bare(tmp_path, live.calc())
        live.keep_secret(home)
        settings = {"HONK_DEPLOY": json.dumps(live.settings()), "HONK_AGENT": DOES_AS_ASKED}
        async with serving(home, {}, repo, **settings) as server:
            task_id, head = await opened(server, "calc", OLD, RIGHT)
            (live.folder / "hang").touch()
            await tap(server, f"/tasks/{task_id}/ship", head_sha=head, sentence="I looked at it.")
            await until(lambda: live.deployed)
            await server.stop(signal.SIGKILL)
            (live.folder / "hang").unlink()
            await server.start()
            await until(lambda: is_over(home, task_id))
            one = deployment(home, task_id)
            assert one is not None
            assert (one["state"], live.deployed) == ("interrupted", [one["merged_sha"]])
            assert "how far it came is not known. Now it answers 200" in one["reason"]


@pytest.mark.wide
async def test_killed_in_fifty_runs_each_is_merged_once_and_deployed_once_or_ended_with_a_reason(
    tmp_path: Path,
) -> None:
    points = (*OF_A_MERGE, *OF_A_MERGE, *OF_A_MERGE)[:50]
    ends = await deaths(tmp_path, points)
    assert ends.count("deployed") >= 25


async def undo_deaths(tmp_path: Path, points: tuple[str, ...]) -> None:
    home = tmp_path / "honk"
    names = [f"calc{number}" for number in range(len(points))]
    async with production(tmp_path / "live") as live:
        repos = [bare(tmp_path / name, live.at(name).calc(), name) for name in names]
        live.keep_secret(home)
        settings = {"HONK_DEPLOY": json.dumps(live.grants(*names)), "HONK_AGENT": DOES_AS_ASKED,
                    "HONK_QUOTA__PERSON_MONTH_USD": "10000", "HONK_QUOTA__MONTH_USD": "10000"}  # fmt: skip
        async with serving(home, {}, *repos, **settings) as server:
            for name, repo, point in zip(names, repos, points, strict=True):
                first = await merged_and_deployed(server, *await opened(server, name, OLD, RIGHT))
                task_id, head = await opened(server, name, RIGHT, WRONG)
                bad = await merged_and_deployed(server, task_id, head)
                assert (first["state"], bad["state"]) == ("deployed", "failed")
                path, fields = f"/tasks/{task_id}/undo", {"merged_sha": bad["merged_sha"]}
                await tap_and_die(server, point, path, **fields)
                if undo_of(home, task_id) is None:
                    await tap(server, path, **fields)
                await tap(server, path, **fields)

                def is_done(task_id: str = task_id) -> bool:
                    one = undo_of(home, task_id)
                    return one is not None and one["state"] in ("done", "needs_human")

                await until(is_done, 60)
                one = undo_of(home, task_id)
                assert one is not None
                assert one["state"] == "done", (point, one)
                back = live.at(name).rolled_back
                assert len(back) <= 1, point
                assert one["rollback"], point
                if "Production is back" in one["rollback"]:
                    assert back == [first["merged_sha"]], point
                    assert deployment(home, task_id)["state"] == "rolled_back", point  # type: ignore[index]
                else:
                    assert "how far it came is not known" in one["rollback"], (point, one)
                reverts = rows(home, "select task_id from honk_task where follows = ?", task_id)
                assert reverts == [(one["revert_task_id"],)], point
                await server.follow(one["revert_task_id"])
                assert len(rows(home, "select 1 from honk_pull_request where task_id = ?", one["revert_task_id"])) == 1
                assert git(repo, "rev-list", "--count", "main") == "3", point


async def test_killed_while_it_is_undone(tmp_path: Path) -> None:
    await undo_deaths(tmp_path, ("deployments.ask@after", "deployer.run@after", "tasks.accept@after"))


@pytest.mark.wide
async def test_killed_at_each_step_of_an_undo(tmp_path: Path) -> None:
    await undo_deaths(tmp_path, OF_AN_UNDO)
