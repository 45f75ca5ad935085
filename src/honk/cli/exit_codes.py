"""What the shell is told. Pure.

0 opened or merged, verification passed · 6 opened or merged, unverified · 3 no change was called for, or a person must
decide · 4 vetoed · 5 failed · 130 cancelled · 2 usage, or a machine that cannot do it · 1 Honk's own fault · 141 nobody
reads the output any more (SIGPIPE) · 129 and 143 left for SIGHUP or SIGTERM, the task can be resumed.
"""

from collections.abc import Sequence

from honk.base.errors import HonkError, PlatformError, UsageError
from honk.domain.deployment import TROUBLES, Deployment
from honk.domain.evidence import Verification
from honk.domain.task import OutcomeName

OK = 0
OWN_FAULT = 1
USAGE = 2
NOTHING_TO_MERGE = 3
UNVERIFIED_ALONE = 3
"""Of `honk verify`, which has no outcome."""
VETOED = 4
FAILED = 5
UNVERIFIED = 6
CANCELLED = 130
READER_GONE = 141

_BY_OUTCOME = {
    OutcomeName.NO_CHANGE: NOTHING_TO_MERGE,
    OutcomeName.ANSWERED: NOTHING_TO_MERGE,
    OutcomeName.NOT_APPLICABLE: NOTHING_TO_MERGE,
    OutcomeName.NEEDS_HUMAN: NOTHING_TO_MERGE,
    OutcomeName.VETOED: VETOED,
    OutcomeName.FAILED: FAILED,
    OutcomeName.CANCELLED: CANCELLED,
}
_OF_CHANGE = {Verification.PASSED: OK, Verification.UNVERIFIED: UNVERIFIED, Verification.FAILED: FAILED}
_OF_VERIFY = {Verification.PASSED: OK, Verification.UNVERIFIED: UNVERIFIED_ALONE, Verification.FAILED: FAILED}


def of_outcome(outcome: OutcomeName, verification: Verification) -> int:
    """Of a finished task. Only a change that was proved is 0."""
    return _BY_OUTCOME.get(outcome, _OF_CHANGE[verification])


def of_deployments(deployments: Sequence[Deployment]) -> int:
    """Of a merged pull request's, in their order: the newest counts; none is no fault."""
    return FAILED if deployments and deployments[-1].state in TROUBLES else OK


def of_verify(verification: Verification) -> int:
    """Of `honk verify`."""
    return _OF_VERIFY[verification]


def of_signal(number: int) -> int:
    """Of a program that left because of a signal, as shells tell it."""
    return 128 + number


def of_error(error: HonkError) -> int:
    """Of a request that was not carried out."""
    return USAGE if isinstance(error, UsageError | PlatformError) else OWN_FAULT
