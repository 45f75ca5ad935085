"""What people and agents read of a run."""

from honk.domain.evidence import Verification
from honk.verifier import Command
from honk.verifier.compare import Comparison
from honk.verifier.distill import MAX_BYTES
from honk.verifier.reports import counts, early, failures, quick, unsteady
from honk.verifier.results import Run, TestOutcome, TestResult

PYTEST = Command(name="pytest", argv=("pytest",), chosen_by="pytest.ini", is_required=True, runner="pytest")
LONG = "test/test_spec.py::test_entry[http://example.org/2009/docs/tests/data/functions/manifest#case{}]"


def failed(test_id: str) -> TestResult:
    message = "CalledProcessError: " + "returned non-zero exit status " * 9
    return TestResult(test_id=test_id, outcome=TestOutcome.FAILED, where="test/test_spec.py:12", message=message)


def test_one_failure_is_told_with_its_place_and_message() -> None:
    [line] = failures([failed("test_a.py::test_x")])
    assert line.startswith("FAILED test_a.py::test_x at test/test_spec.py:12: CalledProcessError")


def test_of_many_failures_every_name_is_told() -> None:
    many = [failed(LONG.format(number)) for number in range(30)]
    run = Run(exit_code=1, seconds=1.0, tests=tuple(many), log="noise\n" * 300)
    summary = quick(PYTEST, run, "").summary
    assert len(summary.encode()) <= MAX_BYTES
    assert all(f"manifest#case{number}]" in summary for number in range(30))


def test_what_the_base_fails_too_comes_last() -> None:
    run = Run(exit_code=1, seconds=1.0, tests=(failed("test_old.py::a"), failed("test_new.py::b")))
    summary = quick(PYTEST, run, "", red_on_base=("test_old.py::a",)).summary
    assert "1 of 2 that fail are red on the base already" in summary
    assert summary.index("test_new.py::b") < summary.index("test_old.py::a")


def test_the_agent_is_not_sent_on_for_what_only_the_base_broke() -> None:
    run = Run(exit_code=1, seconds=1.0, tests=(failed("test_old.py::a"),))
    report = quick(PYTEST, run, "", red_on_base=("test_old.py::a",))
    assert report.result is Verification.PASSED
    assert "1 failed that are red on the base already" in report.summary
    assert "test_old.py::a" in report.summary
    assert quick(PYTEST, run, "the runner did not come to its end", red_on_base=("test_old.py::a",)).result is (
        Verification.FAILED
    )


def test_a_flaky_test_is_red_if_the_change_wrote_it_and_else_for_a_person() -> None:
    loose = [failed("test_a.py::test_x")]
    said = Comparison(flaky=("test_a.py::test_x",))
    assert not said.is_green
    own = unsteady(PYTEST, Run(exit_code=1, seconds=1.0), said, loose, own=True)
    other = unsteady(PYTEST, Run(exit_code=1, seconds=1.0), said, loose, own=False)
    assert (own.result, other.result) == (Verification.FAILED, Verification.UNVERIFIED)
    assert "FLAKY test_a.py::test_x at test/test_spec.py:12" in own.summary
    assert other.tests is not None
    assert other.tests.flaky == ("test_a.py::test_x",)


def test_what_was_flaky_before_is_told_in_the_line_of_a_green_run() -> None:
    said = Comparison(flaky_on_base=("a::x", "b::y", "c::z", "d::w"))
    assert counts(Run(exit_code=1, seconds=1.0), said, ()).endswith(
        "flaky on the base as well: a::x, b::y, c::z and 1 more"
    )


def test_an_early_red_says_that_the_others_have_not_been_run() -> None:
    run = Run(exit_code=1, seconds=1.0, tests=(failed("test_a.py::test_x"), failed("test_old.py::a")))
    summary = early(PYTEST, run, {"test_a.py::test_x"}).summary
    assert summary.startswith("1 failed, of the tests nearest to the change; the others are run when these pass")
    assert "test_old.py" not in summary
