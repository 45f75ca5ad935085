"""A replay beside what it repeats: what is not known is never called the same."""

from dataclasses import replace

from honk.cli.side_by_side import side_by_side
from honk.domain.change import Change, ChangedFile, Edit
from honk.domain.task import Brief
from honk.insight.side_by_side import Side, compare
from honk.testing.store_rules import CHANGE, a_run, a_task


def file(path: str, added: int | None = 1) -> ChangedFile:
    return ChangedFile(path=path, edit=Edit.MODIFIED, added_lines=added, deleted_lines=added)


def side(task_id: str, *files: ChangedFile) -> Side:
    change: Change | None = replace(CHANGE, files=files) if files else None
    run = replace(a_run(f"{task_id}-1", task_id), change=change)
    return Side(task=a_task(task_id), brief=Brief(version=1, goal="x"), run=run)


def words(first: Side | None, replay: Side, differing: list[ChangedFile] | None) -> str:
    return "\n".join(line.text for line in side_by_side(compare(first, replay, differing)))


def test_a_file_is_the_same_only_where_the_heads_do_not_differ_in_it() -> None:
    found = compare(side("a", file("x"), file("y")), side("b", file("x"), file("y"), file("z")), [file("y"), file("z")])
    assert [(one.path, one.is_same) for one in found.files] == [("x", True), ("y", False), ("z", False)]
    assert "  the same     x +1 −1" in words(side("a", file("x")), side("b", file("x")), [])


def test_what_the_mirror_no_longer_has_is_not_called_the_same() -> None:
    found = compare(side("a", file("x")), side("b", file("x")), None)
    assert [one.is_same for one in found.files] == [None]
    assert "  both         x +1 −1 | +1 −1" in words(side("a", file("x")), side("b", file("x")), None)


def test_a_side_without_a_change_and_a_deleted_one_are_shown_as_that() -> None:
    assert "  only replay  x binary" in words(side("a"), side("b", file("x", None)), None)
    assert "  only first   x +1 −1" in words(side("a", file("x")), side("b"), None)
    assert "the first task was deleted" in words(None, side("b", file("x")), None)


def test_a_hostile_path_and_many_files_stay_on_their_lines() -> None:
    told = words(side("a"), side("b", *(file(f"f{number:03}\x1b[2J\n") for number in range(60))), None).split("\n")
    assert "  and 10 more" in told
    assert not any("\x1b" in line for line in told)
