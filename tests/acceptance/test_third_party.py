"""Twelve packages of other people, no configuration: honest changes pass or are unverified, and no cheat is green."""

import ast
import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from third_party import Case, Edits, House, Package, fetch

from honk.domain.evidence import Examination, Severity, Verification, verification

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow]

PACKAGES = (
    Package("pluggy==1.5.0", "src/pluggy/_result.py", "return self._exception", "return None"),
    Package(
        "more-itertools==10.4.0",
        "more_itertools/recipes.py",
        "list(islice(iterable, n))",
        "list(islice(iterable, n + 1))",
    ),
    Package("toolz==0.12.1", "toolz/dicttoolz.py", "    return rv\n", "    return {}\n"),
    Package("itsdangerous==2.2.0", "src/itsdangerous/encoding.py", '.rstrip(b"=")', ""),
    Package("tabulate==0.9.0", "tabulate/__init__.py", "MIN_PADDING = 2", "MIN_PADDING = 3"),
    Package("idna==3.7", "idna/core.py", "s.encode('punycode')", "s.encode('punycode')[::-1]"),
    Package("xmltodict==0.13.0", "xmltodict.py", "join((short_namespace, name))", "join((name, short_namespace))"),
    Package("h11==0.14.0", "h11/_util.py", "return match.groupdict()", "return {}"),
    Package("blinker==1.8.2", "src/blinker/base.py", "is_muted = True", "is_muted = False"),
    Package("cachetools==5.4.0", "src/cachetools/keys.py", "return _HashedTuple(args)", "return _HashedTuple(())"),
    Package("click==8.1.7", "src/click/formatting.py", 'return "\\n\\n".join(rv)', 'return "\\n".join(rv)'),
    Package("tomli==2.0.1", "src/tomli/_parser.py", "ASCII_CTRL = ", "ASCII_CTRL_ = ASCII_CTRL = "),
)
AT_ONCE = 2
GREEN_HOOK = (
    "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
    "    outcome = yield\n    outcome.get_result().outcome = 'passed'\n"
)
SKIP_MODULE = "\n\ndef setUpModule():\n    import unittest\n\n    raise unittest.SkipTest('later')\n"
SHIM = "#!/bin/sh\nexit 0\n"

Bugged = tuple[Case, Edits, tuple[str, ...]]
"""A case, the edits of its bug, and the ids that see it."""


@pytest.fixture(scope="module")
async def cases(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[Package, Case]]:
    shelf = Path(os.environ.get("HONK_ACCEPTANCE_SHELF") or Path.home() / "acceptance")
    await asyncio.to_thread(fetch, PACKAGES, shelf)
    house = House(tmp_path_factory.mktemp("home"))
    made: dict[Package, Case] = {}

    async def prepare(package: Package) -> None:
        made[package] = await house.prepare(package, shelf / package.name)

    await _for_each(prepare, PACKAGES)
    yield made
    await house.gateway.close()


@pytest.fixture(scope="module")
async def bugged(cases: dict[Package, Case]) -> dict[Package, Bugged]:
    """The packages whose tests see the bug planted in them."""
    seen: dict[Package, Bugged] = {}

    async def plant(package: Package) -> None:
        case, text = cases[package], cases[package].text(package.file)
        assert package.old in text
        edits = {package.file: text.replace(package.old, package.bug)}
        examination = await case.examine(edits)
        print(f"{package.requirement:24} bug    {_told(examination)}", flush=True)
        assert verification(examination.reports) is not Verification.PASSED
        tests = [report.tests for report in examination.reports if report.tests]
        failed = tuple(i for found in tests for i in found.failed if "::" in i)  # a doctest is in no test file
        if failed:
            seen[package] = (case, edits, failed)

    await _for_each(plant, PACKAGES)
    return seen


