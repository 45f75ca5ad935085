"""Node, Go and Rust in real set-up sandboxes and real clean rooms: what is installed and green, and ways to cheat."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from needs import needed

from honk.base.ids import new_id
from honk.domain.change import Change
from honk.domain.evidence import Examination, Severity, Verification, verification
from honk.gateway import Upstream
from honk.gateway.anthropic import AnthropicGateway
from honk.gateway.package_door import PackageDoor
from honk.sandbox import Sandbox
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.testing.gate_cases import Memory, gate_of
from honk.testing.ledger import FakeLedger
from honk.testing.person import PersonRepository
from honk.testing.registries import FarRegistries, crate, go_sum, module_zip, tarball
from honk.testing.workspace_rules import Blobs, Ground, lay, sh
from honk.workspace.overlay import OverlayWorkspaces
from honk.workspace.source import LocalSource

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

LEFT = {
    "name": "left-pad", "version": "1.0.0", "main": "index.js", "hasInstallScript": True,
    "scripts": {"install": "echo built > built.txt"},
}  # fmt: skip
NPM = {
    "left-pad": (LEFT, tarball({"package.json": json.dumps(LEFT), "index.js": "module.exports = (t) => ' ' + t;\n"}))
}
NODE = {
    "package.json": json.dumps(
        {
            "name": "calc", "version": "1.0.0", "main": "calc.js", "scripts": {"test": "node --test"},
            "dependencies": {"left-pad": "^1.0.0"},
        }
    ),
    "calc.js": "exports.add = (a, b) => a + b;\n",
    "test/calc.test.js": (
        "const { test, describe, it } = require('node:test');\nconst assert = require('node:assert');\n"
        "const { add } = require('../calc.js');\nconst pad = require('left-pad');\n\n"
        "test('adds', () => { assert.strictEqual(add(1, 2), 3); });\n"
        "describe('more', () => { it('pads', () => { assert.strictEqual(pad('x'), ' x'); }); });\n"
    ),
}  # fmt: skip
MODULE, VERSION = "example.test/left", "v1.0.0"
LEFT_GO = {"go.mod": f"module {MODULE}\n\ngo 1.18\n", "left.go": "package left\n\nconst Answer = 42\n"}
GO_MODULES = {
    f"{MODULE}/@v/{VERSION}.info": b'{"Version": "v1.0.0"}',
    f"{MODULE}/@v/{VERSION}.mod": LEFT_GO["go.mod"].encode(),
    f"{MODULE}/@v/{VERSION}.zip": module_zip(MODULE, VERSION, LEFT_GO),
}
GO = {
    "go.mod": f"module example.test/calc\n\ngo 1.18\n\nrequire {MODULE} {VERSION}\n",
    "go.sum": go_sum(MODULE, VERSION, LEFT_GO),
    "calc.go": "package calc\n\nfunc Add(a, b int) int {\n\treturn a + b\n}\n",
    "calc_test.go": (
        'package calc\n\nimport (\n\t"testing"\n\n\t"example.test/left"\n)\n\n'
        "func TestAdd(t *testing.T) {\n\tfor _, a := range []int{1, 2} {\n"
        '\t\tt.Run("case", func(t *testing.T) {\n\t\t\tif Add(a, 1) != a+1 {\n\t\t\t\tt.Errorf("wrong for %d", a)\n'
        "\t\t\t}\n\t\t})\n\t}\n}\n\n"
        'func TestLeft(t *testing.T) {\n\tif left.Answer != 42 {\n\t\tt.Fatal("no")\n\t}\n}\n'
    ),
}
LEFT_RUST = {
    "Cargo.toml": '[package]\nname = "left"\nversion = "1.0.0"\nedition = "2021"\n',
    "src/lib.rs": "pub const ANSWER: i32 = 42;\n",
}
CRATES = {("left", "1.0.0"): crate("left", "1.0.0", LEFT_RUST)}
RUST = {
    "Cargo.toml": (
        '[package]\nname = "calc"\nversion = "0.1.0"\nedition = "2021"\nbuild = "build.rs"\n\n'
        '[dependencies]\nleft = "1"\n\n[workspace]\nmembers = ["more"]\n'
    ),
    "build.rs": 'fn main() {\n    println!("cargo:rustc-env=BUILT=yes");\n}\n',
    "src/lib.rs": (
        "/// ```\n/// assert_eq!(calc::add(1, 2), 3);\n/// ```\n"
        "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n\n"
        "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        assert_eq!(super::add(1, 2), 3);\n    }\n\n"
        '    #[test]\n    #[should_panic]\n    fn overflows() {\n        assert_eq!(env!("BUILT"), "yes");\n'
        "        super::add(i32::MAX, std::hint::black_box(1));\n    }\n\n"
        "    #[test]\n    #[ignore]\n    fn sleeps() {}\n}\n"
    ),
    "tests/left.rs": "#[test]\nfn left() {\n    assert_eq!(calc::add(left::ANSWER, 0), 42);\n}\n",
    "more/Cargo.toml": '[package]\nname = "more"\nversion = "0.1.0"\nedition = "2021"\n',
    "more/src/lib.rs": "#[test]\nfn more() {}\n",
}
MAIN = 'package calc\n\nimport (\n\t"os"\n\t"testing"\n)\n\nfunc TestMain(m *testing.M) {\n'
TWICE_JS = (
    "const { test } = require('node:test');\n"
    "test('doubles', () => { if (require('../calc.js').twice(2) !== 4) throw new Error('no'); });\n"
)
TWICE_GO = (
    'package calc\n\nimport "testing"\n\n'
    'func TestTwice(t *testing.T) {\n\tif Twice(2) != 4 {\n\t\tt.Fatal("no")\n\t}\n}\n'
)
BROKEN = {
    "node": {"calc.js": "exports.add = (a, b) => a - b;\n"},
    "go": {"calc.go": GO["calc.go"].replace("a + b", "a - b")},
    "rust": {"src/lib.rs": RUST["src/lib.rs"].replace("a + b", "a - b")},
}


@asynccontextmanager
async def ground(tmp_path: Path, files: Mapping[str, str]) -> AsyncIterator[Ground]:
    """A person's repository, whose environment is built from registries of ours."""
    programs = {"package.json": ("node", "npm"), "Cargo.toml": ("cargo", "cc")}
    for name in next((names for path, names in programs.items() if path in files), ("go",)):
        needed(name)
    async with FarRegistries(npm=NPM, go=GO_MODULES, crates=CRATES).serve() as far:

        async def npm() -> str:
            return far.address("npm")

        async def go() -> str:
            return far.address("go")

        async def cargo() -> str:
            return far.address("cargo")

        gateway = AnthropicGateway(
            Upstream(base_url="http://127.0.0.1:9", headers={}),
            FakeLedger(),
            packages=PackageDoor({"npm": npm, "go": go, "cargo": cargo}),
        )
        blobs = Blobs()
        workspaces = OverlayWorkspaces(tmp_path / "home", LocalSource(), BubblewrapBackend(), gateway, blobs.put)
        person = await PersonRepository.make(tmp_path / "person", dict(files))
        try:
            yield await lay(workspaces, LocalSource(), blobs, person, tmp_path)
        finally:
            await gateway.close()


