"""Which verifiers Node, Go and Rust have, from files alone; and what their runners' own words come to."""

import json

import pytest

from honk.verifier import Command, Plan
from honk.verifier.compare import function_of
from honk.verifier.detect import Setting, detect, needed
from honk.verifier.ecosystems import Asked, cargo, go, node, table
from honk.verifier.ecosystems.node_scripts import invocation_of, read_script
from honk.verifier.results import TestOutcome, Told

TOOLS = {
    "node": "/n/node", "npm": "/n/npm", "go": "/g/go", "cargo": "/c/cargo", "cargo-clippy": "/c/cargo-clippy",
}  # fmt: skip


def plan_for(files: dict[str, str]) -> Plan:
    paths = tuple(sorted(files))
    return detect(paths, {path: files[path].encode() for path in needed(paths)}, Setting(tools=TOOLS))


def package(test: str | None = None, **more: object) -> dict[str, str]:
    scripts = more.pop("scripts", {})
    assert isinstance(scripts, dict)
    return {"package.json": json.dumps({"scripts": {**scripts, **({"test": test} if test else {})}, **more})}


@pytest.mark.parametrize(
    ("script", "argv"),
    [
        ("jest", ("/n/node", "jest")),
        ("jest --coverage --config ci.js -w 2", ("/n/node", "jest", "--config", "ci.js", "-w", "2")),
        (
            "NODE_ENV=test npx mocha -r ts-node/register test/*.ts",
            ("env", "NODE_ENV=test", "/n/node", "mocha", "-r", "ts-node/register", "test/*.ts"),
        ),
        (
            "cross-env A=1 c8 --100 node --import tsx --test test/",
            ("env", "A=1", "/n/node", "--import", "tsx", "node:test", "test/"),
        ),
        ("vitest run --dir lib", ("/n/node", "vitest", "--dir", "lib")),
        ("node --experimental-vm-modules node_modules/jest/bin/jest", ("/n/node", "--experimental-vm-modules", "jest")),
        ("standard && nyc mocha --reporter spec --exit", ("/n/node", "mocha", "--exit")),
    ],
)  # fmt: skip
def test_the_base_s_own_script_says_which_runner_and_how(script: str, argv: tuple[str, ...]) -> None:
    command = plan_for(package(script)).commands[0]
    assert (command.argv, command.chosen_by) == (argv, "package.json [scripts.test]")
    assert command.runner == next(word for word in argv if word in table.RUNNERS)


def test_scripts_that_a_script_calls_are_followed_and_linters_left_out() -> None:
    scripts = {
        "pretest": "npm run lint && npm run build", "lint": "eslint .", "build": "tsc -p .", "test": "npm run -s unit",
        "unit": "mocha && node extra.js", "posttest": "npm audit",
    }  # fmt: skip
    found = read_script(scripts)
    assert (found.before, [one.runner for one in found.runners], found.others) == (
        ("tsc -p .",), ["mocha"], ("node extra.js",),
    )  # fmt: skip
    plan = plan_for(package(scripts=scripts))
    assert [(command.name, command.runner) for command in plan.commands] == [
        ("mocha", "mocha"),
        ("node extra.js", None),
    ]
    assert plan.commands[0].prepare[0].endswith("; tsc -p .")
    assert read_script({"test": "npm test"}).before == (), "a script that calls itself ends"


def test_what_is_joined_in_any_other_way_is_one_line() -> None:
    for line in ("jest | tee log", "jest || true", "jest; true", "jest > log", "jest $ONLY", "jest & wait"):
        assert invocation_of(line) is None
        assert read_script({"test": line}).before == (line,)
    assert read_script({"test": "mocha '&& x'"}).runners[0].words == ("&& x",)


def test_a_build_that_the_tests_need_is_the_change_s_own() -> None:
    built = package("jest", main="dist/index.js", scripts={"build": "tsc"})
    assert plan_for({**built, "src/index.ts": ""}).commands[0].prepare[0].endswith("; tsc")
    assert plan_for({**built, "dist/index.js": ""}).commands[0].prepare == ()


def test_a_runner_that_is_none_of_ours_is_run_as_it_is() -> None:
    [command] = plan_for(package("tape test/*.js", scripts={"posttest": "aud --production"})).commands
    assert (command.name, command.runner) == ("npm test", None)
    assert command.argv[-1].endswith("; tape test/*.js")


def test_without_a_script_the_installed_runner_or_the_tests_decide() -> None:
    assert plan_for({**package(devDependencies={"vitest": "1"}), "a.test.ts": ""}).commands[0].runner == "vitest"
    found = plan_for({**package(), "a.test.js": "import test from 'node:test'\n"}).commands[0]
    assert (found.runner, found.chosen_by) == ("node:test", "a.test.js")
    assert plan_for(package()).commands == ()


