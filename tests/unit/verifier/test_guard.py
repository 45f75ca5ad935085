"""Check configuration goes back to the base's, by key; the rest of a change stays."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from honk.domain.change import ChangedFile, Edit
from honk.verifier import Command, Plan
from honk.verifier.guard import Changed, Placed, base_tests, head_tests, restored
from honk.verifier.sections import check_sections, check_tables, with_base_sections, with_base_tables

PLAN = Plan(commands=(Command(name="pytest", argv=("python",), chosen_by="", is_required=True, runner="pytest"),))
BASE = b'[project]\nname = "x"\n\n[tool.pytest.ini_options]\naddopts = "-q"\n\n[tool.black]\nline-length = 80\n'


def changed(path: str, before: bytes | None, after: bytes | None) -> Changed:
    edit = Edit.ADDED if before is None else Edit.DELETED if after is None else Edit.MODIFIED
    return Changed(file=ChangedFile(path=path, edit=edit), before=before, after=after)


def test_added_check_files_go_and_changed_ones_come_back() -> None:
    entries = (
        changed("pytest.ini", None, b"[pytest]\n"),
        changed("conftest.py", b"old", b"new"),
        changed("tests/conftest.py", b"old", None),
        changed(".honk.toml", b"old", b"new"),
        changed("app.py", b"old", b"new"),
    )
    assert restored(PLAN, entries) == (
        Placed(path="pytest.ini", content=None),
        Placed(path="conftest.py", content=b"old"),
        Placed(path="tests/conftest.py", content=b"old"),
        Placed(path=".honk.toml", content=b"old"),
    )


def test_a_renamed_conftest_is_put_back_where_it_was() -> None:
    file = ChangedFile(path="a/conftest.py", edit=Edit.RENAMED, old_path="conftest.py")
    assert restored(PLAN, (Changed(file=file, before=b"old", after=b"new"),)) == (
        Placed(path="conftest.py", content=b"old"),
        Placed(path="a/conftest.py", content=None),
    )


def test_scripts_and_makefiles_are_the_base_s_where_a_command_runs_them() -> None:
    commands = (
        Command(name="check", argv=("./check.sh",), chosen_by=".honk.toml", is_required=True),
        Command(name="make test", argv=("make", "test"), chosen_by="Makefile", is_required=True),
    )
    entries = tuple(changed(path, b"old", b"new") for path in ("check.sh", "Makefile", "rules.mk", "other.sh"))
    assert [placed.path for placed in restored(Plan(commands=commands), entries)] == [
        "check.sh",
        "Makefile",
        "rules.mk",
    ]
    assert restored(PLAN, entries) == ()


def test_only_the_check_tables_of_a_pyproject_go_back() -> None:
    head = BASE.replace(b'"-q"', b'"-k nothing"').replace(b"80", b"100").replace(b'"x"', b'"y"')
    (placed,) = restored(PLAN, (changed("pyproject.toml", BASE, head),))
    assert placed.content is not None
    table = tomllib.loads(placed.content.decode())
    assert table["tool"]["pytest"]["ini_options"]["addopts"] == "-q"
    assert (table["project"]["name"], table["tool"]["black"]["line-length"]) == ("y", 100)
    assert restored(PLAN, (changed("pyproject.toml", BASE, BASE.replace(b'"x"', b'"y"')),)) == ()


def test_a_deleted_pyproject_comes_back() -> None:
    assert restored(PLAN, (changed("pyproject.toml", BASE, None),)) == (Placed(path="pyproject.toml", content=BASE),)


def test_odd_spellings_of_a_table_fall_back_to_the_whole_file() -> None:
    head = b'[tool]\npytest.ini_options.addopts = "-k nothing"\n'
    assert with_base_tables(BASE, head) == BASE
    assert with_base_tables(BASE, b"not toml [") == BASE


def test_sections_of_setup_cfg_go_back_by_name() -> None:
    base, head = b"[metadata]\nname = x\n[tool:pytest]\na = 1\n", b"[metadata]\nname = y\n[tool:pytest]\na = 2\n"
    mended = with_base_sections(base, head)
    assert mended is not None
    assert check_sections(mended) == {"tool:pytest": {"a": "1"}}
    assert b"name = y" in mended


TABLES = st.sampled_from(
    [b"[project]\nname = 'x'\n", b"[tool.pytest.ini_options]\na = 1\n", b"[tool.ruff.lint]\nselect = ['E']\n",
     b"[tool.black]\nx = '''\n[tool.pytest]\n'''\n", b"[tool.mypy]\nstrict = true\n", b"[[tool.mypy.overrides]]\n"]
)  # fmt: skip
FILES = st.lists(TABLES, unique=True, max_size=6).map(b"".join)


@given(FILES, FILES)
def test_whatever_the_change_says_the_base_s_checks_are_in_force(base: bytes, head: bytes) -> None:
    assert check_tables(with_base_tables(base, head)) == check_tables(base)


def test_tests_are_told_from_what_lies_beside_them() -> None:
    entries = (
        changed("tests/test_a.py", b"old", b"new"),
        changed("tests/sample.json", None, b"{}"),
        changed("tests/conftest.py", None, b""),
        changed("app.py", b"old", b"new"),
    )
    assert [placed.path for placed in head_tests(PLAN, entries)] == ["tests/test_a.py", "tests/sample.json"]
    assert base_tests(entries) == (Placed(path="tests/test_a.py", content=b"old"),)