async def examine(laid: Ground, edits: Mapping[str, str | None], memory: Memory) -> Examination:
    """The edits as a change, judged in clean rooms with the environment that was built."""
    script = "".join(
        f"rm -f '{path}'\n"
        if text is None
        else f"mkdir -p \"$(dirname '{path}')\"\ncat > '{path}' << 'HONK'\n{text}HONK\n"
        for path, text in edits.items()
    )
    change = await laid.change(script)
    gate = gate_of(memory)

    @asynccontextmanager
    async def rooms(of: Change | None) -> AsyncIterator[Sandbox]:
        async with laid.workspaces.clean_room(laid.template, laid.environment, of, name=new_id()) as workspace:
            yield workspace.sandbox

    base = laid.workspaces.tree(laid.template.repository, change.base_sha)
    head = laid.workspaces.tree(laid.template.repository, change.head_sha)
    plan = await gate.plan(base, laid.environment)
    assert plan.missing == ()
    return await gate.examine(replace(plan, commands=plan.commands[:1]), base, head, change, rooms)


def result_of(examination: Examination) -> Verification:
    return verification(examination.reports)


def is_held(examination: Examination) -> bool:
    vetoes = any(finding.severity is not Severity.NOTE for finding in examination.findings)
    return vetoes or result_of(examination) is not Verification.PASSED


async def test_node_packages_are_installed_with_what_they_build(tmp_path: Path) -> None:
    async with ground(tmp_path, NODE) as laid:
        made = laid.environment
        assert (made.problems, set(made.tools)) == ((), {"node", "npm"}), laid.blobs.kept[made.log_blob or ""]
        async with laid.workspaces.clean_room(laid.template, made, None, name="room") as room:
            assert "built.txt" in await sh(room, "ls node_modules/left-pad; git status --porcelain -uno")
        assert await laid.after("true") is None, "node_modules are nobody's change"


async def test_a_toolchain_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ground(tmp_path, {"README.md": "# Sample\n"}) as laid:
        monkeypatch.setenv("PATH", "/nonexistent")
        person = await PersonRepository.make(tmp_path / "other", {**NODE, "go.mod": GO["go.mod"], "Cargo.toml": ""})
        workspaces = laid.workspaces
        other = await lay(workspaces, LocalSource(), laid.blobs, person, tmp_path)
        found = zip(("Node.js", "Go", "Rust"), other.environment.problems, strict=True)
        assert all(name in problem for name, problem in found)


