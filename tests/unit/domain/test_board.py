"""Where a task stands for whoever looks."""

from dataclasses import replace

import pytest

from honk.domain.board import Filters, Lane, Listed, Watcher, is_wanted, lane_of
from honk.domain.listing import Listing, words_of
from honk.domain.task import Outcome, OutcomeName, Status
from honk.testing.store_rules import a_task

ADA = Watcher(person_id="ada")
MINE, UNSIGNED = replace(a_task(), person_id="ada"), a_task()
OPENED = replace(MINE, status=Status.FINISHED, outcome=Outcome(name=OutcomeName.OPENED, reason=""))


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING])
def test_what_is_under_way_runs_whosever_it_is(status: Status) -> None:
    assert lane_of(replace(UNSIGNED, status=status), ADA, is_open=True) is Lane.RUNS


def test_what_waits_waits_for_whoever_asked() -> None:
    assert lane_of(replace(MINE, status=Status.WAITING), ADA, is_open=False) is Lane.MINE
    assert lane_of(replace(UNSIGNED, status=Status.WAITING), ADA, is_open=False) is Lane.OTHERS
    owner = replace(ADA, has_unsigned=True)
    assert lane_of(replace(UNSIGNED, status=Status.WAITING), owner, is_open=False) is Lane.MINE


def test_an_open_pull_request_waits_though_its_task_has_ended() -> None:
    assert lane_of(OPENED, ADA, is_open=True) is Lane.MINE
    assert lane_of(OPENED, ADA, is_open=False) is Lane.ENDED


def test_a_search_is_cut_and_its_words_stand_in_any_order() -> None:
    assert words_of(Listing(words="Crash  TITLES")) == ("crash", "titles")
    assert len(" ".join(words_of(Listing(words="x" * 10_000)))) == 200
    listed = Listed(task=MINE, lane=Lane.RUNS)
    assert is_wanted(listed, ADA, Filters(words="titles crash"))
    assert not is_wanted(listed, ADA, Filters(words="titles nowhere"))
    assert not is_wanted(listed, replace(ADA, sees=frozenset()), Filters())
