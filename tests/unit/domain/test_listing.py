"""A cursor comes back as the place it was made of, and nothing else is one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.base.errors import UsageError
from honk.domain.listing import Place, cursor_of, place_of
from honk.testing.store_rules import a_task


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_cursor_is_read_back(at: datetime) -> None:
    task = replace(a_task("2345ab"), created_at=at)
    assert place_of(cursor_of(task)) == Place(created_at=at, task_id="2345ab")


@given(st.text())
def test_what_is_none_of_ours_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError, match="none of ours"):
        place_of(text)