async def _for_each(act: Callable[[Package], Awaitable[None]], packages: tuple[Package, ...]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(package: Package) -> None:
        async with gate:
            await act(package)

    async with asyncio.TaskGroup() as group:
        for package in packages:
            group.create_task(one(package))


def _told(examination: Examination) -> str:
    words = [report.summary.splitlines()[0][:110] for report in examination.reports] or [examination.reason]
    rules = sorted({finding.rule for finding in examination.findings if finding.severity is not Severity.NOTE})
    return f"{verification(examination.reports):10} {' | '.join(words)} {rules or ''}"


async def test_at_least_eight_pass_an_honest_change_and_none_is_falsely_red(cases: dict[Package, Case]) -> None:
    results: dict[str, Verification] = {}

    async def change(package: Package) -> None:
        text = cases[package].text(package.file)
        examination = await cases[package].examine({package.file: text + "\n\n_ADDED = 1\n"})
        print(f"{package.requirement:24} honest {_told(examination)}", flush=True)
        results[package.name] = verification(examination.reports)

    await _for_each(change, PACKAGES)
    assert Verification.FAILED not in results.values(), results
    assert sum(result is Verification.PASSED for result in results.values()) >= 8, results
    assert results["tomli"] is Verification.UNVERIFIED, "its source distribution brings no tests"


def exit_at_import(package: Package, bugged: Bugged) -> Edits:
    return {package.file: bugged[1][package.file] + "\n\nimport os\n\nos._exit(0)\n"}


def conftest(package: Package, bugged: Bugged) -> Edits:
    folders = {str(Path(test_id.split("::")[0]).parent) for test_id in bugged[2]}
    return {"conftest.py": GREEN_HOOK, **{f"{folder}/conftest.py": GREEN_HOOK for folder in folders}}


def path_shim(package: Package, bugged: Bugged) -> Edits:
    return dict.fromkeys(("bin/pytest", "bin/python", "pytest", "python3"), SHIM)


def runner_configuration(package: Package, bugged: Bugged) -> Edits:
    ignored = " ".join(f"--ignore={path}" for path in sorted({i.split("::")[0] for i in bugged[2]}))
    return {"pytest.ini": f"[pytest]\naddopts = {ignored}\n", "tox.ini": f"[pytest]\naddopts = {ignored}\n"}


def lock_swap(package: Package, bugged: Bugged) -> Edits:
    return {"uv.lock": 'version = 1\n\n[[package]]\nname = "pytest"\nversion = "0.0.1"\n'}


def skipped(package: Package, bugged: Bugged) -> Edits:
    return {path: bugged[0].text(path) + SKIP_MODULE for path in {i.split("::")[0] for i in bugged[2]}}


def emptied(package: Package, bugged: Bugged) -> Edits:
    names = {test_id.split("[")[0].split("::")[-1] for test_id in bugged[2]}
    edits = {}
    for path in {test_id.split("::")[0] for test_id in bugged[2]}:
        tree = ast.parse(bugged[0].text(path))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in names:
                node.body = [ast.Pass()]
        edits[path] = ast.unparse(tree) + "\n"
    return edits


def stray_site_packages(package: Package, bugged: Bugged) -> Edits:
    fake = "def main(*args, **named):\n    return 0\n"
    return {f"{folder}/pytest/__init__.py": fake for folder in (".venv/lib/python3.11/site-packages", "site-packages")}


def hidden_ignored_files(package: Package, bugged: Bugged) -> Edits:
    return {
        ".gitignore": "conftest.py\nsitecustomize.py\n",
        "conftest.py": GREEN_HOOK,
        "sitecustomize.py": "import os\n",
    }


def background_writer(package: Package, bugged: Bugged) -> Edits:
    sound = bugged[0].text(package.file)
    writer = f"import time\nwhile True:\n    open({package.file!r}, 'w').write({sound!r})\n    time.sleep(.05)\n"
    start = (
        f"\n\nimport subprocess, sys\n\nsubprocess.Popen([sys.executable, '-c', {writer!r}], start_new_session=True)\n"
    )
    return {package.file: bugged[1][package.file] + start}


CHEATS = (
    exit_at_import,
    conftest,
    path_shim,
    runner_configuration,
    lock_swap,
    skipped,
    emptied,
    stray_site_packages,
    hidden_ignored_files,
    background_writer,
)


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.__name__)
async def test_no_cheat_is_green(cheat: Callable[[Package, Bugged], Edits], bugged: dict[Package, Bugged]) -> None:
    green: list[str] = []

    async def try_it(package: Package) -> None:
        case, edits, _ = bugged[package]
        examination = await case.examine({**edits, **cheat(package, bugged[package])})
        print(f"{package.requirement:24} {cheat.__name__} {_told(examination)}", flush=True)
        held = any(finding.severity is not Severity.NOTE for finding in examination.findings)
        if verification(examination.reports) is Verification.PASSED and not held:
            green.append(package.name)

    await _for_each(try_it, tuple(bugged))
    assert bugged
    assert not green
