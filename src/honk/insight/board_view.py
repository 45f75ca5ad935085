"""The board as values: lanes with their rows, and what each says when it is empty. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from honk.domain.board import Filters, Lane, Listed
from honk.domain.change import PullRequest
from honk.domain.task import Task, subject_of
from honk.insight.tone import Badge, badge_of

TITLES = {
    Lane.MINE: ("Waits for me", "Nothing waits for you."),
    Lane.RUNS: ("Runs", "Nothing runs right now."),
    Lane.OTHERS: ("Waits for others", "Nothing waits for anybody else."),
    Lane.ENDED: ("Ended", "Nothing has ended yet."),
}
_FILTERED = "Nothing here fits the filters."


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One task."""

    task: Task
    lane: Lane
    subject: str
    badge: Badge
    pull_request: PullRequest | None
    waits_for: str = ""
    """Whose yes an armed merge of it waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """One part of the board, a page of it."""

    name: str
    title: str
    count: int
    rows: tuple[Row, ...]
    empty: str
    more: str = ""
    """The query that shows what comes behind; empty where nothing does."""
    newest: str = ""
    """The query that leads back from there."""


def row_of(listed: Listed) -> Row:
    """As it stands in its lane."""
    return Row(
        task=listed.task,
        lane=listed.lane,
        subject=subject_of(listed.task.prompt, 100),
        badge=badge_of(listed.task, listed.pull_request),
        pull_request=listed.pull_request,
        waits_for=listed.waits_for,
    )


def lanes_of(
    pages: Mapping[Lane, Sequence[Listed]], counts: Mapping[Lane, int], filters: Filters, before: Mapping[Lane, str],
    page_size: int,
) -> tuple[LaneView, ...]:  # fmt: skip
    """In the order of what needs somebody most. `before`: the task that a lane's page begins behind."""
    return tuple(
        _lane(lane, pages[lane], counts[lane], filters, before.get(lane, ""), page_size)
        for lane in TITLES
        if lane in pages
    )


def _lane(lane: Lane, page: Sequence[Listed], count: int, filters: Filters, before: str, page_size: int) -> LaneView:
    title, empty = TITLES[lane]
    is_more = len(page) == page_size and count > page_size
    return LaneView(
        name=str(lane),
        title=title,
        count=count,
        rows=tuple(map(row_of, page)),
        empty=empty if filters == Filters() else _FILTERED,
        more=query_of(filters, {lane: page[-1].task.task_id}) if is_more else "",
        newest=query_of(filters, {}) or "words=" if before else "",
    )


def query_of(filters: Filters, before: Mapping[Lane, str]) -> str:
    """The filters as the address of a page has them."""
    named = (
        ("words", filters.words),
        ("repository", filters.repository_id),
        ("person", filters.person_id),
        ("outcome", filters.outcome),
        *((f"before_{lane}", task_id) for lane, task_id in before.items()),
    )
    return urlencode([(name, value) for name, value in named if value])
