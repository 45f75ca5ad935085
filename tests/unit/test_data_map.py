"""The data map names every table and every folder there is."""

import re
from pathlib import Path

from honk.store import tables

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/reference/data-map.md").read_text()


def test_every_table_is_on_the_map_and_none_that_is_not_there() -> None:
    named = set(re.findall(r"`(honk_\w+)`", TEXT))
    assert named == set(tables.metadata.tables)


def test_every_table_with_a_task_s_words_is_said_to_go_with_the_task() -> None:
    for line in TEXT.splitlines():
        for name in re.findall(r"`(honk_\w+)`", line.split("|")[1] if line.startswith("| `honk") else ""):
            columns = set(tables.metadata.tables[name].columns.keys())
            if columns & {"prompt", "text"}:
                assert "task is deleted" in line or "honk task delete" in line or "goes with the task" in line, name
