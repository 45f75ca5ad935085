"""The machine's clock is set by hours in the middle of a run: no limit, lock or order rests on it."""

import signal
import sys
from pathlib import Path

import pytest
from crash import WRITTEN, Honk, assert_done_once, assert_one_conversation, killing

from honk.testing import scripts
from honk.testing.scripted_model import ScriptedModel

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.claude]

JUMPING = Path(__file__).with_name("jumping.py")
HOURS = 3600


@pytest.mark.acceptance
@pytest.mark.parametrize("seconds", [10 * HOURS, -10 * HOURS], ids=["forward", "backward"])
async def test_a_run_over_which_the_clock_jumps_and_that_is_killed_goes_on_within_its_limits(
    tmp_path: Path, calc: Path, seconds: int
) -> None:
    here: list[Honk] = []
    flag = tmp_path / "jumped"

    def strike() -> None:
        if flag.exists():
            here[0].kill("honk")
        flag.touch()

    async with ScriptedModel({"default": killing(strike, [2, 4]), "judge": scripts.judge()}) as model:
        here.append(honk := Honk(tmp_path / "home", calc, model, {"HONK_LIMITS__WALL_MINUTES": "5"}))
        program = (sys.executable, str(JUMPING), str(flag), str(seconds))
        assert (await honk.run(program=program)).code == -signal.SIGKILL
        ended = await honk.resume(program=program)
        assert_done_once(honk, ended, WRITTEN)
        assert_one_conversation(honk)
        stages = {name: spent for name, spent in ended.result["seconds"].items() if name != "total"}
        assert all(0 <= spent < 300 for spent in stages.values()), stages
        assert [line["sequence"] for line in ended.lines[:-1]] == sorted(line["sequence"] for line in ended.lines[:-1])
        assert (await honk("gc", program=program)).code == 0
        assert (await honk("pr", "merge", "1", program=program)).code == 0
