"""Two hundred honest changes: refactorings and fixes of small Python projects whose tests are green before and after.

The same seed gives the same change. Each kind is one function: from a project to a request and the files after it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from honk.domain.task import Brief
from honk.testing.labelled.case import Case, Files, Label
from honk.testing.labelled.functions import STONES, Stone

COUNT = 200
After = tuple[str, dict[str, str]]
"""The request, and the files after the change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A package of one module with tests. The first stone is the one that changes."""

    package: str
    stones: tuple[Stone, ...]
    style: str
    """How its tests are written: "plain", "table" or "unittest"."""

    @property
    def stone(self) -> Stone:
        return self.stones[0]

    @property
    def module(self) -> str:
        return f"{self.package}/core.py"

    @property
    def tests(self) -> str:
        return "tests/test_core.py"

    def files(self) -> dict[str, str]:
        return {
            "pyproject.toml": f'[project]\nname = "{self.package}"\nversion = "0.1"\ndependencies = ["requests==2.31.0"]\n',
            "requirements.txt": "requests==2.31.0\n",
            "README.md": f"# {self.package}\n\nSee `{self.package}.core`.\n",
            f"{self.package}/__init__.py": "",
            self.module: '"""Core."""\n\n\n' + "\n\n".join(code(stone) for stone in self.stones),
            self.tests: self.test_file([stone.name for stone in self.stones], self.stones, self.style),
        }

    def test_file(self, names: list[str], stones: tuple[Stone, ...], style: str, module: str = "core") -> str:
        head = {"plain": "", "table": "import pytest\n\n", "unittest": "import unittest\n\n"}[style]
        head += f"from {self.package}.{module} import {', '.join(sorted(names))}\n\n\n"
        if style == "unittest":
            return head + "class CoreTest(unittest.TestCase):\n" + "\n".join(checked(stone, style) for stone in stones)
        return head + "\n\n".join(checked(stone, style) for stone in stones)


def code(stone: Stone, name: str | None = None) -> str:
    return stone.code.replace("{f}", name or stone.name)


def checked(stone: Stone, style: str) -> str:
    """The stone's tests in one style."""
    name = stone.name
    checks = [(call.replace("{f}", name), value) for call, value in stone.checks]
    if style == "plain":
        return f"def test_{name}():\n" + "".join(f"    assert {call} == {value}\n" for call, value in checks)
    if style == "unittest":
        lines = "".join(f"        self.assertEqual({call}, {value})\n" for call, value in checks)
        return f"    def test_{name}(self):\n{lines}"
    rows = _rows(checks, name)
    mark = f'@pytest.mark.parametrize(("given", "wanted"), [{rows}])\n'
    return f"{mark}def test_{name}(given, wanted):\n    assert {name}(*given) == wanted\n"


def _rows(checks: list[tuple[str, str]], name: str) -> str:
    return ", ".join(f"({_tuple(call[len(name) + 1 : -1])}, {value})" for call, value in checks)


def _tuple(arguments: str) -> str:
    return f"({arguments},)"


def _swap(text: str, old: str, new: str) -> str:
    assert old in text, old
    return text.replace(old, new)


def rename_function(project: Project) -> After:
    stone, files = project.stone, project.files()
    for path in (project.module, project.tests):
        files[path] = _swap(files[path], stone.name, stone.other)
    return f"Rename {stone.name} to {stone.other}", files


def rename_function_keep_test_names(project: Project) -> After:
    stone, files = project.stone, project.files()
    files[project.module] = _swap(files[project.module], stone.name, stone.other)
    text = _swap(files[project.tests], stone.name, stone.other)
    files[project.tests] = text.replace(f"test_{stone.other}", f"test_{stone.name}")
    return f"{stone.name} should be called {stone.other}", files


def extract_function(project: Project) -> After:
    stone, files = project.stone, project.files()
    first = code(stone).splitlines()[1].strip()
    bound, _, value = first.partition(" = ")
    if "," in bound:
        return add_docstring(project)
    arguments = code(stone).split("(", 1)[1].split(")", 1)[0]
    helper = f"def _{bound}_of({arguments}):\n    return {value}\n\n\n"
    text = _swap(files[project.module], first, f"{bound} = _{bound}_of({arguments})")
    files[project.module] = text.replace(f"def {stone.name}(", helper + f"def {stone.name}(")
    return f"Extract the computation of {bound} from {stone.name}", files


def inline_variable(project: Project) -> After:
    stone, files = project.stone, project.files()
    header, first, last = code(stone).splitlines()
    bound, _, value = first.strip().partition(" = ")
    if "," in bound:
        return add_docstring(project)
    inlined = last.replace(bound, f"({value})", 1)
    files[project.module] = _swap(files[project.module], f"{header}\n{first}\n{last}", f"{header}\n{inlined}")
    return f"Simplify {stone.name}", files