def test_what_the_configuration_loads_is_guarded() -> None:
    files = {
        **package("mocha -r ./test/hook.js", jest={"setupFiles": ["<rootDir>/test/setup.ts"]}),
        ".mocharc.yml": "require: test/other\n",
        **dict.fromkeys(("test/hook.js", "test/setup.ts", "test/other.js", "src/a.js"), ""),
    }  # fmt: skip
    assert plan_for(files).commands[0].guarded == ("test/hook.js", "test/other.js", "test/setup.ts")


def test_linters_count_where_they_are_configured_and_installed() -> None:
    files = {
        **package("jest", devDependencies={"typescript": "5", "eslint": "9"}),
        "tsconfig.json": "{}",
        "eslint.config.js": "",
    }
    assert [command.name for command in plan_for(files).commands] == ["jest", "tsc", "eslint"]
    assert [command.name for command in plan_for({**package("jest"), "tsconfig.json": "{}"}).commands] == ["jest"]


def test_check_keys_of_a_manifest_are_the_base_s_and_the_rest_the_change_s() -> None:
    before = json.dumps({"scripts": {"test": "jest"}, "version": "1"}).encode()
    after = json.dumps({"scripts": {"test": "true"}, "jest": {"testMatch": []}, "version": "2"}).encode()
    assert json.loads(node.mend("package.json", before, after) or b"") == {"scripts": {"test": "jest"}, "version": "2"}
    assert node.mend("package.json", before, b"{") == before
    same = json.dumps({"version": "2", "scripts": {"test": "jest"}}).encode()
    assert node.mend("package.json", before, same) == same


def test_node_s_test_and_check_files_are_told_apart() -> None:
    tests = ("a.test.js", "b.spec.ts", "test/c.js", "x/__tests__/d.tsx", "test-e.mjs", "f_test.cjs")
    assert all(node.is_test_file(path) for path in tests)
    assert not any(
        node.is_test_file(path) for path in ("latest.js", "src/contest.ts", "node_modules/a/test/b.js", "a.d.ts")
    )
    checks = ("jest.config.ts", ".mocharc.yml", ".eslintrc.json", "a/vitest.config.mts", "tsconfig.json")
    assert all(node.is_check_file(path) for path in checks)
    assert not node.is_check_file("babel.config.js")


def test_go_is_tested_and_vetted_where_it_has_tests() -> None:
    plan = plan_for({"go.mod": "module a\n", "a_test.go": ""})
    assert [(command.name, command.runner) for command in plan.commands] == [("go test", "go test"), ("go vet", None)]
    assert plan_for({"go.mod": "module a\n", "vendor/x/a_test.go": "", "testdata/b_test.go": ""}).commands == ()


def events(*told: dict[str, str]) -> bytes:
    lines = ["N package ex/a /w", "N package ex/a/sub /w/sub", "N root /w", "N function ./a_test.go:func TestA",
             "N function ./sub/b_test.go:func TestB", "noise"]  # fmt: skip
    return "\n".join([*lines, *(json.dumps(event) for event in told)]).encode()


def test_go_s_events_become_tests_by_file() -> None:
    told = go.read(
        events(
            {"Action": "pass", "Package": "ex/a", "Test": "TestA/case_one"},
            {"Action": "pass", "Package": "ex/a", "Test": "TestA"},
            {"Action": "pass", "Package": "ex/a"},
            {"Action": "output", "Package": "ex/a/sub", "Test": "TestB", "Output": "    b_test.go:7: want 1\n"},
            {"Action": "fail", "Package": "ex/a/sub", "Test": "TestB"},
            {"Action": "fail", "Package": "ex/a/sub"},
        ),
        "N",
    )
    assert [(test.test_id, test.outcome) for test in told.tests] == [
        ("a_test.go::TestA/case_one", TestOutcome.PASSED),
        ("a_test.go::TestA", TestOutcome.PASSED),
        ("sub/b_test.go::TestB", TestOutcome.FAILED),
    ]
    assert (told.tests[2].where, told.tests[2].message) == ("sub/b_test.go:7", "want 1")
    assert told.end == 1
    assert b"want 1" in told.log


def test_a_package_of_go_that_fails_beside_its_tests_is_a_file_that_did_not_load() -> None:
    told = go.read(
        events({"Action": "pass", "Package": "ex/a", "Test": "TestA"}, {"Action": "fail", "Package": "ex/a"}), "N"
    )
    assert [(test.test_id, test.is_collection) for test in told.tests] == [("a_test.go::TestA", False), (".", True)]
    assert go.read(events(), "N").end is None, "nothing came to an end"


