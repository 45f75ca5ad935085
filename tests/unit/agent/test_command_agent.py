"""How a program gets its prompt."""

import pytest

from honk.agent import AgentError
from honk.agent.command import invocation


def test_the_prompt_goes_to_standard_input_by_default() -> None:
    call = invocation("tool --yes 'a b'", "do it")
    assert call.argv == ("tool", "--yes", "a b")
    assert call.stdin == b"do it"
    assert not call.has_file


def test_the_prompt_is_one_argument_whatever_it_holds() -> None:
    call = invocation("tool --message={prompt}", "it's $(rm -rf /) `x`\n{prompt_file}")
    assert call.argv == ("tool", "--message=it's $(rm -rf /) `x`\n{prompt_file}")
    assert call.stdin == b""


def test_the_prompt_may_be_a_file() -> None:
    call = invocation("tool {prompt_file}", "x")
    assert call.has_file
    assert call.argv[1].startswith("/tmp/")
    assert call.stdin == b""


@pytest.mark.parametrize("line", ["", "  ", "tool 'open"])
def test_a_line_that_cannot_be_read_is_said_so(line: str) -> None:
    with pytest.raises(AgentError, match="command line"):
        invocation(line, "x")


def test_a_prompt_too_long_for_an_argument_is_said_so() -> None:
    with pytest.raises(AgentError, match=r"\{prompt_file\}"):
        invocation("tool {prompt}", "x" * 200_000)
    assert invocation("tool {prompt_file}", "x" * 200_000).has_file