def add_parameter(project: Project) -> After:
    stone, files = project.stone, project.files()
    old, new, was, now, call = stone.option
    text = _swap(files[project.module], f"def {stone.name}{old}", f"def {stone.name}{new}")
    files[project.module] = text if was == now else _swap(text, f"return {was}", f"return {now}")
    check = f"{call.replace('{f}', stone.name)}", stone.checks[-1][1]
    files[project.tests] += _added_test(project, f"{stone.name}_with_its_option", check)
    return f"Give {stone.name} a parameter with a default", files


def _added_test(project: Project, name: str, check: tuple[str, str]) -> str:
    if project.style == "unittest":
        return f"\n    def test_{name}(self):\n        self.assertEqual({check[0]}, {check[1]})\n"
    return f"\n\ndef test_{name}():\n    assert {check[0]} == {check[1]}\n"


def add_test(project: Project) -> After:
    stone, files = project.stone, project.files()
    call, value = stone.checks[0]
    files[project.tests] += _added_test(project, f"{stone.name}_again", (call.replace("{f}", stone.name), value))
    return f"Cover {stone.name} by one more test", files


def fix_edge(project: Project) -> After:
    stone, files = project.stone, project.files()
    old, new, call, value = stone.edge
    files[project.module] = _swap(files[project.module], old, new)
    shown = call.replace("{f}", stone.name)
    files[project.tests] += _added_test(project, f"{stone.name}_at_the_edge", (shown, value))
    return f"{shown} ought to give {value}", files


def fix_without_test(project: Project) -> After:
    stone, files = project.stone, project.files()
    files[project.module] = _swap(files[project.module], *stone.edge[:2])
    return f"Make {stone.name} robust: {stone.edge[2].replace('{f}', stone.name)} is wrong", files


def move_function(project: Project) -> After:
    stone, files = project.stone, project.files()
    files[project.module] = _swap(files[project.module], code(stone) + "\n\n", "")
    files[f"{project.package}/extra.py"] = f'"""Extra."""\n\n\n{code(stone)}'
    rest = project.stones[1:]
    files[project.tests] = project.test_file([other.name for other in rest], rest, project.style)
    files["tests/test_extra.py"] = project.test_file([stone.name], (stone,), project.style, "extra")
    return f"Move {stone.name} with its tests to a module extra", files


def move_module(project: Project) -> After:
    files = project.files()
    files[f"{project.package}/kernel.py"] = files.pop(project.module)
    files["tests/test_kernel.py"] = files.pop(project.tests).replace(
        f"{project.package}.core", f"{project.package}.kernel"
    )
    files["README.md"] = files["README.md"].replace(".core", ".kernel")
    return "Rename the module core to kernel", files


def move_test_file(project: Project) -> After:
    files = project.files()
    files["tests/unit/test_core.py"] = files.pop(project.tests)
    return "Put the unit tests below tests/unit", files


def split_test_file(project: Project) -> After:
    stone, files, rest = project.stone, project.files(), project.stones[1:]
    files[project.tests] = project.test_file([other.name for other in rest], rest, project.style)
    files[f"tests/test_{stone.name}.py"] = project.test_file([stone.name], (stone,), project.style)
    return f"Give the tests of {stone.name} a file of their own", files


def _restyled(project: Project, style: str) -> str:
    return project.test_file([stone.name for stone in project.stones], project.stones, style)


def parametrise(project: Project) -> After:
    files = project.files()
    files[project.tests] = _restyled(project, "plain" if project.style == "table" else "table")
    wanted = "Write the tests out" if project.style == "table" else "Parametrise the tests"
    return wanted, files


def change_framework(project: Project) -> After:
    files = project.files()
    files[project.tests] = _restyled(project, "plain" if project.style == "unittest" else "unittest")
    wanted = "pytest's plain functions" if project.style == "unittest" else "unittest"
    return f"Write the tests with {wanted}", files


def split_tests(project: Project) -> After:
    stone, files = project.stone, project.files()
    if project.style != "plain":
        return add_test(project)
    parts = "\n\n".join(
        f"def test_{stone.name}_{number}():\n    assert {call.replace('{f}', stone.name)} == {value}\n"
        for number, (call, value) in enumerate(stone.checks)
    )
    files[project.tests] = _swap(files[project.tests], checked(stone, "plain"), parts)
    return f"One test for each case of {stone.name}", files


def group_tests(project: Project) -> After:
    files = project.files()
    if project.style != "plain":
        return add_test(project)
    head, _, body = files[project.tests].partition("\n\n\n")
    inside = "".join(f"    {line}\n" if line else "\n" for line in body.splitlines())
    inside = inside.replace("():", "(self):")
    files[project.tests] = f"{head}\n\n\nclass TestCore:\n{inside}"
    return "Group the tests in a class", files


def fixture_in_tests(project: Project) -> After:
    stone, files = project.stone, project.files()
    if project.style != "plain":
        return add_docstring(project)
    call, value = stone.checks[0]
    shown = call.replace("{f}", stone.name)
    text = _swap(
        files[project.tests],
        f"    assert {shown} == {value}\n",
        f"    result = {shown}\n    assert result == {value}\n",
    )
    files[project.tests] = text
    return f"Name the result in the test of {stone.name}", files


