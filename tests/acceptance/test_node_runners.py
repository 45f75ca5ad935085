"""jest, vitest and mocha of today, from the registry, over small repositories: the whole way of an environment."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from third_party import House, Package, commit

from honk.domain.evidence import Severity, Verification, verification

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow]

CALC = "exports.add = (a, b) => a + b;\n"
TESTS = "describe('calc', () => {\n  it('adds', () => {\n    expect(add(1, 2)).toBe(3);\n  });\n});\n"
REPOSITORIES: Mapping[str, Mapping[str, str]] = {
    "jest": {"test/calc.test.js": f"const {{ add }} = require('../calc');\n{TESTS}"},
    "vitest": {
        "test/calc.test.mjs": "import { describe, expect, it } from 'vitest';\n"
        f"import {{ add }} from '../calc.js';\n{TESTS}"
    },
    "mocha": {
        "test/calc.test.js": "const { add } = require('../calc');\nconst assert = require('assert');\n"
        + TESTS.replace("expect(add(1, 2)).toBe(3)", "assert.strictEqual(add(1, 2), 3)")
    },
}


@pytest.mark.parametrize("runner", REPOSITORIES)
async def test_a_runner_of_today_tells_each_test(runner: str, tmp_path: Path) -> None:
    manifest = {"name": "calc", "version": "1.0.0", "scripts": {"test": runner}, "devDependencies": {runner: "*"}}
    files = {"package.json": json.dumps(manifest), "calc.js": CALC, **REPOSITORIES[runner]}
    tree = tmp_path / "calc"
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    commit(tree)
    house = House(tmp_path / "home")
    try:
        case = await house.prepare(Package(runner, "calc.js", "a + b", "a - b"), tree)
        assert case.environment.problems == ()
        [test] = REPOSITORIES[runner]
        green = await case.examine({"calc.js": CALC + "exports.pi = 3;\n"})
        print(f"{runner:8} set up in {case.environment.seconds:.1f} s, {green.reports[0].summary}", flush=True)
        assert verification(green.reports) is Verification.PASSED
        red = await case.examine({"calc.js": CALC.replace("+", "-")})
        assert red.reports[0].tests is not None
        assert red.reports[0].tests.failed == (f"{test}::calc > adds",)
        gone = await case.examine({"calc.js": CALC.replace("+", "-") + "process.exit(0);\n"})
        assert verification(gone.reports) is Verification.FAILED
        more = {"calc.js": CALC + "exports.twice = (a) => a + 2;\n", test: with_another(files[test])}
        new = await case.examine(more)
        assert new.reports[0].tests is not None
        [one] = new.reports[0].tests.new
        assert (one.test_id, one.fails_on_base) == (f"{test}::more > doubles", True)
        skipped = files[test].replace("it('adds", "it.skip('adds")
        quiet = await case.examine({"calc.js": CALC.replace("+", "-"), test: skipped})
        assert any(finding.severity is Severity.VETO for finding in quiet.findings)
    finally:
        await house.gateway.close()


def with_another(text: str) -> str:
    """The file with a test of the function that the change adds, in the words of the first."""
    first = text[text.index("describe(") :]
    second = first.replace("'calc'", "'more'").replace("'adds'", "'doubles'").replace("add(", "twice(")
    return text.replace("{ add }", "{ add, twice }") + second