def test_a_run_of_go_is_narrowed_to_packages() -> None:
    command = Command(name="go test", argv=("go", "test", "-json", "./..."), chosen_by="go.mod", is_required=True)
    start = go.start(command, go.Asked(nonce="N", only=("a_test.go", "sub/b_test.go", "sub/c_test.go")))
    assert start.argv[-3:] == ("-json", "./.", "./sub")


def test_what_a_function_s_parameters_are_depends_on_the_language() -> None:
    assert function_of("a_test.go::TestA/case_one") == "a_test.go::TestA"
    assert function_of("test_a.py::test_a[1/2]") == "test_a.py::test_a"
    assert function_of("a.test.js::list > takes [1] and a/b") == "a.test.js::list > takes [1] and a/b"


CRATE = '[package]\nname = "a"\nversion = "0.1.0"\n'


def test_crates_are_tested_offline_and_as_the_lock_file_has_them() -> None:
    [command] = plan_for({"Cargo.toml": CRATE, "src/lib.rs": ""}).commands
    assert (command.argv, command.runner) == (("/c/cargo", "test", "--offline", "--locked"), "cargo test")
    [command] = plan_for({"Cargo.toml": "[workspace]\n"}).commands
    assert command.argv[-1] == "--workspace"
    assert plan_for({"tool/Cargo.toml": CRATE}).commands == ()
    bindings = {"Cargo.toml": CRATE + '[dependencies]\npyo3 = "0.22"\n', "pyproject.toml": ""}
    assert plan_for(bindings).commands == ()


def test_clippy_and_rustfmt_count_where_something_names_them_and_they_are_installed() -> None:
    ci = {".github/workflows/ci.yml": "run: cargo +stable clippy --all -- -Dwarnings\nrun: cargo fmt --check\n"}
    [_, clippy] = plan_for({"Cargo.toml": CRATE, **ci}).commands
    assert clippy.argv[-3:] == ("--", "-D", "warnings")
    assert clippy.chosen_by == ".github/workflows/ci.yml"
    [_, clippy] = plan_for({"Cargo.toml": CRATE, "clippy.toml": ""}).commands
    assert (clippy.name, clippy.argv[1:]) == ("cargo clippy", ("clippy", "--offline", "--locked"))
    assert len(plan_for({"Cargo.toml": CRATE, "rustfmt.toml": ""}).commands) == 1, "cargo-fmt is not installed here"


def test_a_harness_of_its_own_is_missing_by_name() -> None:
    targets = '[[test]]\nname = "ui"\nharness = false\n[[test]]\nname = "off"\nharness = false\ntest = false\n'
    plan = plan_for({"Cargo.toml": CRATE + targets, "b/Cargo.toml": "[lib]\nharness = false\n"})
    assert [lack.partition(" (")[0] for lack in plan.missing] == ["results of ui", "results of the library"]


LISTED = '{ "type": "test", "event": "discovered", "name": "%s", "source_path": "%s" }'
BINARY = (
    "binary /t/a-1",
    "listed " + LISTED % ("tests::good", "src/lib.rs"),
    "listed " + LISTED % ("b::bad", "src/b.rs"),
    "listed " + LISTED % ("b::slow", "src/b.rs"),
)


def told_by_cargo(*lines: str, end: int | None = 0) -> Told:
    ends = [] if end is None else [f"end {end}"]
    return cargo.read("".join(f"n {line}\n" for line in (*lines, *ends)).encode(), "n")


def test_what_libtest_lists_and_logs_is_what_is_told() -> None:
    told = told_by_cargo(
        *BINARY,
        "result ok tests::good",
        "result ignored: takes ok b::bad long b::slow",
        "result failed b::bad",
        "result ok nobody::listed",
        "left 101",
        "out ---- b::bad stdout ----",
        "out ",
        "out thread 'b::bad' (7) panicked at src/b.rs:21:20:",
        "out assertion `left == right` failed",
        "out   left: 1",
        "out  right: 2",
        end=1,
    )
    assert told.end == 1
    assert {test.test_id: test.outcome for test in told.tests} == {
        "src/lib.rs::tests::good": TestOutcome.PASSED,
        "src/b.rs::b::slow": TestOutcome.SKIPPED,
        "src/b.rs::b::bad": TestOutcome.FAILED,
    }
    [bad] = [test for test in told.tests if test.outcome is TestOutcome.FAILED]
    assert (bad.where, bad.message) == ("src/b.rs:21", "assertion `left == right` failed left: 1 right: 2")


