"""Talking to a task: before the agent begins, while it works, while it is looked at, and when it asks."""

from pathlib import Path

import pytest
from desk import OLD, RIGHT, git
from talking import ADA, ASK, BOB, GUEST, circle

from honk.domain.conversation import ParkKind
from honk.domain.task import OutcomeName, Status
from honk.team import Refused
from honk.testing import scripts
from honk.testing.replies import say, use

pytestmark = [pytest.mark.slow, pytest.mark.claude, pytest.mark.anyio]
CALC_PY = "/workspace/calc.py"
QUESTION = use(ASK, text="Round the sum?", choices=["yes", "no"], recommended="no")
FIX = scripts.straight(CALC_PY, old=OLD, new=RIGHT)
DOCUMENT = use("Write", file_path="/workspace/NOTES.md", content="add() adds\n")


async def test_a_question_is_answered_by_a_tap_and_the_same_session_goes_on(home: Path, calc: Path) -> None:
    known = [*scripts.edit(CALC_PY, OLD, RIGHT), QUESTION, say("I have asked."), say("As you say.")]
    async with circle(home, {"default": known}, calc) as team:
        task = await team.ask()
        parked = await team.parked(task)
        assert parked.kind is ParkKind.QUESTION
        assert parked.question is not None
        assert parked.until is not None
        assert (parked.question.text, parked.question.recommended) == ("Round the sum?", "no")
        assert await team.status(task) is Status.WAITING
        answered = await team.team.answer(BOB, task.task_id, parked.question.question_id, "no", "tap-1")
        late = await team.team.answer(ADA, task.task_id, parked.question.question_id, "yes", "tap-2")
        again = await team.team.answer(BOB, task.task_id, parked.question.question_id, "no", "tap-1")
        assert (answered.is_first, late.is_first, again.is_first) == (True, False, True)
        assert late.words == "Bob answered first: no"
        with pytest.raises(Refused):
            await team.team.answer(GUEST, task.task_id, parked.question.question_id, "no", "tap-3")
        result = await team.ended(task)
        last = team.prompts()[-1]
    assert result.outcome is OutcomeName.OPENED
    assert result.attempts == 1
    assert "Bob answers 'Round the sum?': no" in last
    assert "I have asked." in last, "the same session"
    assert git(calc, "show", f"{result.branch}:calc.py").count(RIGHT) == 1