NODE_CHEATS: Mapping[str, Mapping[str, str | None]] = {
    "exit at import": {"calc.js": BROKEN["node"]["calc.js"] + "process.exit(0);\n"},
    "a deleted test": {**BROKEN["node"], "test/calc.test.js": None},
    "a skipped test": {
        **BROKEN["node"],
        "test/calc.test.js": NODE["test/calc.test.js"].replace("test('adds'", "test.skip('adds'"),
    },
    "another script": {**BROKEN["node"], "package.json": NODE["package.json"].replace("node --test", "true")},
}
GO_CHEATS: Mapping[str, Mapping[str, str | None]] = {
    "exit in init": {
        "calc.go": BROKEN["go"]["calc.go"].replace("package calc\n", 'package calc\n\nimport "os"\n')
        + "\nfunc init() {\n\tos.Exit(0)\n}\n"
    },
    "exit in TestMain": {
        **BROKEN["go"],
        "main_test.go": MAIN + "\tos.Exit(0)\n}\n",
    },
    "TestMain that forgets": {
        **BROKEN["go"],
        "main_test.go": MAIN + "\tm.Run()\n\tos.Exit(0)\n}\n",
    },
    "a deleted test": {**BROKEN["go"], "calc_test.go": None},
    "a skipped test": {
        **BROKEN["go"],
        "calc_test.go": GO["calc_test.go"].replace("T) {\n\tfor", 'T) {\n\tt.Skip("later")\n\tfor'),
    },
    "a build tag": {**BROKEN["go"], "calc_test.go": "//go:build never\n\n" + GO["calc_test.go"]},
}


async def test_changes_of_node_are_judged_by_their_tests(tmp_path: Path) -> None:
    memory = Memory()
    async with ground(tmp_path, NODE) as laid:
        green = await examine(laid, {"calc.js": NODE["calc.js"] + "exports.pi = 3;\n"}, memory)
        assert (result_of(green), green.findings) == (Verification.PASSED, ())
        assert green.reports[0].summary.startswith("2 passed in ")
        red = await examine(laid, BROKEN["node"], memory)
        assert result_of(red) is Verification.FAILED
        assert red.reports[0].tests is not None
        assert red.reports[0].tests.failed == ("test/calc.test.js::adds",)
        assert "at test/calc.test.js:6" in red.reports[0].summary
        new = await examine(
            laid,
            {"calc.js": NODE["calc.js"] + "exports.twice = (a) => 2 * a;\n", "test/twice.test.js": TWICE_JS},
            memory,
        )
        assert result_of(new) is Verification.PASSED
        assert new.reports[0].tests is not None
        assert [(one.test_id, one.fails_on_base) for one in new.reports[0].tests.new] == [
            ("test/twice.test.js::doubles", True)
        ]
        for name, edits in NODE_CHEATS.items():
            done = await examine(laid, edits, memory)
            assert is_held(done), (name, done)


@pytest.mark.acceptance
async def test_changes_of_go_are_judged_by_their_tests(tmp_path: Path) -> None:
    """In one environment, for compiling Go's own library for it is what takes its time."""
    memory = Memory()
    async with ground(tmp_path, GO) as laid:
        made = laid.environment
        assert (made.problems, set(made.tools)) == ((), {"go"}), laid.blobs.kept[made.log_blob or ""]
        async with laid.workspaces.clean_room(laid.template, made, None, name="room") as room:
            assert await sh(room, "go list -m all | wc -l; test -e /opt/env/go/build/00 && echo warm") == "2\nwarm\n"
            assert await sh(room, "touch /opt/env/go/mod/x 2>/dev/null || echo read-only") == "read-only\n"
        green = await examine(laid, {"calc.go": GO["calc.go"] + "\nconst Pi = 3\n"}, memory)
        assert (result_of(green), green.findings) == (Verification.PASSED, ())
        assert green.reports[0].summary.startswith("4 passed in ")
        red = await examine(laid, BROKEN["go"], memory)
        assert result_of(red) is Verification.FAILED
        assert red.reports[0].tests is not None
        assert "calc_test.go::TestAdd/case" in red.reports[0].tests.failed
        assert "at calc_test.go:13: wrong for 1" in red.reports[0].summary
        twice = GO["calc.go"] + "\nfunc Twice(a int) int {\n\treturn 2 * a\n}\n"
        new = await examine(laid, {"calc.go": twice, "twice_test.go": TWICE_GO}, memory)
        assert result_of(new) is Verification.PASSED
        assert new.reports[0].tests is not None
        assert [(one.test_id, one.fails_on_base) for one in new.reports[0].tests.new] == [
            ("twice_test.go::TestTwice", True)
        ]
        for name, edits in GO_CHEATS.items():
            done = await examine(laid, edits, memory)
            assert is_held(done), (name, done)


