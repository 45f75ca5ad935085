"""From the merge to production and back: row 21 of product.md, and what may go wrong on the way."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from desk import OLD, RIGHT, WRONG, Desk, git, make_repository, open_desk
from live import SECRET, Live, production

from honk.app import RunRequest
from honk.base.errors import UsageError
from honk.domain.board import Lane, Watcher
from honk.domain.deployment import DeploymentState, Undo, UndoState
from honk.domain.limits import Limits
from honk.domain.task import Person
from honk.insight.board_view import row_of
from honk.insight.task_view import task_view
from honk.store import TaskEvent
from honk.workflows.frost import freeze, melt
from honk.workflows.reconcile import differences, thaw
from honk.workflows.sights import Sights

pytestmark = [pytest.mark.slow, pytest.mark.anyio]
S = DeploymentState
ADA = Person(name="Ada", email="ada@example.org")


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with production(tmp_path / "live") as one:
        yield one


def agent(old: str, new: str) -> str:
    """An agent that changes one line, without a model."""
    return f"command:sh -c \"cat >/dev/null; sed -i 's/{old}/{new}/' calc.py\""


def bare(folder: Path, files: Mapping[str, str], name: str = "calc") -> Path:
    """A repository that nobody has checked out, so that its base follows each merge."""
    made = make_repository(folder / "made", files)
    git(made, "clone", "-q", "--bare", str(made), str(folder / name))
    git(folder / name, "config", "user.name", "Ada")
    git(folder / name, "config", "user.email", "ada@example.org")
    return folder / name


MEND, BREAK = agent(OLD, RIGHT), agent(OLD, WRONG)


async def merged(desk: Desk, repo: Path, words: str = MEND) -> int:
    """A change, made and merged; its pull request."""
    told = await desk.run(repo, "Change add()", agent=words)
    assert told.result.pull_request is not None, told.result
    await desk.app.merge(told.result.pull_request.number, sentence="I looked at it.")
    return told.result.pull_request.number


async def deployments(desk: Desk) -> list[Any]:
    rows = desk.app.delivery.deploying.production.deployments
    return sorted(await rows.recent(100), key=lambda one: one.place)


async def events(desk: Desk, kind: str) -> list[TaskEvent]:
    house = desk.app.delivery.house
    found = [one for task in await desk.app.tasks() for one in await house.events.read(task.task_id)]
    return [one for one in found if one.kind == kind]


async def shown(desk: Desk) -> list[tuple[str | None, Lane, str, str]]:
    """How each task stands for an approver: its trouble, its lane, its colour and the beginning of its sentence."""
    sights = Sights(desk.app.delivery.house)
    watcher = Watcher(person_id="ada", has_unsigned=True, approves=None)
    found = []
    for one in await sights.listed(watcher, {task.task_id for task in await desk.app.tasks()}):
        view = task_view(await sights.sheet(one.task.task_id), may_steer=True)
        assert row_of(one).badge == view.badge
        found.append((one.task.trouble, one.lane, str(view.badge.tone), view.now[:45]))
    return found


async def undo(desk: Desk, number: int) -> Undo:
    outlook = await desk.app.undoing.outlook(number)
    asked = await desk.app.undoing.ask(number, outlook.merged_sha, ADA, None)
    await desk.app.delivery.deploying.finish_here()
    return await desk.app.undoing.production.deployments.undo(asked.undo_id)


async def test_row_21_a_merge_is_deployed_and_the_newest_one_is_undone(live: Live, tmp_path: Path) -> None:
    home, repo = tmp_path / "honk", bare(tmp_path, live.calc())
    live.keep_secret(home)
    async with open_desk(home, {}, deploy=live.settings()) as desk:
        await merged(desk, repo)
        [one] = await deployments(desk)
        assert (one.state, one.exit_code) == (S.DEPLOYED, 0), one
        assert live.deployed == [one.merged_sha] == [git(repo, "rev-parse", "main")]
        assert "it answers 200, 3 times in a row" in one.reason
        log = await desk.app.diff(one.log_blob)
        assert log == b"up with [censored]\n"
        assert SECRET not in str(await events(desk, "deployment"))
        assert [event.body["state"] for event in await events(desk, "deployment")] == [
            "waiting", "running", "checking", "deployed",
        ]  # fmt: skip

        number = await merged(desk, repo, agent(RIGHT, WRONG))
        bad = (await deployments(desk))[1]
        assert (bad.state, "it answers 500" in bad.reason) == (S.FAILED, True)
        outlook = await desk.app.undoing.outlook(number)
        assert f"goes back to pull request 1 (commit {one.merged_sha[:12]})" in outlook.words

        done = await undo(desk, number)
        assert done.state is UndoState.DONE, done
        assert live.rolled_back == [one.merged_sha]
        assert RIGHT in (live.folder / "calc.py").read_text()
        assert (await deployments(desk))[1].state is S.ROLLED_BACK
        assert "Production is back at" in done.rollback
        assert done.revert_task_id is not None
        reverse = (await desk.follow(done.revert_task_id)).result
        assert (reverse.outcome, reverse.pull_request and reverse.pull_request.title) == (
            "opened",
            'Undo pull request 2: "Change add()"',
        )
        assert f"+    {RIGHT}" in (await desk.app.diff(str(reverse.diff_blob))).decode()

        assert reverse.pull_request is not None
        await desk.app.merge(reverse.pull_request.number, sentence="I looked at it.")
        assert [one.state for one in await deployments(desk)] == [S.DEPLOYED, S.ROLLED_BACK, S.DEPLOYED]
        assert RIGHT in git(repo, "show", "main:calc.py")


async def test_what_fails_or_hangs_is_told_with_its_log_and_holds_nobody_up(live: Live, tmp_path: Path) -> None:
    home, repo = tmp_path / "honk", bare(tmp_path, live.calc(timeout_seconds=1))
    live.keep_secret(home)
    async with open_desk(home, {}, deploy=live.settings()) as desk:
        (live.folder / "fail").touch()
        number = await merged(desk, repo)
        [failed] = await deployments(desk)
        assert (failed.state, failed.exit_code) == (S.FAILED, 7)
        assert "exit code 7. After that it answers 200" in failed.reason
        assert await shown(desk) == [("failed", Lane.MINE, "bad", "Its deployment failed: The command ended with")]
        await desk.app.merge(number)
        assert len(live.deployed) == 1, "merged twice, it is deployed once"
        (live.folder / "fail").unlink()
        await desk.app.undoing.again_here(number, failed.merged_sha)
        await desk.app.delivery.deploying.finish_here()
        with pytest.raises(UsageError, match="nothing to do again"):
            await desk.app.undoing.again_here(number, failed.merged_sha)
        [_, mended] = await deployments(desk)
        assert (mended.state, mended.merged_sha) == (S.DEPLOYED, failed.merged_sha)
        assert live.deployed == [failed.merged_sha] * 2, "once for the merge, once by a person's word"
        assert await shown(desk) == [(None, Lane.ENDED, "good", "Pull request 1 is merged. Deployed.")]
        (live.folder / "hang").touch()
        await merged(desk, repo, agent(RIGHT, "return b + a"))
        hung = (await deployments(desk))[2]
        assert (hung.state, "at its limit of 1 s" in hung.reason) == (S.FAILED, True), hung.reason
        assert 1 <= hung.seconds < 20
        (live.folder / "hang").unlink()
        await merged(desk, repo, agent("return b + a", RIGHT))
        assert [one.state for one in await deployments(desk)] == [S.FAILED, S.DEPLOYED, S.FAILED, S.DEPLOYED]
        assert live.deployed == [one.merged_sha for one in await deployments(desk)]


@pytest.mark.acceptance
async def test_an_undo_during_a_deployment_waits_and_asked_by_two_it_is_done_once(live: Live, tmp_path: Path) -> None:
    home, repo = tmp_path / "honk", bare(tmp_path, live.calc(timeout_seconds=2))
    live.keep_secret(home)
    async with open_desk(home, {}, deploy=live.settings()) as desk:
        await merged(desk, repo)
        (live.folder / "hang").touch()
        merging = asyncio.create_task(merged(desk, repo, agent(RIGHT, WRONG)))
        async with asyncio.timeout(60):
            while len(live.deployed) < 2:
                await asyncio.sleep(0.02)
        outlook = await desk.app.undoing.outlook(2)
        assert outlook.is_busy
        assert "begins when that has ended" in outlook.words
        both = [
            await desk.app.undoing.ask(2, outlook.merged_sha, who, None)
            for who in (ADA, Person(name="Bo", email="bo@example.org"), ADA)
        ]
        assert {one.undo_id for one in both} == {both[0].undo_id}
        assert both[2].who == ADA, "the first to ask"
        assert live.rolled_back == []
        await merging
        await desk.app.delivery.deploying.finish_here()
        [first, second] = await deployments(desk)
        assert second.state is S.ROLLED_BACK
        assert live.rolled_back == [first.merged_sha]
        done = await desk.app.undoing.production.deployments.undo(both[0].undo_id)
        assert done.state is UndoState.DONE
        assert len([one for one in await desk.app.tasks() if one.prompt.startswith("Undo")]) == 1


@pytest.mark.acceptance
async def test_an_older_one_is_reverted_alone_and_what_conflicts_waits_for_a_person(live: Live, tmp_path: Path) -> None:
    home, repo = tmp_path / "honk", bare(tmp_path, live.calc())
    live.keep_secret(home)
    async with open_desk(home, {}, deploy=live.settings()) as desk:
        await merged(desk, repo)
        await merged(desk, repo, agent(RIGHT, "return b + a"))
        outlook = await desk.app.undoing.outlook(1)
        assert (outlook.way.to, outlook.way.lost) == (None, (2,))
        done = await undo(desk, 1)
        assert live.rolled_back == []
        assert done.state is UndoState.NEEDS_HUMAN
        assert "touches the same lines (calc.py)" in done.reason
        assert [one.state for one in await deployments(desk)] == [S.DEPLOYED, S.DEPLOYED]


@pytest.mark.acceptance
async def test_without_a_rollback_only_the_reverse_change_is_made(live: Live, tmp_path: Path) -> None:
    home, repo = tmp_path / "honk", bare(tmp_path, live.calc(rollback=False))
    live.keep_secret(home)
    async with open_desk(home, {}, deploy=live.settings()) as desk:
        await merged(desk, repo)
        await merged(desk, repo, agent(RIGHT, WRONG))
        assert "declares no rollback" in (await desk.app.undoing.outlook(2)).words
        done = await undo(desk, 2)
        assert (done.state, "declares no rollback" in done.rollback) == (UndoState.DONE, True)
        with pytest.raises(UsageError, match="not as ffffffffffff"):
            await desk.app.undoing.ask(2, "f" * 40, ADA, None)


@pytest.mark.acceptance
async def test_a_repository_has_no_more_than_it_was_granted(live: Live, tmp_path: Path) -> None:
    home, repo = tmp_path / "honk", bare(tmp_path, live.calc())
    live.keep_secret(home)
    grants: list[tuple[dict[str, object], str]] = [
        ({}, "grants the repository none"),
        (live.settings(secrets={}), "asks for the secret TOKEN"),
        (live.settings(health=[]), f"asks for health at {live.origin}"),
        (live.settings(location="/elsewhere"), "grants the repository none"),
    ]
    lines = [OLD, RIGHT, "return b + a", "return +a + b", "return +b + a"]
    for (grant, words), old, new in zip(grants, lines, lines[1:], strict=False):
        async with open_desk(home, {}, deploy=grant) as desk:
            await merged(desk, repo, agent(old.replace("+", "[+]"), new))
            [*_, told] = sorted(await events(desk, "deployment"), key=lambda one: one.at)
            assert told.body["state"] == "not_visible"
            assert str(told.body["words"]).startswith("Merged; deployment not visible to Honk")
            assert words in str(told.body["words"])
            assert await deployments(desk) == []
    assert live.deployed == []


@pytest.mark.acceptance
async def test_what_is_merged_into_another_branch_does_not_reach_production(live: Live, tmp_path: Path) -> None:
    """Whoever asks chooses the base: a branch of their own has a deploy script that no owner has seen."""
    home, repo = tmp_path / "honk", bare(tmp_path, live.calc())
    live.keep_secret(home)
    git(repo, "branch", "side", "main")
    async with open_desk(home, {}, deploy=live.settings()) as desk:
        wanted = RunRequest(prompt="Change add()", repo=repo, base="side", agent=MEND, model="sonnet",
                            limits=Limits(wall_seconds=60, idle_seconds=30))  # fmt: skip
        told = await desk.follow((await desk.app.submit(wanted)).task_id)
        assert told.result.pull_request is not None, told.result
        await desk.app.merge(told.result.pull_request.number)
        [event] = await events(desk, "deployment")
        assert event.body["state"] == "not_visible"
        assert "merged into side" in str(event.body["words"])
        assert (await deployments(desk), live.deployed) == ([], [])
        await merged(desk, repo)
        [done] = await deployments(desk)
        assert live.deployed == [done.merged_sha]


@pytest.mark.acceptance
async def test_what_cannot_be_begun_says_so_and_touched_nothing(live: Live, tmp_path: Path) -> None:
    home, repo = tmp_path / "honk", bare(tmp_path, live.calc())
    live.keep_secret(home)
    faults = [
        (live.settings(), "may be read by others"),
        (live.settings(folders=["/usr/local/games"]), "is the sandbox's own"),
        (live.settings(folders=["/no/such/folder"]), "is not there"),
    ]
    lines = [OLD, RIGHT, "return b + a", "return sum([a, b])"]
    for (grant, words), old, new in zip(faults, lines, lines[1:], strict=False):
        (home / "token").chmod(0o644 if "others" in words else 0o600)
        async with open_desk(home, {}, deploy=grant) as desk:
            number = await merged(desk, repo, agent(old, new))
            one = (await deployments(desk))[-1]
            assert (one.state, one.begun_at) == (S.FAILED, None), one
            assert one.reason.startswith("It was not begun. ")
            assert words in one.reason
            assert "never reached production" in (await desk.app.undoing.outlook(number)).words
    assert live.deployed == []


@pytest.mark.acceptance
async def test_while_honk_is_frozen_nothing_is_deployed_and_afterwards_it_is(live: Live, tmp_path: Path) -> None:
    home, repo = tmp_path / "honk", bare(tmp_path, live.calc(timeout_seconds=2))
    live.keep_secret(home)
    async with open_desk(home, {}, deploy=live.settings()) as desk:
        (live.folder / "hang").touch()
        merging = asyncio.create_task(merged(desk, repo))
        async with asyncio.timeout(60):
            while not live.deployed:
                await asyncio.sleep(0.02)
        freeze(home, "a look", "Ada")
        await merging
        [one] = await deployments(desk)
        assert "it answers 200" in one.reason, "what runs is let to its end, and health is asked"
        (live.folder / "hang").unlink()
        with pytest.raises(UsageError, match="frozen"):
            await desk.app.undoing.ask(1, one.merged_sha, ADA, None)
        rows = desk.app.delivery.deploying.production.deployments
        waiting = replace(one, deployment_id="d2", merged_sha=one.merged_sha, state=S.WAITING, begun_at=None)
        async with desk.app.delivery.house.tasks._database.write() as connection:  # type: ignore[attr-defined]
            await connection.run_sync(rows.joining(waiting, (), lambda _: None))
        await desk.app.delivery.deploying.finish_here()
        assert (await rows.deployment("d2")).state is S.WAITING
        with pytest.raises(UsageError, match="being deployed or undone"):
            await desk.app.delete_task(one.task_id, close=False)
        melt(home)
        await desk.app.delivery.deploying.finish_here()
        assert (await rows.deployment("d2")).state is S.DEPLOYED
        await desk.app.delete_task(one.task_id, close=False)
        assert (await rows.deployment("d2")).state is S.DEPLOYED, "what stands in production is still known"


@pytest.mark.acceptance
async def test_after_a_restore_what_was_under_way_is_not_run_again(live: Live, tmp_path: Path) -> None:
    home, repo = tmp_path / "honk", bare(tmp_path, live.calc())
    live.keep_secret(home)
    async with open_desk(home, {}, deploy=live.settings()) as desk:
        await merged(desk, repo)
        [one] = await deployments(desk)
        rows, house = desk.app.delivery.deploying.production.deployments, desk.app.delivery.house
        assert await rows.turn(one, replace(one, state=S.WAITING, begun_at=None, ended_at=None))
        freeze(home, "restored from a backup")
        assert [line for line in await differences(house) if "It is not run again" in line]
        await thaw(house, desk.app.delivery.deploying.production.engine)
        await desk.app.delivery.deploying.finish_here()
        [after] = await deployments(desk)
        assert (after.state, "restored" in after.reason) == (S.INTERRUPTED, True)
        assert len(live.deployed) == 1


@pytest.mark.acceptance
async def test_a_name_that_two_repositories_have_grants_neither(live: Live, tmp_path: Path) -> None:
    home = tmp_path / "honk"
    one, other = bare(tmp_path / "a", live.calc()), bare(tmp_path / "b", live.calc())
    live.keep_secret(home)
    async with open_desk(home, {}, deploy=live.settings()) as desk:
        for repo in (one, other):
            await desk.app.offer_repository(repo)
        await merged(desk, one)
        [told] = await events(desk, "deployment")
        assert "grants the repository none" in str(told.body["words"])
    async with open_desk(home, {}, deploy=live.settings(location=str(other))) as desk:
        await merged(desk, other)
        assert [row.state for row in await deployments(desk)] == [S.DEPLOYED]