@pytest.mark.parametrize(
    "lines",
    [
        ("result ok tests::good", "result ok b::bad", "left 0"),
        ("result ok tests::good", "result ok b::bad", "result ok b::slow"),
        ("left 0",),
    ],
    ids=["a test without an end", "a binary that never left", "nothing at all"],
)
def test_a_binary_that_leaves_before_all_in_its_list_has_not_ended(lines: tuple[str, ...]) -> None:
    assert told_by_cargo(*BINARY, *lines).end is None


def test_a_test_told_twice_keeps_its_failure() -> None:
    results = ("result ok b::bad", "result failed b::bad", "result ok b::bad", "result ok tests::good")
    told = told_by_cargo(*BINARY, *results, "result ok b::slow", "left 0")
    assert {test.test_id for test in told.tests if test.outcome is TestOutcome.FAILED} == {"src/b.rs::b::bad"}


def test_without_the_nonce_cargo_told_nothing() -> None:
    forged = b"binary x\nend 0\nm end 0\nn\nn end\nn end x\n\xff\xfe\x00"
    assert (cargo.read(forged, "n").tests, cargo.read(forged, "n").end) == ((), None)


def test_doctests_are_numbered_item_by_item_for_their_lines_move() -> None:
    told = told_by_cargo(
        "binary doctests",
        "result ok src/lib.rs - add (line 11)",
        "result failed src/lib.rs - add (line 5)",
        "result ok src/lib.rs - (line 1)",
        "result ignored src/lib.rs - Of<T>::sub (line 30)",
        "left 101",
        end=1,
    )
    assert {test.test_id: test.outcome.value for test in told.tests} == {
        "src/lib.rs::doc[ 1]": "passed",
        "src/lib.rs::doc[add 1]": "failed",
        "src/lib.rs::doc[add 2]": "passed",
        "src/lib.rs::doc[Of<T>::sub 1]": "skipped",
    }


def test_what_does_not_compile_is_a_file_that_did_not_load() -> None:
    error = {
        "reason": "compiler-message",
        "message": {
            "level": "error", "message": "mismatched types", "rendered": "error[E0308]: mismatched types\n",
            "spans": [{"is_primary": True, "file_name": "src/lib.rs", "line_start": 3}],
        },
    }  # fmt: skip
    told = told_by_cargo(f"built {json.dumps(error)}", "built [", end=1)
    [test] = told.tests
    assert (test.test_id, test.where, test.is_collection) == ("src/lib.rs", "src/lib.rs:3", True)
    assert (told.end, told.log) == (1, b"error[E0308]: mismatched types\n")


def test_tests_of_rust_are_one_function_whatever_module_they_stand_in() -> None:
    assert function_of("src/a.rs::a::tests::adds") == function_of("src/a.rs::b::adds") == "src/a.rs::adds"
    assert function_of("src/a.rs::doc[Of::add 2]") == "src/a.rs::doc"


@pytest.mark.parametrize(
    ("path", "is_check"),
    [
        (".cargo/config.toml", True), (".cargo/config", True), ("a/.cargo/config.toml", True), ("clippy.toml", True),
        ("rust-toolchain.toml", True), ("rust-toolchain", True), (".rustfmt.toml", True), ("config.toml", False),
        ("src/clippy.toml.rs", False),
    ],
)  # fmt: skip
def test_check_files_of_rust_are_put_back_whole(path: str, is_check: bool) -> None:
    assert table.is_check_file(path) is is_check


def test_test_files_of_rust_hold_nothing_but_tests() -> None:
    known = ("tests/a.rs", "crates/x/tests/common/mod.rs", "src/tests.rs", "src/a/test.rs", "src/a_tests.rs")
    assert all(table.is_test_file(path) for path in known)
    others = ("src/lib.rs", "build.rs", "vendor/x/tests/a.rs", "src/latest.rs")
    assert not any(table.is_test_file(path) for path in others)


@pytest.mark.parametrize(
    ("only", "doctests"),
    [((), "yes"), (("src/lib.rs",), "yes"), (("tests/a.rs", "src/b.rs"), "yes"), (("tests/a.rs",), "no")],
)
def test_examples_are_run_again_with_the_file_they_stand_in(only: tuple[str, ...], doctests: str) -> None:
    [command] = plan_for({"Cargo.toml": CRATE}).commands
    start = cargo.start(command, Asked(nonce="secret", only=only))
    assert (start.env["HONK_DOCTESTS"], start.stdin) == (doctests, b"secret\n")
    assert not any("secret" in word for word in (*start.argv, *start.env.values()))
    assert start.argv[-3:] == ("/c/cargo", "--offline", "--locked")