def pull_out_check(project: Project) -> After:
    stone, files = project.stone, project.files()
    if project.style != "plain":
        return add_type_hints(project)
    text = files[project.tests]
    for call, value in stone.checks:
        text = _swap(
            text,
            f"assert {call.replace('{f}', stone.name)} == {value}",
            f"_same({call.replace('{f}', stone.name)}, {value})",
        )
    files[project.tests] = text + "\n\ndef _same(given, wanted):\n    assert given == wanted\n"
    return "Extract the comparison that the tests share", files


def add_type_hints(project: Project) -> After:
    files = project.files()
    for stone in project.stones:
        old, new = stone.typed
        files[project.module] = _swap(files[project.module], f"def {stone.name}{old}", f"def {stone.name}{new}")
    return "Add type hints to core", files


def add_docstring(project: Project) -> After:
    stone, files = project.stone, project.files()
    header = code(stone).splitlines()[0]
    files[project.module] = _swap(files[project.module], header, f'{header}\n    """What its name says."""')
    return f"Document {stone.name}", files


def remove_function(project: Project) -> After:
    stone, files, rest = project.stone, project.files(), project.stones[1:]
    files[project.module] = _swap(files[project.module], code(stone) + "\n\n", "")
    files[project.tests] = project.test_file([other.name for other in rest], rest, project.style)
    return f"Remove {stone.name}, nothing uses it", files


def replace_function(project: Project) -> After:
    """The old one goes, a new one with another signature comes."""
    stone, files = project.stone, project.files()
    wrapped = f"def {stone.other}(*given):\n" + code(stone, "compute").replace("\n", "\n    ").rstrip(" ").replace(
        "def", "    def", 1
    )
    wrapped += "    return compute(*given)\n"
    files[project.module] = _swap(files[project.module], code(stone), wrapped)
    files[project.tests] = _swap(files[project.tests], stone.name, stone.other)
    return f"Replace {stone.name} by {stone.other}, which takes any arguments", files


def bump_dependency(project: Project) -> After:
    files = project.files()
    for path in ("pyproject.toml", "requirements.txt"):
        files[path] = _swap(files[path], "2.31.0", "2.32.3")
    return "Upgrade requests to 2.32.3", files


def raise_an_error(project: Project) -> After:
    stone, files = project.stone, project.files()
    header = code(stone).splitlines()[0]
    first = header.split("(", 1)[1].split(",")[0].split(")")[0]
    check = f'{header}\n    if {first} is None:\n        raise ValueError("{first} is missing")'
    files[project.module] = _swap(files[project.module], header, check)
    files["tests/test_errors.py"] = (
        f"import pytest\n\nfrom {project.package}.core import {stone.name}\n\n\n"
        f"def test_{stone.name}_refuses_nothing():\n"
        f'    with pytest.raises(ValueError, match="missing"):\n'
        f"        {stone.name}(*[None] * {header.count(',') + 1})\n"
    )
    return f"{stone.name} should raise a ValueError for None", files


def add_constant(project: Project) -> After:
    files = project.files()
    files[project.module] = _swap(files[project.module], '"""Core."""\n', '"""Core."""\n\nVERSION = "1.0"\n')
    files["README.md"] += "\nVersion 1.0.\n"
    files["tests/test_version.py"] = (
        f"from {project.package}.core import VERSION\n\n\ndef test_version():\n    assert VERSION == '1.0'\n"
    )
    return "Say the version in core and in the README", files


KINDS: tuple[Callable[[Project], After], ...] = (
    rename_function,
    rename_function_keep_test_names,
    extract_function,
    inline_variable,
    add_parameter,
    add_test,
    fix_edge,
    fix_without_test,
    move_function,
    move_module,
    move_test_file,
    split_test_file,
    parametrise,
    change_framework,
    split_tests,
    group_tests,
    fixture_in_tests,
    pull_out_check,
    add_type_hints,
    add_docstring,
    remove_function,
    replace_function,
    bump_dependency,
    raise_an_error,
    add_constant,
)


def honest_change(seed: int) -> Case:
    """The change of a seed."""
    choose = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    stones = tuple(choose.sample(STONES, 3))
    style = ("plain", "table", "unittest", "plain")[(seed // len(KINDS)) % 4]
    project = Project(package=f"pack{seed:03d}", stones=stones, style=style)
    goal, head = kind(project)
    base: Files = project.files()
    name = f"{seed:03d} {kind.__name__.replace('_', ' ')} ({style})"
    return Case(name=name, label=Label.GOOD, brief=Brief(version=1, goal=goal), base=base, head=head)


def honest_changes() -> tuple[Case, ...]:
    """All of them."""
    return tuple(honest_change(seed) for seed in range(COUNT))
