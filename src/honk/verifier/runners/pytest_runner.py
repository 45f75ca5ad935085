"""Runs pytest and tells each test's result on a channel of its own. Python 3.8+, pytest 6+, nothing of ours.

Started by `python -I -c` from standard input, so no file of the tree can stand in its place. Everything it needs is
imported before the tree's directory comes onto the path.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import pathlib
import pkgutil
import sys
import types
import unittest
import unittest.mock  # noqa: F401 - before the tree could shadow it
from typing import Any

from honk_channel import OPTIONS, Channel  # type: ignore[import-not-found]  # made by the boot line


def import_runner() -> Any:
    """Pytest with all its parts, from the environment alone."""
    import _pytest
    import pytest

    for module in pkgutil.iter_modules(_pytest.__path__):
        try:
            importlib.import_module("_pytest." + module.name)
        except Exception:  # noqa: BLE001, S112 - an optional part of pytest
            continue
    return pytest


def first_line(report: Any) -> str:
    crash = getattr(getattr(report, "longrepr", None), "reprcrash", None)
    if crash is not None:
        return str(crash.message).split("\n", 1)[0][:300]
    lines = [line for line in str(getattr(report, "longrepr", "") or "").splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else ""


def place(report: Any, root: str) -> str:
    """file:line of the failure, below the root where it can be."""
    crash = getattr(getattr(report, "longrepr", None), "reprcrash", None)
    if crash is not None:
        path = str(crash.path)
        if path.startswith(root + os.sep):
            return f"{os.path.relpath(path, root)}:{crash.lineno}"
    location = getattr(report, "location", None)
    return f"{location[0]}:{(location[1] or 0) + 1}" if location else ""


class Results:
    """The plug-in: collects the phases of each test, and sets the two canaries loose at the end."""

    def __init__(self, pytest: Any, channel: Channel, root: str) -> None:
        self._pytest = pytest
        self._channel = channel
        self._root = root
        self._phases: dict[str, list[tuple[str, bool, str, str, float]]] = {}
        self._canaries: dict[str, str] = {}

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self._channel.tell(
                "test", id=report.nodeid or "collection", outcome="failed", seconds=0.0,
                where=report.nodeid, message=first_line(report), is_collection=True,
            )  # fmt: skip
        elif report.skipped:
            self._channel.tell("test", id=report.nodeid, outcome="skipped", seconds=0.0, is_collection=True)

    def pytest_runtest_logreport(self, report: Any) -> None:
        phases = self._phases.setdefault(report.nodeid, [])
        place_now = place(report, self._root) if report.failed else ""
        message = first_line(report) if report.failed else ""
        phases.append((report.outcome, hasattr(report, "wasxfail"), place_now, message, float(report.duration)))
        if report.when == "teardown":
            del self._phases[report.nodeid]
            if report.nodeid in self._canaries:
                self._channel.tell("canary", name=self._canaries[report.nodeid], outcome=outcome_of(phases))
                return
            bad = next((phase for phase in phases if phase[0] == "failed"), ("", False, "", "", 0.0))
            seconds = sum(phase[4] for phase in phases)
            self._channel.tell(
                "test", id=report.nodeid, outcome=outcome_of(phases), where=bad[2], message=bad[3], seconds=seconds
            )

    def canaries(self, session: Any) -> list[Any]:
        class Canary(self._pytest.Item):  # type: ignore[misc, name-defined]
            must_fail = False

            def runtest(self) -> None:
                if self.must_fail:
                    raise AssertionError("a canary that must fail")

            def reportinfo(self) -> tuple[str, int, str]:
                return "canary", 0, "canary"

            def repr_failure(self, excinfo: Any, style: Any = None) -> str:
                return "canary"

        found = []
        for name in ("must-fail", "must-pass"):
            item = Canary.from_parent(session, name=f"canary-{os.urandom(6).hex()}-{name}")
            item.must_fail = name == "must-fail"
            self._canaries[item.nodeid] = name
            found.append(item)
        try:
            function = canary_function(self._pytest, session)
        except Exception:  # noqa: BLE001 - a pytest that makes its functions otherwise; the base says the same then
            return found
        self._canaries[function.nodeid] = "must-fail-function"
        return [*found, function]

    def run_canaries(self, session: Any) -> None:
        """Through every hook that the real tests went through, then out of the session's counts, and not shown."""
        kept = {name: getattr(session, name, None) for name in ("testsfailed", "shouldfail", "shouldstop")}
        plugins = session.config.pluginmanager
        terminal = plugins.get_plugin("terminalreporter")
        if terminal is not None:
            plugins.unregister(terminal)
        session.shouldfail = session.shouldstop = False
        for item in self.canaries(session):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        for name, value in kept.items():
            setattr(session, name, value)
        if terminal is not None:
            plugins.register(terminal, "terminalreporter")


