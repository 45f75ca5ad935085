"""`honk verify`: the gate alone."""

from pathlib import Path

import pytest
from desk import CALC, open_desk

from honk.base.errors import UsageError
from honk.domain.evidence import Verification

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
