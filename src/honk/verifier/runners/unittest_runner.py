"""Runs unittest and tells each test's result on a channel of its own. Python 3.8+, the standard library only.

Started like its sibling for pytest. Test ids are written in pytest's manner, `tests/test_a.py::Class::test_x`, so that
one comparison serves both.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
import unittest
from typing import Any

from honk_channel import OPTIONS, Channel  # type: ignore[import-not-found]  # made by the boot line

SKIPPED_DIRECTORIES = {"node_modules", "site-packages", "build", "dist", "venv", "env"}


class Results(unittest.TextTestResult):
    """A text result that tells as it goes. The worst of a test's outcomes (subtests too) counts."""

    channel: Channel
    root: str
    canaries: dict[str, str]

    def startTest(self, test: Any) -> None:
        super().startTest(test)
        self._began = time.monotonic()
        self._outcome, self._message, self._where = "passed", "", ""

    def stopTest(self, test: Any) -> None:
        name = self.canaries.get(test.id())
        if name is not None:
            self.channel.tell("canary", name=name, outcome=self._outcome)
        else:
            self.channel.tell(
                "test", id=identity(test, self.root), outcome=self._outcome, where=self._where,
                message=self._message, seconds=time.monotonic() - self._began,
            )  # fmt: skip
        super().stopTest(test)

    def _fail(self, test: Any, err: Any) -> None:
        self._outcome = "failed"
        self._message = f"{err[0].__name__}: {err[1]}".split("\n", 1)[0][:300]
        trace, self._where = err[2], identity(test, self.root).split("::")[0]
        while trace is not None:
            path = trace.tb_frame.f_code.co_filename
            if path.startswith(self.root + os.sep):
                self._where = f"{os.path.relpath(path, self.root)}:{trace.tb_lineno}"
            trace = trace.tb_next

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        if isinstance(test, unittest.TestCase):
            self._fail(test, err)
        else:  # setUpClass or setUpModule: no test was started
            message = str(err[1]).split("\n", 1)[0][:300]
            self.channel.tell("test", id=str(test), outcome="failed", where="", message=message, seconds=0.0)

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, err)
        self._fail(test, err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._fail(test, err)

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        if not isinstance(test, unittest.TestCase):
            self.channel.tell("test", id=str(test), outcome="skipped", seconds=0.0)
        elif getattr(self, "_outcome", "") != "failed":
            self._outcome = "skipped"

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        super().addExpectedFailure(test, err)
        self._outcome = "xfailed"

    def addUnexpectedSuccess(self, test: Any) -> None:
        super().addUnexpectedSuccess(test)
        self._outcome, self._message = "failed", "unexpected success"


def identity(test: Any, root: str) -> str:
    kind = type(test)
    if kind.__name__ == "_FailedTest":
        return str(getattr(test, "_testMethodName", "collection")).replace(".", "/") + ".py"
    # Who made one has imported it: by itself `doctest`, like `unittest.mock`, doubles the time until the first test.
    if (doctest := sys.modules.get("doctest")) and isinstance(test, doctest.DocTestCase):
        return str(test.id())
    module = sys.modules.get(kind.__module__)
    path = os.path.relpath(getattr(module, "__file__", None) or kind.__module__, root)
    method = getattr(test, "_testMethodName", str(test))
    return "::".join((path, *kind.__qualname__.split("."), method))


def test_modules(root: str, paths: list[str]) -> list[tuple[str, str, str]]:
    """(path, directory for the import path, module name) of each test file, sorted; given paths, those alone."""
    found = []
    for relative in chosen(root, paths) if paths else walked(root):
        folder, file = os.path.split(os.path.join(root, relative))
        top, parts = folder, [file[:-3]]
        while top != root and os.path.exists(os.path.join(top, "__init__.py")):
            top, name = os.path.split(top)
            parts.insert(0, name)
        found.append((relative, top, ".".join(parts)))
    return found


def walked(root: str) -> list[str]:
    """Every test file below the root."""
    found = []
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not is_left_out(name))
        found += [os.path.relpath(os.path.join(folder, file), root) for file in sorted(files) if is_test_file(file)]
    return found


def chosen(root: str, paths: list[str]) -> list[str]:
    """Those of the paths that a walk would find, in its order, without a walk: a tree may have many other files."""
    found = []
    for path in set(paths):
        *folders, file = path.split("/")
        if is_test_file(file) and not any(map(is_left_out, folders)) and os.path.isfile(os.path.join(root, path)):
            found.append((folders, file, path))
    return [path for _, _, path in sorted(found)]


def is_test_file(name: str) -> bool:
    return name.startswith("test") and name.endswith(".py")


def is_left_out(directory: str) -> bool:
    return directory.startswith(".") or directory in SKIPPED_DIRECTORIES


def load(root: str, paths: list[str]) -> tuple[unittest.TestSuite, bool]:
    """The suite, and whether every file could be loaded; one that could not is told as failed, whatever it raised."""
    loader, suite, is_whole = unittest.TestLoader(), unittest.TestSuite(), True
    for path, top, name in test_modules(root, paths):
        if top not in sys.path:
            sys.path.insert(0, top)
        outcome, message = "failed", ""
        try:
            suite.addTest(loader.loadTestsFromModule(importlib.import_module(name)))
            continue
        except unittest.SkipTest as skip:
            outcome, message = "skipped", str(skip)
        except Exception as error:  # noqa: BLE001 - whatever the tree does
            is_whole, message = False, f"{type(error).__name__}: {error}"
            traceback.print_exc()
        message = message.split("\n", 1)[0][:300]
        Results.channel.tell("test", id=path, outcome=outcome, where=path, message=message, is_collection=True)
    return suite, is_whole


def canary_suite(canaries: dict[str, str]) -> unittest.TestSuite:
    def must_fail(self: unittest.TestCase) -> None:
        self.assertEqual(1, 2, "a canary that must fail")

    def must_pass(self: unittest.TestCase) -> None:
        self.assertEqual(1, 1)

    suite = unittest.TestSuite()
    for name, function in (("must-fail", must_fail), ("must-pass", must_pass)):
        kind = type("Canary" + os.urandom(6).hex(), (unittest.TestCase,), {"test": function})
        test = kind("test")
        canaries[test.id()] = name
        suite.addTest(test)
    return suite


def main() -> None:
    options = json.loads(OPTIONS)
    Results.channel = Channel(options["nonce"])
    Results.root = root = os.getcwd()
    Results.canaries = {}
    sys.dont_write_bytecode = True
    del sys.argv[1:]
    sys.argv[0] = "unittest"
    Results.channel.tell("start", version=".".join(map(str, sys.version_info[:2])))
    extra = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:0] = [root, *extra]
    suite, is_whole = load(root, options.get("paths") or [])
    runner = unittest.TextTestRunner(resultclass=Results, buffer=True)  # type: ignore[arg-type]
    result = runner.run(suite)
    with open(os.devnull, "w") as nowhere:
        flock = unittest.TextTestRunner(resultclass=Results, stream=nowhere)  # type: ignore[arg-type]
        flock.run(canary_suite(Results.canaries))
    code = 1 if not result.wasSuccessful() or not is_whole else 0 if result.testsRun else 5
    Results.channel.tell("end", exit_code=code)
    sys.exit(code)


main()
