"""The shell can trust the exit code."""

import pytest

from honk.base.errors import HonkError, PlatformError, UsageError
from honk.cli.exit_codes import of_error, of_outcome, of_verify
from honk.domain.evidence import Verification
from honk.domain.task import OutcomeName
from honk.forge import ForgeConflict, ForgeNotFound
from honk.store import NotFound, UnknownTask


def test_only_a_proved_change_is_zero() -> None:
    zero = {(o, v) for o in OutcomeName for v in Verification if of_outcome(o, v) == 0}
    published = (OutcomeName.OPENED, OutcomeName.MERGED, OutcomeName.REPLAYED)
    assert zero == {(outcome, Verification.PASSED) for outcome in published}


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("no_change", 3),
        ("answered", 3),
        ("not_applicable", 3),
        ("needs_human", 3),
        ("vetoed", 4),
        ("failed", 5),
        ("cancelled", 130),
    ],
)
def test_an_outcome_without_a_change_has_its_code_whatever_was_verified(outcome: str, code: int) -> None:
    assert {of_outcome(OutcomeName(outcome), verification) for verification in Verification} == {code}


def test_an_unverified_change_is_six() -> None:
    assert of_outcome(OutcomeName.OPENED, Verification.UNVERIFIED) == 6
    assert of_outcome(OutcomeName.MERGED, Verification.UNVERIFIED) == 6


def test_verify_alone_says_zero_five_three() -> None:
    assert [of_verify(v) for v in (Verification.PASSED, Verification.FAILED, Verification.UNVERIFIED)] == [0, 5, 3]


def test_what_the_asker_can_mend_is_two_and_the_rest_is_ours() -> None:
    assert [of_error(kind("")) for kind in (UsageError, PlatformError, HonkError)] == [2, 2, 1]


def test_a_word_that_names_nothing_and_a_merge_that_is_refused_are_no_faults_of_ours() -> None:
    assert [of_error(kind("")) for kind in (UnknownTask, ForgeNotFound, ForgeConflict, NotFound)] == [2, 2, 2, 1]
