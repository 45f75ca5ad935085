"""Text of an agent, made fit for people."""

from honk.agent.words import one_line, plain
from honk.base.censor import Censor

CENSOR = Censor(("a-very-secret-token",))


def test_terminal_control_is_taken_out() -> None:
    assert plain("\x1b[31mred\x1b[0m \x1b]0;title\x07done\r\n\x1b[2J", CENSOR) == "red done"


def test_direction_and_invisible_characters_are_taken_out() -> None:
    assert plain("a\u202eb\u200bc\ufeff", CENSOR) == "abc"


def test_secrets_are_struck_even_when_control_sequences_split_them() -> None:
    assert "secret" not in plain("a-very-\x1b[0msecret-token", CENSOR)
    assert "sk-ant" not in plain(f"key sk-ant-{'a' * 16}", CENSOR)


def test_floods_are_cut_in_the_middle() -> None:
    text = plain("a" * 5000 + "b" * 5000, CENSOR, 100)
    assert text.startswith("a" * 50)
    assert text.endswith("b" * 50)
    assert "9900 characters left out" in text


def test_one_line_is_one_line() -> None:
    assert one_line("git \n  status\n", CENSOR) == "git status"
    assert len(one_line("x" * 1000, CENSOR)) == 200
