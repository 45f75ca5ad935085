"""Long logs become few lines."""

from hypothesis import given
from hypothesis import strategies as st

from honk.verifier.distill import MAX_BYTES, distill, headed
from honk.verifier.room import count_tests


def test_a_log_of_twenty_thousand_lines_becomes_four_kilobytes_that_name_test_and_line() -> None:
    noise = [f"tests/test_{n}.py::test_ok PASSED" for n in range(20_000)]
    noise[7_000:7_000] = ["tests/test_pay.py:41: in test_refund", "E   AssertionError: 3 != 4"]
    heads = ["FAILED tests/test_pay.py::test_refund at tests/test_pay.py:41: AssertionError: 3 != 4"]
    text = headed(heads, distill("\n".join(noise), max_bytes=2048))
    assert len(text.encode()) <= MAX_BYTES
    assert text.startswith(heads[0])
    assert "E   AssertionError: 3 != 4" in text


@given(st.lists(st.text(max_size=300), max_size=200), st.text(max_size=20_000))
def test_no_summary_is_ever_longer_than_it_may_be(heads: list[str], log: str) -> None:
    assert len(distill(log).encode()) <= MAX_BYTES
    assert len(headed(heads, distill(log, max_bytes=2048)).encode()) <= MAX_BYTES


def test_terminal_escapes_are_left_out() -> None:
    assert distill("\x1b[31mred\x1b[0m\x07") == "red"


def test_a_short_log_is_kept_as_it_is() -> None:
    assert distill("one\ntwo") == "one\ntwo"


def test_tests_are_counted_in_the_summaries_of_the_usual_runners() -> None:
    assert count_tests("=== 12 passed, 1 skipped in 0.1s ===") == 12
    assert count_tests("Ran 3 tests in 0.1s\n\nOK") == 3
    assert count_tests("ok 1 - a\nok 2 - b\n") == 2
    assert count_tests("ok  \tgithub.com/x/y\t0.012s") == 1
    assert count_tests("Tests run: 7, Failures: 0") == 7
    assert count_tests("all is well") == 0
