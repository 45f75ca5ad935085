"""Base against change, test by test."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.domain.change import ChangedFile, Edit
from honk.verifier.compare import compare, unusable
from honk.verifier.guard import Changed
from honk.verifier.reports import counts
from honk.verifier.results import Run, TestOutcome, TestResult, dump, load, read_channel

OUTCOMES = st.sampled_from(list(TestOutcome))


def run(exit_code: int | None = None, /, **outcomes: str) -> Run:
    tests = tuple(TestResult(test_id=f"test_t.py::{name}", outcome=TestOutcome(end)) for name, end in outcomes.items())
    code = exit_code if exit_code is not None else int("failed" in outcomes.values())
    return Run(exit_code=code, seconds=1.0, tests=tests, has_ended=True, canaries=("failed", "passed"))


def edited(before: str, after: str | None, path: str = "test_t.py", old: str | None = None) -> Changed:
    edit = Edit.RENAMED if old else Edit.MODIFIED if after is not None else Edit.DELETED
    file = ChangedFile(path=path, edit=edit, old_path=old)
    return Changed(file=file, before=before.encode(), after=None if after is None else after.encode())


def test_the_same_results_are_green() -> None:
    assert compare(run(a="passed", b="failed"), run(a="passed", b="failed"), ()).is_green


def test_a_new_failure_is_red_and_an_old_one_is_told() -> None:
    compared = compare(run(a="passed", b="failed"), run(a="failed", b="failed"), ())
    assert [test.test_id for test in compared.held] == ["test_t.py::a"]
    assert compared.failed_on_base == ("test_t.py::b",)


def test_parameters_that_change_places_at_every_run_are_not_skipped_tests() -> None:
    base, now = run(**{"t[0]": "passed", "t[1]": "xfailed"}), run(**{"t[0]": "xfailed", "t[1]": "passed"})
    assert compare(base, now, ()).skipped_now == ()
    assert compare(base, now, (edited("x = 1", "x = 2"),)).skipped_now == ("test_t.py::t[0]",)
    assert compare(base, run(**{"t[0]": "xfailed", "t[1]": "xfailed"}), ()).skipped_now == ("test_t.py::t[0]",)


def test_what_was_red_on_the_base_and_passes_now_is_told_as_mended() -> None:
    compared = compare(run(a="failed", b="failed", c="failed"), run(a="passed", b="failed", c="skipped"), ())
    assert compared.mended == ("test_t.py::a",)
    assert "; 1 that failed on the base pass now; 1 failed on the base already" in counts(run(), compared, ())


def test_a_new_test_that_fails_is_red() -> None:
    assert not compare(run(a="passed"), run(a="passed", c="failed"), ()).is_green


def test_a_missing_id_is_red_unless_the_diff_takes_it_away() -> None:
    base, now = run(a="passed", b="passed"), run(a="passed")
    assert compare(base, now, ()).missing == ("test_t.py::b",)
    assert compare(base, now, (edited("def test_x(): pass", "def test_x(): pass"),)).missing == ("test_t.py::b",)
    assert compare(run(test_a="passed", test_b="passed"), run(test_a="passed"), (
        edited("def test_a(): pass\ndef test_b(): pass", "def test_a(): pass"),
    )).is_green  # fmt: skip
    moved = compare(base, Run(**{**_fields(now), "tests": _renamed(base)}), (edited("", "", "test_u.py", "test_t.py"),))
    assert moved.is_green
    assert moved.new == ()


def _fields(of: Run) -> dict[str, object]:
    return {name: getattr(of, name) for name in Run.__slots__}


def _renamed(of: Run) -> tuple[TestResult, ...]:
    return tuple(replace(test, test_id=test.test_id.replace("test_t.py", "test_u.py")) for test in of.tests)


def test_parameters_may_change_their_names_but_not_their_number() -> None:
    base = run(**{"a[1]": "passed", "a[2]": "passed"})
    assert compare(base, run(**{"a[1]": "passed", "a[3]": "passed"}), ()).is_green
    assert compare(base, run(**{"a[1]": "passed"}), ()).missing == ("test_t.py::a[2]",)


@pytest.mark.parametrize("end", ["skipped", "xfailed"])
def test_a_test_that_ran_and_is_skipped_now_is_named(end: str) -> None:
    assert compare(run(a="passed", b="skipped"), run(a=end, b=end), ()).skipped_now == ("test_t.py::a",)


@pytest.mark.parametrize(
    "broken",
    [
        {"has_ended": False},
        {"canaries": ("passed", "passed")},
        {"canaries": ()},
        {"canaries": ("failed", "failed")},
        {"timed_out": True},
        {"flooded": True},
        {"exit_code": 2},
        {"exit_code": 1},
        {"exit_code": -9},
    ],
)
def test_a_run_that_did_not_end_as_it_should_is_red(broken: dict[str, object]) -> None:
    now = Run(**{**_fields(run(a="passed")), **broken})  # type: ignore[arg-type]
    assert not compare(run(a="passed"), now, ()).is_green


def test_a_base_without_a_passing_test_says_nothing() -> None:
    assert unusable(run(a="failed")) == "no test passes on the base"
    assert unusable(run(5)) == "no tests were found"
    assert unusable(run(a="passed", b="failed")) == ""


@given(
    st.dictionaries(st.sampled_from("abcdef"), OUTCOMES, min_size=1),
    st.dictionaries(st.sampled_from("abcdef"), OUTCOMES),
)
def test_green_means_that_nothing_is_worse(base: dict[str, str], now: dict[str, str]) -> None:
    compared = compare(run(**base), run(**now), ())
    worse = any(now.get(name) == "failed" and end != "failed" for name, end in base.items())
    new_red = any(end == "failed" and name not in base for name, end in now.items())
    gone = any(end in ("passed", "xpassed") and name not in now for name, end in base.items())
    assert compared.is_green == (not worse and not new_red and not gone)


@given(st.dictionaries(st.text(min_size=1), OUTCOMES))
def test_a_remembered_run_is_the_same_run(outcomes: dict[str, TestOutcome]) -> None:
    tests = tuple(TestResult(test_id=name, outcome=end) for name, end in outcomes.items())
    known = Run(exit_code=0, seconds=0.5, tests=tests, canaries=("failed", "passed"))
    assert load(dump(known)) == known


def test_what_is_not_a_remembered_run_is_run_again() -> None:
    assert load("{}") is None
    assert load("nonsense") is None


def test_only_lines_behind_the_nonce_are_believed() -> None:
    lines = b'n {"kind": "test", "id": "a", "outcome": "passed"}\nm {"kind": "end", "exit_code": 0}\nn nonsense\nn []\n'
    told = read_channel(lines, "n")
    assert [test.test_id for test in told.tests] == ["a"]
    assert told.end is None


@given(st.binary(max_size=300))
def test_noise_on_the_channel_is_harmless(noise: bytes) -> None:
    assert read_channel(noise, "nonce").tests == ()
