"""The housekeeper deletes what is planned and nothing else: not what is in use, not what was used meanwhile."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from honk.base.errors import OutOfSpace
from honk.domain.retention import Kind, Rules
from honk.engine import EndedWorkflow
from honk.store import Holding
from honk.workflows import housekeeping
from honk.workflows.housekeeping import Housekeeper
from honk.workspace.shelves import alone_with

pytestmark = pytest.mark.anyio

OLD = datetime.now(UTC) - timedelta(days=100)


class NoTasks:
    """Port `Holdings`, of an installation that never had a task."""

    async def list(self, task_id: str | None = None) -> Sequence[Holding]:
        return []

    async def erase(self, task_id: str) -> None: ...


class NoRecords:
    """Port `Records`, of an engine that never ran."""

    async def ended(self) -> Sequence[EndedWorkflow]:
        return []

    async def forget(self, workflow_ids: Sequence[str], *, even_unfinished: bool = False) -> None:
        assert not workflow_ids


def keeper(home: Path, **options: object) -> Housekeeper:
    rules = {"rules": Rules(), "min_free_bytes": 0, **options}
    return Housekeeper(home=home, holdings=NoTasks(), records=NoRecords(), **rules)  # type: ignore[arg-type]


def make(home: Path, name: str, used_at: datetime = OLD) -> Path:
    """Something at the place, last used then."""
    place = home / name
    place.mkdir(parents=True)
    (place / "file").write_bytes(b"x" * 10_000)
    os.utime(place, (used_at.timestamp(), used_at.timestamp()))
    return place


async def swept(housekeeper: Housekeeper) -> tuple[list[str], list[tuple[str, str]]]:
    done = await housekeeper.sweep(await housekeeper.plan())
    return [one.item.name for one in done.removed], [(one.item.name, why) for one, why in done.left]


async def test_what_is_being_made_or_run_is_left_and_named(tmp_path: Path) -> None:
    template = make(tmp_path, "templates/m/sha")
    with alone_with(tmp_path, "templates/m/sha") as is_alone:
        assert is_alone
        assert await swept(keeper(tmp_path)) == ([], [("templates/m/sha", "it is in use")])
    assert template.exists()
    assert await swept(keeper(tmp_path)) == (["templates/m/sha"], [])
    assert not template.exists()


async def test_what_was_used_after_the_look_stays(tmp_path: Path) -> None:
    environment = make(tmp_path, "environments/key")
    plan = await keeper(tmp_path).plan()
    os.utime(environment)
    done = await keeper(tmp_path).sweep(plan)
    assert [why for _, why in done.left] == ["it was used meanwhile"]
    assert environment.exists()


async def test_half_made_things_go_only_where_they_are_older_than_our_own_start(tmp_path: Path) -> None:
    make(tmp_path, "templates/m/.making-dead")
    make(tmp_path, "environments/key.made-alive", datetime.now(UTC) + timedelta(minutes=1))
    assert await swept(keeper(tmp_path)) == (["templates/m/.making-dead"], [])


async def test_one_thing_that_cannot_go_does_not_keep_the_others(tmp_path: Path) -> None:
    make(tmp_path, "demo/a")
    make(tmp_path, "demo/b")
    plan = await keeper(tmp_path).plan()
    (tmp_path / "demo/a").rename(tmp_path / "elsewhere")
    (tmp_path / "demo/a").symlink_to(tmp_path / "elsewhere")
    done = await keeper(tmp_path).sweep(plan)
    assert len(done.removed) == 2
    assert (tmp_path / "elsewhere/file").exists(), "links are removed, not followed"
    assert not list((tmp_path / "trash").iterdir())


async def test_what_a_death_left_in_the_trash_is_swept(tmp_path: Path) -> None:
    make(tmp_path, "trash/half")
    assert await swept(keeper(tmp_path)) == ([], [])
    assert not list((tmp_path / "trash").iterdir())


async def test_the_look_counts_what_deleting_gives_back(tmp_path: Path) -> None:
    template = make(tmp_path, "templates/m/sha")
    shared = template / "shared"
    shared.write_bytes(b"x" * 1_000_000)
    os.link(shared, tmp_path / "mirror")
    os.utime(template, (OLD.timestamp(), OLD.timestamp()))
    assert 10_000 <= (await keeper(tmp_path).plan()).gives_back < 100_000


async def test_without_time_nothing_is_measured_and_the_plan_says_so(tmp_path: Path) -> None:
    make(tmp_path, "templates/m/sha")
    plan = await keeper(tmp_path).plan(deadline=0)
    assert not plan.is_whole
    assert [one.item.kind for one in plan.removals] == [Kind.TEMPLATE], "ages need no measure"
    done = await keeper(tmp_path).sweep(plan, deadline=0)
    assert [why for _, why in done.left] == ["there was no time for it"]


async def test_a_run_loses_no_more_than_its_time_to_it_and_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "trash/large")
    for number in range(20):
        (tmp_path / "trash/large" / str(number)).touch()
    clock = iter(range(1_000_000))
    monkeypatch.setattr(housekeeping, "monotonic_seconds", lambda: float(next(clock)) / 4)
    await keeper(tmp_path).tidy()
    left = len(list((tmp_path / "trash/large").iterdir()))
    assert 0 < left < 21
    assert not (tmp_path / "last-gc").exists()
    for _ in range(9):
        await keeper(tmp_path).tidy()
    assert (tmp_path / "last-gc").exists()
    assert not list((tmp_path / "trash").iterdir())


async def test_a_low_disk_is_told_with_what_gc_would_give_back(tmp_path: Path) -> None:
    make(tmp_path, "templates/m/sha")
    with pytest.raises(OutOfSpace, match=r"needs 1024.0 TiB.*honk gc gives back about \d+ KiB"):
        await keeper(tmp_path, min_free_bytes=1 << 50).refuse_low_disk()
    await keeper(tmp_path).refuse_low_disk()


async def test_a_clock_that_was_set_back_does_not_keep_the_house_from_being_kept(tmp_path: Path) -> None:
    make(tmp_path, "trash/left")
    (tmp_path / "last-gc").touch()
    ahead = (datetime.now(UTC) + timedelta(days=10)).timestamp()
    os.utime(tmp_path / "last-gc", (ahead, ahead))
    await keeper(tmp_path).tidy()
    assert not (tmp_path / "trash/left").exists()
