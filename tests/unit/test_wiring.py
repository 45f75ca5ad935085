"""What the wiring takes and refuses before anything begins."""

from pathlib import Path

import pytest

from honk.agent import AgentMissing
from honk.base.censor import Censor
from honk.base.errors import UsageError
from honk.bootstrap import agent_of, machine_of
from honk.config import AcpSettings, Settings, read_settings


@pytest.mark.parametrize(
    "words",
    ["", "claud", "command", "command:", "command: ", "command:sh 'never closed", "claude", "acp", "acp: ", "acp:x"],
)
def test_an_agent_that_cannot_begin_is_refused_before_anything_is_begun(words: str) -> None:
    with pytest.raises(UsageError, match="Nothing was begun"):
        agent_of(words, censor=Censor(), has_model=False)


def test_a_command_needs_no_model() -> None:
    assert (
        agent_of("command:my-agent 'one word'", censor=Censor(), has_model=False).name == "command:my-agent 'one word'"
    )


def test_a_program_of_the_protocol_is_chosen_by_one_word() -> None:
    assert agent_of("acp: opencode", censor=Censor(), has_model=True).name == "acp:opencode"
    with pytest.raises(UsageError, match=r"never closed.*Nothing was begun"):
        agent_of("acp:x 'never closed", censor=Censor(), has_model=True)


@pytest.mark.anyio
async def test_the_doctor_looks_for_the_agent_of_the_settings(tmp_path: Path) -> None:
    told = await machine_of(Settings(home=tmp_path, agent="acp:sh --acp")).agent_version()
    assert "/bin/sh over agent-client-protocol" in told
    with pytest.raises(AgentMissing, match="no-such-program is not installed"):
        await machine_of(Settings(home=tmp_path, agent="acp:no-such-program")).agent_version()
    assert "my-agent" in await machine_of(Settings(home=tmp_path, agent="command:my-agent")).agent_version()


def test_a_folder_that_is_none_is_a_wrong_setting(tmp_path: Path) -> None:
    assert AcpSettings(folders=(tmp_path,)).folders == (tmp_path,)
    with pytest.raises(UsageError, match=r"acp\.folders.*no folder by its whole path"):
        read_settings(home=tmp_path, acp={"folders": ["relative"]})
