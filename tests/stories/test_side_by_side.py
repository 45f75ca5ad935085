"""Several commands at once: in one state folder they look, act and wait in line; two folders do not know each other."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from crash import Ended, Honk
from desk import CALC, OLD, RIGHT, git, make_repository

from honk.testing import scripts
from honk.testing.replies import Json, is_plain, say
from honk.testing.scripted_model import ScriptedModel

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

AGENT = f"command:sh -c \"cat >/dev/null; sed -i 's/{OLD}/{RIGHT}/' calc.py\""
FIX = [*scripts.edit("/workspace/calc.py", OLD, RIGHT), say("add() adds.")]


SECRET = f"ghp_{'s' * 36}"
RECORDS = ["task", "brief", "run", "attempt", "event", "model_call", "pull_request", "approval", "shipment", "blob"]


class HeldModel(ScriptedModel):
    """A model that holds its answers back until it is told to go on."""

    def __init__(self) -> None:
        super().__init__({"default": FIX, "judge": scripts.judge()})
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def _generate(self, request: web.Request, body: Json) -> web.StreamResponse:
        if not is_plain(body):
            self.is_asked.set()
            await self.may_answer.wait()
        return await super()._generate(request, body)


@asynccontextmanager
async def waiting(honk: Honk, words: tuple[str, ...]) -> AsyncIterator[asyncio.Task[Ended]]:
    """A command that says that it waits for its turn; its end is the task's."""
    told = asyncio.Event()
    task = asyncio.create_task(honk(*words, hears=lambda line: told.set() if "waiting for" in line else None))
    async with asyncio.timeout(120):
        await told.wait()
    yield task


async def _a_running_and_a_merged_task_are_exported(honk: Honk) -> None:
    listed = (await honk("task", "list", "--json")).lines
    [running] = [one["task_id"] for one in listed if one["status"] == "running"]
    [merged] = [one["task_id"] for one in listed if one["outcome"] and one["outcome"]["name"] == "merged"]
    [trace] = (await honk("task", "export", running, "--otlp")).errors.splitlines()
    [root, *_] = json.loads(trace)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert (root["name"], root["status"]) == (f"task {running}", {})
    text = (await honk("task", "export", merged)).errors
    assert (SECRET in text, "add, not [censored]" in text) == (False, True)
    rows = [json.loads(line) for line in text.splitlines()]
    assert list(dict.fromkeys(row["record"] for row in rows)) == RECORDS
    assert any("return a + b" in row["text"] for row in rows if row["record"] == "blob")
    unknown = await honk("task", "export", "nobody")
    assert (unknown.code, "No task is called 'nobody'" in unknown.errors) == (2, True)


@pytest.mark.acceptance
@pytest.mark.claude
async def test_beside_a_run_others_look_and_merge_and_the_next_run_waits_its_turn(home: Path, calc: Path) -> None:
    other = make_repository(calc.parent / "other", CALC)
    async with HeldModel() as model:
        first, second, third = Honk(home, calc, model), Honk(home, other, model), Honk(home, other, model)
        assert (await second("run", f"Make add() add, not {SECRET}", "--agent", AGENT)).code == 0
        async with asyncio.TaskGroup() as group:
            running = group.create_task(first.run())
            await model.is_asked.wait()

            def beside(*words: str) -> asyncio.Task[Ended]:
                return group.create_task(replace(second)(*words))

            looks = [beside("task", "list"), beside("pr", "list"), beside("pr", "merge", "1")]
            refusals = [beside("gc"), beside("backup", str(home.parent / "b.tar")), beside("task", "delete", "x", "-y")]
            async with waiting(second, ("run", "Make add() add", "--agent", AGENT)) as next_one:
                async with waiting(third, ("run", "Never", "--agent", AGENT)) as given_up:
                    assert third.process is not None
                    third.process.send_signal(signal.SIGINT)
                    assert (await given_up).code == 130
                for told in [await one for one in refusals]:
                    assert told.code == 2, told.errors
                    assert "in use by process" in told.errors
                    assert "Nothing was begun" in told.errors
                listed, _, merged = [await one for one in looks]
                assert {one.result().code for one in looks} == {0}, merged.errors
                assert "running" in listed.errors
                await _a_running_and_a_merged_task_are_exported(replace(second))
                assert not running.done()
                assert not next_one.done()
                model.may_answer.set()
                assert (await running).code == 0
                assert (await next_one).code == 0, next_one.result().errors
        assert len(first.branches()) == 1
        assert len(second.branches()) == 2
        assert len(first.rows("honk_task")) == 3, "what was given up while it waited never was a task"


async def test_two_state_folders_on_one_repository_make_a_branch_each(tmp_path: Path, calc: Path) -> None:
    async with ScriptedModel({"judge": scripts.judge()}) as model:
        honks = [Honk(tmp_path / name, calc, model) for name in ("one", "two")]
        async with asyncio.TaskGroup() as group:
            runs = [group.create_task(honk.run("--agent", AGENT)) for honk in honks]
        branches = {one.result().result["branch"] for one in runs}
        assert [one.result().code for one in runs] == [0, 0]
        assert set(honks[0].branches()) == branches
        assert len(branches) == 2
        for honk, run in zip(honks, runs, strict=True):
            [mirror] = honk.home.glob("mirrors/*/work.git")
            refs = git(mirror, "for-each-ref", "--format=%(objectname)", "refs/honk/task").split()
            assert refs == [run.result().result["head_sha"]]
            assert honk.forge_branches() == [run.result().result["branch"]]


async def test_what_nobody_works_on_is_listed_as_interrupted(home: Path, calc: Path) -> None:
    async with HeldModel() as model:
        honk = Honk(home, calc, model)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(honk.run())
            await model.is_asked.wait()
            honk.kill("honk")
        assert running.result().code == -signal.SIGKILL
        listed = await honk("task", "list")
        assert "  interrupted     calc: Make add() add" in listed.errors