def canary_function(pytest: Any, session: Any) -> Any:
    """A test function that must fail, in a module that is in no file: it goes the way that real ones go."""

    def test_canary() -> None:
        raise AssertionError("a canary that must fail")

    name = f"test_canary_{os.urandom(6).hex()}"
    module = types.ModuleType(name)
    setattr(module, name, test_canary)

    class CanaryModule(pytest.Module):  # type: ignore[misc]
        def _getobj(self) -> Any:
            return module

    path = pathlib.Path(str(session.config.rootdir), name + ".py")
    try:
        parent = CanaryModule.from_parent(session, path=path)
    except TypeError:  # pytest 6
        parent = CanaryModule.from_parent(session, fspath=type(session.config.rootdir)(str(path)))
    return pytest.Function.from_parent(parent, name=name, callobj=test_canary)


def outcome_of(phases: list[tuple[str, bool, str, str, float]]) -> str:
    if any(phase[0] == "failed" for phase in phases):
        return "failed"
    if any(phase[0] == "skipped" and phase[1] for phase in phases):
        return "xfailed"
    if any(phase[0] == "skipped" for phase in phases):
        return "skipped"
    return "xpassed" if any(phase[1] for phase in phases) else "passed"


def plug_in(pytest: Any, results: Results) -> Any:
    """The loop's wrapper is outermost: canaries fly when everything else has run."""

    class Loop:
        @pytest.hookimpl(hookwrapper=True, tryfirst=True)  # type: ignore[untyped-decorator, unused-ignore]
        def pytest_runtestloop(self, session: Any) -> Any:
            yield
            if not session.config.option.collectonly:
                results.run_canaries(session)

    return Loop()


def arguments(options: dict[str, Any], root: str) -> list[str]:
    cache = os.path.join(os.environ.get("TMPDIR", "/tmp"), "pytest-cache")  # noqa: S108 - inside
    given = ["--rootdir=" + root, "--continue-on-collection-errors", "--color=no", "-o", "cache_dir=" + cache]
    if not options.get("drop_addopts"):
        given += declared(options, root)
    if options.get("config"):
        given += ["-c", os.path.join(root, options["config"])]
    if importlib.util.find_spec("xdist") is not None:
        given.append("-n0")
    if options.get("drop_addopts"):
        given += ["-o", "addopts="]
    return given + [os.path.join(root, path) for path in options.get("paths", ())]


def declared(options: dict[str, Any], root: str) -> list[str]:
    """The words of the repository's own call; which tests it names counts only where nothing narrows the run."""
    words = options.get("words", ())
    if not options.get("paths"):
        return list(words)
    return [word for word in words if not os.path.exists(os.path.join(root, word.split("::")[0]))]


def main() -> None:
    options = json.loads(OPTIONS)
    channel = Channel(options["nonce"])
    root = os.getcwd()
    sys.dont_write_bytecode = True
    del sys.argv[1:]
    sys.argv[0] = "pytest"
    os.environ.pop("PYTEST_ADDOPTS", None)
    try:
        pytest = import_runner()
    except ImportError as error:
        channel.tell("cannot_start", message=f"pytest cannot be imported: {error}")
        sys.exit(3)
    channel.tell("start", version=pytest.__version__)
    given = arguments(options, root)
    extra = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:0] = [root, *extra]
    results = Results(pytest, channel, root)
    code = int(pytest.main(given, plugins=[results, plug_in(pytest, results)]))
    channel.tell("end", exit_code=code)
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)


main()
