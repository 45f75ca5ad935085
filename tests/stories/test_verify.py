"""`honk verify`: the gate alone."""

from pathlib import Path

import pytest
from desk import CALC, make_repository, open_desk

from honk.base.errors import UsageError
from honk.domain.evidence import Verification
from honk.testing import scripts

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_a_commit_and_a_work_tree_are_verified_as_they_stand(home: Path, calc: Path) -> None:
    async with open_desk(home, {}) as desk:
        plan = await desk.app.verify(calc, worktree=False, plan_only=True)
        assert [command.name for command in plan.plan.commands] == ["unittest"]
        assert plan.examination is None
        assert (await desk.app.verify(calc, worktree=False, plan_only=False)).verification is Verification.PASSED
        with pytest.raises(UsageError, match="no change"):
            await desk.app.verify(calc, worktree=True, plan_only=False)
        (calc / "calc.py").write_text(CALC["calc.py"].replace("a * 2", "a * 3"))
        red = await desk.app.verify(calc, worktree=True, plan_only=False)
        assert red.verification is Verification.FAILED
        assert red.examination is not None
        assert "test_double" in red.examination.reports[0].summary
        assert (await desk.app.verify(calc, worktree=False, plan_only=False)).verification is Verification.PASSED


async def test_a_work_tree_that_weakens_its_tests_is_red_however_green_they_are(home: Path, calc: Path) -> None:
    async with open_desk(home, {}) as desk:
        (calc / "test_calc.py").write_text(CALC["test_calc.py"].replace("self.assertEqual(calc.double(2), 4)", "pass"))
        red = await desk.app.verify(calc, worktree=True, plan_only=False)
        assert red.verification is Verification.FAILED
        assert red.examination is not None
        assert any(finding.rule == "emptied test" for finding in red.examination.findings), red.examination.findings


async def test_row_9_a_log_of_20_000_lines_becomes_4_kb_that_name_test_and_line(home: Path, tmp_path: Path) -> None:
    noisy = CALC["test_calc.py"].replace(
        "        self.assertEqual(calc.double(2), 4)\n",
        "        for number in range(20_000):\n            print('noise', number)\n"
        "        self.assertEqual(calc.double(2), 5)\n",
    )
    repo = make_repository(tmp_path / "noisy", {**CALC, "test_calc.py": noisy})
    async with open_desk(home, {}) as desk:
        red = await desk.app.verify(repo, worktree=False, plan_only=False)
        assert red.examination is not None
        [report] = red.examination.reports
        assert red.verification is Verification.FAILED
        assert len(report.summary.encode()) <= 4096
        assert "test_double" in report.summary
        assert "test_calc.py:10" in report.summary
        assert report.log_blob is not None
        assert (await desk.app.diff(report.log_blob)).count(b"noise") >= 20_000, "the whole log is kept"


async def test_row_9_one_line_when_green(home: Path, calc: Path) -> None:
    async with open_desk(home, {}) as desk:
        green = await desk.app.verify(calc, worktree=False, plan_only=False)
        assert green.examination is not None
        assert [len(report.summary.splitlines()) for report in green.examination.reports] == [1]


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        ({"test_a.py": "import unittest\n"}, [("unittest", "test_a.py")]),
        ({"test_a.py": "def test_it():\n    pass\n"}, [("pytest", "test_a.py")]),
        ({"tox.ini": "[pytest]\n", "tests/test_a.py": ""}, [("pytest", "tox.ini [pytest]")]),
        ({"Makefile": "test:\n\ttrue\n"}, [("make test", "Makefile")]),
        ({"Makefile": "check:\n\ttrue\n"}, [("make check", "Makefile")]),
        (
            {
                "noxfile.py": "@nox.session\ndef tests(session):\n    session.run('pytest', 'checks')\n",
                "checks/a.py": "",
            },
            [("pytest", "noxfile.py [tests]")],
        ),
        (
            {".pre-commit-config.yaml": "repos: [{repo: local, hooks: [{id: a, entry: true, language: system}]}]\n"},
            [("pre-commit", ".pre-commit-config.yaml")],
        ),
        ({"README.md": "# nothing\n"}, []),
    ],
)
async def test_row_8_what_the_repository_holds_switches_verifiers_on(
    home: Path, tmp_path: Path, files: dict[str, str], chosen: list[tuple[str, str]]
) -> None:
    repo = make_repository(tmp_path / "repo", files)
    async with open_desk(home, {}) as desk:
        plan = (await desk.app.verify(repo, worktree=False, plan_only=True)).plan
        assert [(command.name, command.chosen_by) for command in plan.commands] == chosen


@pytest.mark.claude
async def test_row_8_the_agent_sees_one_tool_named_verify(home: Path, calc: Path) -> None:
    async with open_desk(home, {"default": scripts.nothing()}) as desk:
        await desk.run(calc)
        tools = [tool["name"] for tool in desk.model.generations[0]["tools"]]
        assert [name for name in tools if "verify" in name or "test" in name] == [scripts.VERIFY]
