"""An agent that asks where nobody is there to answer: the run ends with the question, and a later answer goes on."""

from pathlib import Path

import pytest
from desk import OLD, RIGHT, open_desk
from talking import ASK

from honk.domain.task import OutcomeName
from honk.testing import scripts
from honk.testing.replies import say, use

pytestmark = [pytest.mark.slow, pytest.mark.claude, pytest.mark.anyio, pytest.mark.acceptance]


async def test_a_command_alone_ends_with_the_question(home: Path, calc: Path) -> None:
    asks = [
        *scripts.edit("/workspace/calc.py", OLD, RIGHT),
        use(ASK, text="Round the sum?", choices=["yes", "no"], recommended="no"),
        say("I have asked."),
    ]
    async with open_desk(home, {"default": asks}) as desk:
        told = await desk.run(calc)
    assert told.result.outcome is OutcomeName.NEEDS_HUMAN
    assert "Round the sum?\n- yes\n- no (recommended)" in told.result.reason
    assert f"honk task say {told.result.task_id}" in told.result.reason
