"""What a repository's tests need, decided from its files."""

import pytest

from honk.workspace.poetry import poetry_requirements
from honk.workspace.recipe import Interpreter, Recipe, manifest_paths, plan

OURS = Interpreter(path="/opt/py/bin/python3.12", version="3.12.4", prefix="/opt/py")
SYSTEM = Interpreter(path="/usr/bin/python3", version="3.11.2")
PYTEST_TEST = {"tests/test_a.py": "def test_a():\n    assert True\n"}
UNITTEST_TEST = {"tests/test_a.py": "import unittest\n\nclass A(unittest.TestCase):\n    def test_a(self): ...\n"}


def recipe(texts: dict[str, str], *more: str, pythons: tuple[Interpreter, ...] = (OURS, SYSTEM)) -> Recipe:
    return plan((*texts, *more), texts, pythons)


def titles(found: Recipe) -> list[str]:
    return [part.title for part in found.parts]


def test_a_repository_without_manifests_and_pytest_needs_nothing() -> None:
    found = recipe(UNITTEST_TEST)
    assert found.is_empty
    assert found.python == OURS
    assert found.problems == ()


def test_pytest_is_added_where_tests_need_it_and_nothing_declares_it() -> None:
    found = recipe(PYTEST_TEST)
    assert titles(found) == ["pytest"]
    assert "no manifest declares it" in found.notes[0]
    declared = recipe({**PYTEST_TEST, "requirements-dev.txt": "pytest>=8\n"})
    assert titles(declared) == ["requirements-dev.txt", "pytest"]
    assert declared.notes == ()


def test_settings_for_pytest_are_no_declaration_of_it() -> None:
    settings = '[project]\nname = "a"\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'
    assert recipe({**PYTEST_TEST, "pyproject.toml": settings}).notes


def test_a_modern_project_gives_dependencies_test_extras_and_groups() -> None:
    found = recipe(
        {
            "pyproject.toml": '[project]\nname = "a"\ndependencies = ["x"]\n'
            '[project.optional-dependencies]\ntest = ["pytest"]\ndocs = ["sphinx"]\ndev = ["ruff"]\n'
            '[dependency-groups]\ndev = ["mypy"]\nlint = ["ruff"]\n[build-system]\nrequires = []\n',
            "requirements.txt": "x==1\n",
        }
    )
    assert titles(found) == ["dependencies (pyproject.toml)", "extra test", "extra dev", "group dev"]
    assert [part.is_essential for part in found.parts] == [True, True, False, False]
    assert found.installs_project


def test_an_old_project_gives_what_setup_cfg_and_setup_py_name() -> None:
    found = recipe({"setup.py": "setup(extras_require={'tests': ['pytest']})", "setup.cfg": "[options]\n"})
    assert [part.arguments for part in found.parts] == [("-r", "setup.py"), ("-r", "setup.py", "--extra", "tests")]
    assert found.installs_project


def test_plain_requirement_files_are_found_wherever_people_put_them() -> None:
    named = (
        "requirements.txt",
        "requirements/test.txt",
        "test-requirements.txt",
        "tests/requirements.txt",
        "requirements_dev.txt",
    )
    assert manifest_paths((*named, "docs/requirements.txt", "src/requirements.py", "notes.txt")) == named
    found = recipe(dict.fromkeys(named, ""))
    assert titles(found) == list(named)
    assert not found.installs_project


def test_a_compiled_requirement_file_stands_for_its_source() -> None:
    assert titles(recipe({"requirements.in": "", "requirements.txt": ""})) == ["requirements.txt"]


def test_tox_gives_its_plain_requirements() -> None:
    found = recipe({"tox.ini": "[testenv]\ndeps =\n    pytest>7\n    -r x.txt\n    py311: old\n    {[base]deps}\n"})
    assert found.parts[0].arguments == ("pytest>7",)


@pytest.mark.parametrize("lock", ["uv.lock", "poetry.lock", "pylock.toml"])
def test_a_lock_file_constrains_what_it_has_once_and_from_a_registry(lock: str) -> None:
    table = "packages" if lock == "pylock.toml" else "package"
    text = "".join(
        f'[[{table}]]\nname = "{name}"\nversion = "{version}"\n{more}\n'
        for name, version, more in (
            ("one", "1.0", ""),
            ("twice", "1.0", ""),
            ("twice", "2.0", ""),
            ("here", "0.1", 'source = { editable = "." }'),
        )
    )
    assert recipe({lock: text, "requirements.txt": "one\n"}).constraints == ("one==1.0",)


