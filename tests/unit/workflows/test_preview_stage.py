"""One preview at work: how it ends, and what is measured."""

from dataclasses import replace
from typing import cast

import pytest

from honk.domain.audit import HONK
from honk.domain.preview import PreviewState
from honk.testing.showing_rules import a_preview
from honk.workflows.preview_ground import PreviewGround
from honk.workflows.preview_stage import Stage

pytestmark = pytest.mark.anyio


async def test_a_preview_that_somebody_is_answered_by_is_not_idle() -> None:
    stage = Stage(preview=a_preview(), ground=cast(PreviewGround, None), who=HONK)
    stage.looked -= 500
    assert 499 < stage.standing().idle_seconds < 600
    stage.watchers += 1
    assert replace(stage.standing(), age_seconds=0.0) == replace(stage.standing(), age_seconds=0.0, idle_seconds=0.0)


async def test_the_first_reason_to_end_is_the_one() -> None:
    stage = Stage(preview=a_preview(), ground=cast(PreviewGround, None), who=HONK)
    stage.end(PreviewState.GONE, "merged")
    stage.end(PreviewState.ASLEEP, "idle")
    assert stage.ends.result() == (PreviewState.GONE, "merged")
