"""`honk run --sandbox none`: it works, it is shouted, and nothing that it says is proof."""

from pathlib import Path

import pytest
from desk import CALC, OLD, RIGHT, git, open_desk

from honk.app import RunRequest
from honk.base.errors import UsageError
from honk.bootstrap import open_app
from honk.cli.facts import Tone, facts
from honk.cli.summary import summary
from honk.config import Settings
from honk.domain.evidence import Verification
from honk.domain.limits import Limits
from honk.domain.task import OutcomeName
from honk.testing.replies import say, use

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

BY_COMMAND = f"command:sh -c \"cat >/dev/null; sed -i 's/{OLD}/{RIGHT}/' calc.py; cat $HONK_WORKSPACE/calc.py\""


async def test_a_change_is_proposed_as_an_unverified_draft_and_the_lack_is_shouted(home: Path, calc: Path) -> None:
    async with open_desk(home, {}, sandbox="none") as desk:
        told = await desk.run(calc, agent=BY_COMMAND)
        result = told.result
        assert (result.outcome, result.verification) == (OutcomeName.OPENED, Verification.UNVERIFIED), result.reason
        [tests] = [report for report in result.reports if report.verifier == "unittest"]
        assert tests.result is Verification.PASSED, "the checks did run, and are still no proof"
        assert git(calc, "show", f"{result.branch}:calc.py").startswith(CALC["calc.py"].replace(OLD, RIGHT)[:40])
        shouted = [line for event in told.events for line in facts(event) if line.tone is Tone.LOUD]
        assert len(shouted) == 1
        assert [line for line in summary(result) if line.tone is Tone.LOUD] == shouted
        assert result.pull_request is not None
        assert result.pull_request.is_draft
        assert "**Not verified:**" in result.pull_request.body
        assert "NO SANDBOX" in result.pull_request.body
        with pytest.raises(UsageError, match="NO SANDBOX"):
            await desk.app.merge(result.pull_request.number)
        looked = await desk.app.verify(calc, worktree=False, plan_only=False)
        assert looked.verification is Verification.UNVERIFIED


async def test_red_stays_red(home: Path, calc: Path) -> None:
    broken = "command:sh -c \"cat >/dev/null; sed -i 's/a [*] 2/a * 3/' calc.py\""
    async with open_desk(home, {}, sandbox="none") as desk:
        result = (await desk.run(calc, agent=broken, attempts=1)).result
        assert (result.outcome, result.verification) == (OutcomeName.FAILED, Verification.FAILED)
        assert "test_double" in result.reason


@pytest.mark.claude
async def test_claude_code_works_there_as_well(home: Path, calc: Path) -> None:
    script = [
        use("Bash", command=f"sed -i 's/{OLD}/{RIGHT}/' calc.py", description="mend"),
        use("mcp__honk__verify"),
        say("Done."),
    ]
    async with open_desk(home, {"default": script}, sandbox="none") as desk:
        told = await desk.run(calc)
        assert told.result.outcome is OutcomeName.OPENED, told.result.reason
        assert "The repository is in /workspace" not in str(desk.model.generations[0]), "it is told where it stands"


async def test_a_task_goes_on_in_its_own_kind_of_sandbox_only(home: Path, calc: Path) -> None:
    async with open_desk(home, {}, sandbox="none") as desk:
        request = RunRequest(prompt="x", repo=calc, agent="command:sleep 60", model="sonnet", limits=Limits())
        task = await desk.app.submit(request)
    async with open_desk(home, {}) as desk:
        with pytest.raises(UsageError, match="HONK_SANDBOX=none"):
            await desk.app.resume(task.task_id)
        await desk.app.stop(task.task_id)


@pytest.mark.parametrize("place", ["environment", "file", "headers"])
async def test_no_key_may_be_where_such_an_agent_could_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    home = tmp_path / "home"
    (home / "secrets").mkdir(parents=True, mode=0o700)
    settings: dict[str, object] = {"sandbox": "none"}
    if place == "environment":
        monkeypatch.setenv("ANTHROPIC_API_KEY", "real")
    elif place == "file":
        (home / "secrets" / "anthropic").touch(mode=0o600)
        (home / "secrets" / "anthropic").write_text("real")
    else:
        settings["model"] = {"headers": {"x-api-key": "real"}}
    with pytest.raises(UsageError, match="could read the model key"):
        async with open_app(Settings(home=home, **settings)):  # type: ignore[arg-type]
            pass
    near = Settings(home=home, **(settings | {"model": {"base_url": "http://127.0.0.1:9", "headers": {"x": "y"}}}))  # type: ignore[arg-type]
    async with open_app(near):
        pass