@pytest.mark.parametrize(
    ("required", "pinned", "chosen"),
    [
        (">=3.8", "", OURS), ("<3.12", "", SYSTEM), (">=3.8", "3.11.9\n", SYSTEM), (">=3.8", "3.9\n", OURS),
        (">=3.14", "", None), ("nonsense", "", OURS),
    ],
)  # fmt: skip
def test_the_interpreter_is_the_first_that_fits(required: str, pinned: str, chosen: Interpreter | None) -> None:
    texts = {"pyproject.toml": f'[project]\nname = "a"\nrequires-python = "{required}"\n', ".python-version": pinned}
    found = recipe(texts)
    assert found.python == chosen
    if chosen is None:
        assert found.problems == ("This repository asks for Python >=3.14; this machine has 3.12.4, 3.11.2.",)


def test_a_broken_manifest_is_a_problem_and_no_crash() -> None:
    assert "pyproject.toml cannot be read" in recipe({"pyproject.toml": "[project"}).problems[0]
    assert recipe({"setup.cfg": "no section", "tox.ini": "\0", "package.json": "{"}).problems == ()
    assert (
        recipe({"pyproject.toml": "project = 1\ntool = []\n[[dependency-groups]]\n", "uv.lock": "package = 3"}).problems
        == ()
    )


def test_a_foreign_toolchain_is_named_only_where_tests_need_it() -> None:
    assert "Ruby" in recipe({}, "Gemfile", "lib/a.rb").problems[0]
    assert recipe(PYTEST_TEST, "Gemfile").problems == ()


def test_poetry_s_ranges_are_written_as_everybody_writes_them() -> None:
    table = {
        "dev-dependencies": {"black": "*"},
        "group": {
            "test": {
                "dependencies": {"a": "^1.2", "b": "~1.4", "c": ">=1,<2", "d": "^0.3.1", "e": "1.5", "f": {"path": "."}}
            },
            "docs": {"dependencies": {"sphinx": "*"}},
            "dev": {"dependencies": {"g": {"version": "^2", "extras": ["x"]}, "python": "^3.8"}},
        },
    }  # fmt: skip
    assert poetry_requirements(table, ("test", "dev")) == (
        "a>=1.2,<2", "b>=1.4,<1.5", "black", "c>=1,<2", "d>=0.3.1,<0.4", "e==1.5", "g[x]>=2,<3",
    )  # fmt: skip


@pytest.mark.parametrize(
    "hostile",
    [
        '[tool.poetry.dev-dependencies]\n"--index-url" = "1"\n"a b" = "*"\n',
        '[[package]]\nname = "-r /etc/passwd"\nversion = "1"\n[[package]]\nname = "a\\nb"\nversion = "1"\n',
        'package = ["x", 3]\n',
        "[project]\noptional-dependencies = 3\nrequires-python = 3\n",
        "a = " + "[" * 5000,
        "a = " + "1" * 5000,
        "a" + ".a" * 20_000 + " = 1",
    ],
)
def test_no_manifest_can_smuggle_an_option_or_break_the_plan(hostile: str) -> None:
    found = recipe({"pyproject.toml": hostile, "uv.lock": hostile, "requirements.txt": "", "package.json": "[" * 5000})
    words = [word for part in found.parts for word in part.arguments if part.title != "requirements.txt"]
    assert [word for word in (*words, *found.constraints) if word.startswith("-") and word != "-r"] == []
    assert "\n" not in "".join(found.constraints)


@pytest.mark.parametrize(
    ("manifest", "lock", "installs"),
    [
        ("", "uv.lock", False), ("", "pdm.lock", False), ("", "requirements.txt", True),
        ("[tool.uv]\npackage = true\n", "uv.lock", True), ("[tool.uv]\npackage = false\n", "", False),
        ("[tool.pdm]\ndistribution = false\n[build-system]\nrequires = []\n", "", False),
        ("[tool.pdm]\ndistribution = true\n", "pdm.lock", True), ("[build-system]\nrequires = []\n", "uv.lock", True),
    ],
)  # fmt: skip
def test_an_application_of_uv_or_pdm_is_not_installed_itself(manifest: str, lock: str, *, installs: bool) -> None:
    found = recipe(
        {"pyproject.toml": f'[project]\nname = "a"\nversion = "1"\n{manifest}', **({lock: ""} if lock else {})}
    )
    assert found.installs_project is installs


def test_pdm_s_lock_and_groups_count() -> None:
    manifest = (
        '[project]\nname = "a"\n[tool.pdm.dev-dependencies]\ntest = ["pytest>=8", "-e file:///x"]\nlint = ["ruff"]\n'
    )
    lock = '[[package]]\nname = "pytest"\nversion = "8.1.0"\n'
    found = recipe({"pyproject.toml": manifest, "pdm.lock": lock})
    assert [part.arguments for part in found.parts if part.title == "pdm groups"] == [("pytest>=8",)]
    assert (found.lock, found.constraints) == ("pdm.lock", ("pytest==8.1.0",))
    assert "pdm.lock" in manifest_paths(["pdm.lock", "a.py"])
