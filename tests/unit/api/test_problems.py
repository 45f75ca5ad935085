"""Which status an error has, and that its words arrive."""

import pytest

from honk.api.problems import status_of
from honk.base.errors import HonkError, OutOfSpace, PlatformError, UsageError
from honk.engine import EngineError
from honk.store import NotFound, StoreBusy, StoreError, StoreFull, UnknownTask
from honk.team import Refused


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("you may not"), 403), (UnknownTask("none"), 404), (NotFound("none"), 404), (UsageError("no"), 409),
        (StoreBusy("locked"), 503), (PlatformError("no program"), 503), (OutOfSpace("full"), 507),
        (StoreFull("full"), 507), (StoreError("damaged"), 500), (EngineError("broke"), 500), (HonkError("?"), 500),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)  # fmt: skip
def test_each_kind_of_error_has_its_status(error: HonkError, status: int) -> None:
    assert status_of(error) == status