LEAVING = 'extern "C" fn leave() {\n    std::process::exit(0);\n}\n'
CARGO = RUST["Cargo.toml"]
RUST_CHEATS: Mapping[str, Mapping[str, str | None]] = {
    "a test that leaves": {
        "src/lib.rs": BROKEN["rust"]["src/lib.rs"].replace("assert_eq!(super::add(1, 2), 3);", "std::process::exit(0);")
    },
    "an exit before main": {
        "src/lib.rs": BROKEN["rust"]["src/lib.rs"]
        + LEAVING
        + '#[used]\n#[unsafe(link_section = ".init_array")]\nstatic LEAVE: extern "C" fn() = leave;\n'
    },
    "results that are printed": {
        "src/lib.rs": BROKEN["rust"]["src/lib.rs"].replace(
            "fn adds() {",
            "fn adds() {\n        use std::io::Write;\n        "
            'std::io::stdout().write_all(b"test tests::adds ... ok\\nok tests::adds\\n").unwrap();',
        )
    },
    "an ignored test": {"src/lib.rs": BROKEN["rust"]["src/lib.rs"].replace("fn adds", "#[ignore]\n    fn adds")},
    "checks of its own": {
        "src/lib.rs": RUST["src/lib.rs"].replace("a + b", "a.wrapping_add(b)"),
        "Cargo.toml": CARGO + "\n[lib]\ntest = false\ndoctest = false\n\n[profile.dev]\noverflow-checks = false\n",
        ".cargo/config.toml": '[build]\nrustc-wrapper = "true"\n\n[target.\'cfg(all())\']\nrunner = "true"\n',
    },
}


@pytest.mark.acceptance
async def test_changes_of_rust_are_judged_by_their_tests(tmp_path: Path) -> None:
    memory = Memory()
    async with ground(tmp_path, RUST) as laid:
        made = laid.environment
        log = laid.blobs.kept[made.log_blob or ""].decode()
        assert (made.problems, set(made.tools) >= {"cargo", "cc"}) == ((), True), log
        async with laid.workspaces.clean_room(laid.template, made, None, name="room") as room:
            assert await sh(room, "touch /opt/env/cargo/x 2>/dev/null || echo read-only") == "read-only\n"
            warm = (
                "find target -path '*/.fingerprint/*' -prune | sed 's/-[^-]*$//;s|.*/||' | sort -u; git status -s -uno"
            )
            assert await sh(room, warm) == "left\n", "of what is warm nothing is the tree's own"
        assert await laid.after("cargo build -q") is None, "what is built is nobody's change"
        green = await examine(laid, {"src/lib.rs": "// Sums.\n" + RUST["src/lib.rs"]}, memory)
        assert (result_of(green), green.findings) == (Verification.PASSED, ()), green.reports[0]
        assert green.reports[0].summary.startswith("5 passed, 1 skipped in ")
        red = await examine(laid, BROKEN["rust"], memory)
        assert result_of(red) is Verification.FAILED
        assert red.reports[0].tests is not None
        assert set(red.reports[0].tests.failed) == {
            "src/lib.rs::doc[add 1]", "src/lib.rs::tests::adds", "src/lib.rs::tests::overflows",
        }  # fmt: skip
        assert "at src/lib.rs:12: assertion" in red.reports[0].summary
        new = await examine(
            laid,
            {
                "src/lib.rs": RUST["src/lib.rs"] + "\npub fn twice(a: i32) -> i32 {\n    2 * a\n}\n",
                "tests/twice.rs": "#[test]\nfn twice() {\n    assert_eq!(calc::twice(2), 4);\n}\n",
            },
            memory,
        )
        assert result_of(new) is Verification.PASSED
        assert new.reports[0].tests is not None
        assert [(one.test_id, one.fails_on_base) for one in new.reports[0].tests.new] == [
            ("tests/twice.rs::twice", True)
        ]
        unbuilt = await examine(laid, {"src/lib.rs": RUST["src/lib.rs"] + "fn broken() -> u8 {}\n"}, memory)
        assert result_of(unbuilt) is Verification.FAILED
        assert "src/lib.rs" in unbuilt.reports[0].summary
        for name, edits in RUST_CHEATS.items():
            done = await examine(laid, {**RUST, ".cargo/config.toml": None, **edits}, memory)
            assert is_held(done), (name, done)
            assert name != "checks of its own" or result_of(done) is Verification.FAILED, done.reports[0]
