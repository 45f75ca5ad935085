"""What the wiring takes and refuses before anything begins."""

import pytest

from honk.base.censor import Censor
from honk.base.errors import UsageError
from honk.bootstrap import agent_of


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
